"""Everything that a project may configure holds in a task as it does in `kedro run`."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Worker
    from support.projects import ProjectBuilder

FUNCTIONS = "def start(x): note(f'start {x}'); return x\ndef end(x): note(f'end {x}'); return x"
NODES = "node(start, 'params:x', 'middle', name='start'), node(end, 'middle', 'last', name='end')"


def simple(builder: ProjectBuilder) -> ProjectBuilder:
    return builder.functions(FUNCTIONS).pipeline("__default__", NODES).parameters(x=1)


# --- hooks

EVERY_HOOK = """
    from kedro.framework.hooks import hook_impl
    from {package}.functions import note

    class ProjectHooks:
        @hook_impl
        def after_context_created(self, context): note(f"context {{context.env}}", "hooks.txt")

        @hook_impl
        def after_catalog_created(self, catalog, save_version): note("catalog", "hooks.txt")

        @hook_impl
        def before_pipeline_run(self, run_params, pipeline): note(f"before {{len(pipeline.nodes)}}", "hooks.txt")

        @hook_impl
        def before_node_run(self, node, inputs):
            note(f"node {{node.name}}", "hooks.txt")
            if node.name == "end":
                return {{"middle": 99}}

        @hook_impl
        def after_node_run(self, node, outputs): note(f"done {{node.name}} {{sorted(outputs.values())}}", "hooks.txt")

        @hook_impl
        def on_node_error(self, error, node): note(f"error {{node.name}}", "hooks.txt")

        @hook_impl
        def on_pipeline_error(self, error): note(f"failed {{error}}", "hooks.txt")

        @hook_impl
        def after_pipeline_run(self): note("after", "hooks.txt")
"""


def test_every_hook_of_the_project_fires_and_may_change_inputs(worker: Worker, builder: ProjectBuilder) -> None:
    project = simple(builder).hooks(EVERY_HOOK.format(package=builder.package)).build()
    worker.task(project, "start", "end").ok()
    ours = project.notes("hooks.txt")
    (project.path / "hooks.txt").unlink()
    assert worker.kedro(project, "run").code == 0
    assert ours == project.notes("hooks.txt")
    assert ours[-3:] == ["node end", "done end [99]", "after"]
    assert project.notes() == ["start 1", "end 99"] * 2


def test_error_hooks_fire_and_the_error_stays(worker: Worker, builder: ProjectBuilder) -> None:
    builder.functions("def bad(x): raise ValueError('no')").pipeline(
        "__default__", "node(bad, 'params:x', 'y', name='bad')"
    )
    project = builder.parameters(x=1).hooks(EVERY_HOOK.format(package=builder.package)).build()
    assert worker.task(project, "bad").failure().message == "no"
    assert project.notes("hooks.txt")[-2:] == ["error bad", "failed no"]


ADDS = """
    from kedro.framework.hooks import hook_impl
    from kedro.io import MemoryDataset
    from kedro_datasets.text import TextDataset

    class ProjectHooks:
        @hook_impl
        def {hook}(self, catalog):
            catalog["found"] = MemoryDataset("from a hook")
            catalog["kept"] = TextDataset(filepath="data/kept.txt")
"""


@pytest.mark.parametrize("hook", ["after_catalog_created", "before_pipeline_run"])
def test_datasets_that_a_hook_adds_are_used_and_not_handed_over(
    worker: Worker, builder: ProjectBuilder, hook: str
) -> None:
    project = (
        builder.functions("def use(x): return x\ndef read(x): note(x); return x")
        .pipeline("__default__", "node(use, 'found', 'kept', name='use'), node(read, 'kept', 'out', name='read')")
        .hooks(ADDS.format(hook=hook))
        .build()
    )
    # A plan that cannot know of the hook hands `kept` over.
    worker.task(project, "use", gives=["kept"]).ok()
    worker.task(project, "read", takes=["kept"]).ok()
    assert project.notes() == ["from a hook"]
    assert (project.path / "data/kept.txt").read_text() == "from a hook"
    assert not project.handoff.exists()


# --- plugins


def plugin(tmp_path: Path, name: str, source: str) -> dict[str, str]:
    """Install a distribution with Kedro hooks where only our processes find it."""
    site = tmp_path / "site"
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    module = f"{name.replace('-', '_')}_plugin"
    (info / "entry_points.txt").write_text(f"[kedro.hooks]\n{name}-hooks = {module}:hooks\n")
    (site / f"{module}.py").write_text(textwrap.dedent(source))
    return {"PYTHONPATH": str(site)}


HARMLESS = """
    from kedro.framework.hooks import hook_impl

    class Hooks:
        @hook_impl
        def before_pipeline_run(self): print("plugin at work", flush=True)

    hooks = Hooks()
