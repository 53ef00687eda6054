"""`kedro airflow image`: the image in which containers run the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.images import Context
    from kedro_aloft.project import Project


@click.group()
def image() -> None:
    """Make the image in which Airflow runs the nodes.

    \b
    Example:
      kedro airflow image build --push --tag=registry.example.org/shop
    """


@image.command()
@click.option("--tag", default=None, metavar="NAME[:TAG]", help="Name of the image; without a tag: one of its content.")
@click.option("--push", is_flag=True, help="Push it, and pin its digest.")
@click.option("--base-image", default=None, metavar="IMAGE", help="Build on another image than python:X.Y-slim.")
@click.option("--build-option", "build_options", multiple=True, metavar="OPTION", help="An option of `docker build`.")
@click.option("--context", "context_folder", default=None, metavar="DIR", help="Write the build context and stop.")
@click.option("--no-test", is_flag=True, help="Do not try the image.")
@click.option("-e", "--env", default=None, metavar="ENV", help="Kedro environment whose airflow.yml names the image.")
@click.option("--json", "as_json", is_flag=True, help="Print the image as JSON.")
@command_errors
def build(
    tag: str | None,
    push: bool,
    base_image: str | None,
    build_options: tuple[str, ...],
    context_folder: str | None,
    no_test: bool,
    env: str | None,
    as_json: bool,
) -> None:
    """Build the image of this project.

    It has the libraries of the project's lock, its code and its configuration without conf/local; never data, history
    or secrets. The tag is made of the content. `image: built` in airflow.yml names the image that was built last.

    \b
    Examples:
      kedro airflow image build
      kedro airflow image build --push --tag=registry.example.org/shop
    """
    from pathlib import Path

    from kedro_aloft.cli.console import count, ok
    from kedro_aloft.images import collect_context, write_context, write_dockerfile
    from kedro_aloft.images.context import DOCKERFILE
    from kedro_aloft.project import open_project

    project = open_project(env=env)
    dockerfile, is_new = write_dockerfile(project.path)
    if is_new:
        ok(f"wrote {DOCKERFILE}, which is yours to edit")
    context = collect_context(project.path, dockerfile=dockerfile)
    if context_folder is not None:
        write_context(context, Path(context_folder))
        files = len(context.files) + len(context.texts)
        ok(f"wrote the context to {context_folder}: {count(files, 'file')}, content {context.tag}")
        return
    full_tag = _full_tag(tag, context, project)
    options = [*(["--build-arg", f"BASE={base_image}"] if base_image else []), *build_options]
    _build(project, context, full_tag, options=options, push=push, test=not no_test, as_json=as_json)


def _full_tag(tag: str | None, context: Context, project: Project) -> str:
    from kedro_aloft.images.build import repository_of
    from kedro_aloft.settings import BUILT_IMAGE, read_settings

    if tag is None:
        config, source = project.airflow_config()
        settings, _ = read_settings(config, pipeline="__default__", pipelines=tuple(project.pipelines), source=source)
        named = settings.image
        tag = project.package.replace("_", "-") if named in (None, BUILT_IMAGE) else repository_of(str(named))
    return tag if ":" in tag.rpartition("/")[2] else f"{tag}:{context.tag}"


def _build(
    project: Project, context: Context, tag: str, *, options: list[str], push: bool, test: bool, as_json: bool
) -> None:
    from kedro_aloft.cli.console import count, ok, stdout
    from kedro_aloft.images import BuiltImage, Engine, build_image, push_image, smoke_test, write_built
    from kedro_aloft.images.build import refuse_mutable
    from kedro_aloft.images.dockerfile import REVISION

    if push:
        refuse_mutable(tag)
    engine = Engine.find()
    labels = _labels(project, context, tag)
    revision = ("--build-arg", f"{REVISION}={labels['org.opencontainers.image.revision']}")
    build_image(context, engine, tag=tag, labels=labels, options=[*revision, *options])
    ok(f"built {tag}")
    if test:
        ok(f"tried it: {count(len(smoke_test(engine, tag)), 'pipeline')} registered in the image")
    reference = push_image(engine, tag) if push else tag
    write_built(project.path, BuiltImage(reference=reference, tag=tag, content=context.tag))
    if push:
        ok(f"pushed {reference}")
    if as_json:
        stdout().print_json(data={"image": reference, "tag": tag, "content": context.tag})
    else:
        ok("`image: built` in airflow.yml, or `--set image=built`, now means this image")


def _labels(project: Project, context: Context, tag: str) -> dict[str, Any]:
    """What an image tells of itself."""
    from kedro_aloft import __version__
    from kedro_aloft.compiler import Order, compile_project

    order = Order(overrides={"image": tag})
    plans = {f"dev.kedro-aloft.plan.{dag.plan.pipeline}": dag.plan.hash for dag in compile_project(project, order)}
    return {
        "org.opencontainers.image.title": project.package,
        "org.opencontainers.image.revision": _revision(project.path),
        "dev.kedro-aloft.content": context.tag,
        "dev.kedro-aloft.version": __version__,
        **plans,
    }


def _revision(path: Path) -> str:
    """The commit of the project, `-dirty` when files differ from it; empty outside of a repository."""
    import subprocess

    words = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(words, cwd=path, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