"""
BLOCKING = "import pathlib, threading; print('plugin imported', flush=True); threading.Event().wait()"
RAISING = "raise RuntimeError('this plugin is broken')"


def test_hooks_of_plugins_work(worker: Worker, builder: ProjectBuilder, tmp_path: Path) -> None:
    project = simple(builder).build()
    assert "plugin at work" in worker.alone(project, plugin(tmp_path, "harmless", HARMLESS))


@pytest.mark.parametrize("runner", ["SequentialRunner", "ParallelRunner"])
@pytest.mark.parametrize("source", [BLOCKING, RAISING, HARMLESS], ids=["blocking", "raising", "harmless"])
def test_a_skipped_plugin_is_not_even_imported(
    worker: Worker, builder: ProjectBuilder, tmp_path: Path, source: str, runner: str
) -> None:
    project = simple(builder).build()
    text = worker.alone(project, plugin(tmp_path, "Kedro-Tele.metry", source), "kedro_tele-metry", runner=runner)
    assert "plugin" not in text
    assert project.notes() == ["start 1"]


def test_a_broken_plugin_that_is_not_skipped_fails_as_in_kedro_run(
    worker: Worker, builder: ProjectBuilder, tmp_path: Path
) -> None:
    project = simple(builder).build()
    assert worker.alone(project, plugin(tmp_path, "broken", RAISING), "other") == "failed: this plugin is broken"


# --- classes of the project

SESSION = """
    from kedro.framework.session import {base}
    from {package}.functions import note

    class Session({base}):
        def run(self, *args, **kwargs):
            note("own session")
            return super().run(*args, **kwargs)
"""


@pytest.mark.parametrize("base", ["KedroSession", "KedroServiceSession"])
def test_the_projects_own_session_class_is_used(worker: Worker, builder: ProjectBuilder, base: str) -> None:
    import kedro.framework.project
    import kedro.framework.session

    if "SESSION_CLASS" not in Path(kedro.framework.project.__file__).read_text() or not hasattr(
        kedro.framework.session, base
    ):
        pytest.skip("this Kedro has no such session class")
    project = (
        simple(builder)
        .file(f"src/{builder.package}/session.py", SESSION.format(base=base, package=builder.package))
        .settings(f"from {builder.package}.session import Session\nSESSION_CLASS = Session\n")
        .pickles("last", versioned=True)
        .build()
    )
    worker.task(project, "start", gives=["middle"], runtime_params={"x": 5}).ok()
    worker.task(project, "end", takes=["middle"], versioned=["last"]).ok()
    assert project.notes() == ["own session", "start 5", "own session", "end 5"]
    assert [path.name for path in (project.path / "data/last.pkl").iterdir()] == ["2026-01-02T03.04.05.678Z-0123abcd"]


def test_the_projects_own_context_catalog_and_config_loader_are_used(worker: Worker, builder: ProjectBuilder) -> None:
    source = f"""
        from kedro.config import OmegaConfigLoader
        from kedro.framework.context import KedroContext
        from kedro.io import DataCatalog
        from {builder.package}.functions import note

        class Context(KedroContext):
            @property
            def params(self): return {{**super().params, "x": 7}}

        class Catalog(DataCatalog):
            def save(self, name, data): note(f"catalog {{name}}"); super().save(name, data)

        class Loader(OmegaConfigLoader):
            def __init__(self, *args, **kwargs): note("loader"); super().__init__(*args, **kwargs)
    """
    project = (
        simple(builder)
        .file(f"src/{builder.package}/own.py", source)
        .settings(
            f"from {builder.package}.own import Catalog, Context, Loader\n"
            "CONTEXT_CLASS, DATA_CATALOG_CLASS, CONFIG_LOADER_CLASS = Context, Catalog, Loader\n"
        )
        .build()
    )
    worker.task(project, "start").ok()
    ours = project.notes()
    (project.path / "notes.txt").unlink()
    assert worker.kedro(project, "run", "--nodes=start").code == 0
    assert ours == project.notes()
    assert {"loader", "start 7", "catalog middle"} <= set(ours)


# --- parameters and environments


@pytest.mark.parametrize(
    ("params", "seen"),
    [
        ({}, {"x": 1, "model": {"depth": 2, "name": "tree"}}),
        ({"x": 2.5}, {"x": 2.5, "model": {"depth": 2, "name": "tree"}}),
        ({"model": {"depth": 9}}, {"x": 1, "model": {"depth": 9, "name": "tree"}}),
        (
            {"new": [1, {"a": None}], "x": True},
            {"x": True, "model": {"depth": 2, "name": "tree"}, "new": [1, {"a": None}]},
        ),
    ],
)
def test_runtime_parameters_change_what_they_name(
    worker: Worker, builder: ProjectBuilder, params: dict, seen: dict
) -> None:
    project = (
        builder.functions("import json\ndef tell(p): note(json.dumps(p))")
        .pipeline("__default__", "node(tell, 'parameters', None, name='tell')")
        .parameters(x=1, model={"depth": 2, "name": "tree"})
        .build()
    )
    worker.task(project, "tell", runtime_params=params).ok()
    assert json.loads(project.notes()[0]) == seen


def test_runtime_parameters_reach_the_configuration(worker: Worker, builder: ProjectBuilder) -> None:
    project = (
        simple(builder)
        .catalog('last: {type: text.TextDataset, filepath: "data/${runtime_params:place, none}.txt"}')
        .build()
    )
    worker.task(project, "start", gives=["middle"], runtime_params={"x": "text"}).ok()
    worker.task(project, "end", takes=["middle"], runtime_params={"place": "there"}).ok()
    assert (project.path / "data/there.txt").read_text() == "text"


@pytest.mark.parametrize("how", ["request", "KEDRO_ENV", "none"])
def test_environments(worker: Worker, builder: ProjectBuilder, how: str) -> None:
    project = simple(builder).file("conf/prod/parameters.yml", "x: from prod").build()
    env_vars = {"KEDRO_ENV": "prod"} if how == "KEDRO_ENV" else {}
    worker.task(project, "start", env="prod" if how == "request" else None, env_vars=env_vars).ok()
    assert project.notes() == ["start 1" if how == "none" else "start from prod"]


@pytest.mark.parametrize("kind", ["directory", "archive", "relative"])
def test_a_configuration_from_elsewhere(worker: Worker, builder: ProjectBuilder, tmp_path: Path, kind: str) -> None:
    project = simple(builder).build()
    place = project.path / "other" if kind == "relative" else tmp_path / "other"
    for folder in ("base", "local"):
        (place / folder).mkdir(parents=True)
    (place / "base/parameters.yml").write_text("x: elsewhere")
    (place / "base/catalog.yml").write_text("{}")
    source = "other" if kind == "relative" else str(place)
    if kind == "archive":
        import tarfile

        source = str(tmp_path / "conf.tar.gz")
        with tarfile.open(source, "w:gz") as archive:
            archive.add(place, arcname="conf")
    worker.task(project, "start", conf_source=source).ok()
    assert project.notes() == ["start elsewhere"]


def test_secrets_from_the_environment_reach_credentials(worker: Worker, builder: ProjectBuilder) -> None:
    project = (
        simple(builder)
        .catalog("middle: {type: pickle.PickleDataset, filepath: 'memory://secret', credentials: place}")
        .file("conf/local/credentials.yml", "place: {token: '${oc.env:THE_TOKEN}'}")
        .build()
    )
    worker.task(project, "start", env_vars={"THE_TOKEN": "t0p"}).ok()
    failure = worker.task(project, "start").failure()
    assert failure.deterministic
    assert "THE_TOKEN" in failure.message


def test_a_project_that_is_installed_and_has_no_source_here(worker: Worker, builder: ProjectBuilder) -> None:
    project = simple(builder).build()
    (project.path / "pyproject.toml").unlink()
    env = {"PYTHONPATH": str(project.path / "src")}
    assert "failed" not in worker.alone(project, env)
    assert project.notes() == ["start 1"]
