"""What containers need from their engine, through its command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedro_aloft.doctor.check import bad, ok, unknown
from kedro_aloft.errors import ImageError
from kedro_aloft.images.build import Engine
from kedro_aloft.preflight.answers import answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kedro_aloft.doctor.check import Answer, Result
    from kedro_aloft.preflight.wanted import EngineWanted

_ABSENT = re.compile(r"no such manifest|manifest unknown|name unknown|not found", re.IGNORECASE)
_LOOPBACK = ("127.", "localhost:")
_REMOTE = ("tcp://", "ssh://", "http://", "https://")


def look_at_engine(wanted: EngineWanted) -> tuple[Answer, ...]:
    """Return whether an engine has what the containers need; of one that does not answer, that."""
    host = ("--host", wanted.url) if wanted.url else ()
    try:
        engine = Engine.find()
        version = engine.run(*host, "version", "--format", "{{.Server.Version}}", what="Asking the engine").strip()
    except ImageError as error:
        remedy = error.remedy or "start it, and see that this user may use it: `docker info`"
        return (answer("engine", f"Engine {wanted.url or 'of this machine'}", bad(_words(error), remedy)),)
    return (
        answer("engine", f"Engine {wanted.url or 'of this machine'}", ok(f"answers, version {version}")),
        *(answer("image", f"Image {one}", _judge_image(engine, host, one)) for one in sorted(wanted.images)),
        *(answer("mount", f"Folder {one}", _judge_folder(one, wanted.url)) for one in sorted(wanted.folders)),
        *_networks(engine, host, wanted),
    )


def judge_reference(engine: Engine, image: str) -> Result:
    """Return whether a registry has an image, as far as this machine may ask it."""
    # As engines do, which take any certificate of a registry on this machine.
    insecure = ("--insecure",) if image.startswith(_LOOPBACK) else ()
    try:
        engine.run("manifest", "inspect", *insecure, image, what="Asking the registry")
    except ImageError as error:
        said = _words(error)
        if _ABSENT.search(said):
            return bad(f"its registry does not have it: {said}", "kedro airflow image build --push, or correct `image`")
        return unknown(f"its registry does not tell: {said}", "log in to the registry and ask again")
    return ok("its registry has it")


def _judge_image(engine: Engine, host: tuple[str, ...], image: str) -> Result:
    try:
        engine.run(*host, "image", "inspect", "--format", "{{.Id}}", image, what="Looking at the image")
    except ImageError:
        return judge_reference(engine, image)
    return ok("the engine has it")


def _judge_folder(folder: Path, url: str | None) -> Result:
    if url and url.startswith(_REMOTE):
        return unknown("the engine is another machine's, which has folders of its own")
    if folder.exists():
        return ok("is there")
    return bad("is not there", f"mkdir -p {folder}, or correct `docker: {{mounts: …}}` in airflow.yml")


def _networks(engine: Engine, host: tuple[str, ...], wanted: EngineWanted) -> Iterator[Answer]:
    for name in sorted(wanted.networks):
        told = ok("is there")
        if not name.startswith("container:"):
            try:
                engine.run(*host, "network", "inspect", "--format", "{{.Id}}", name, what="Looking at the network")
            except ImageError as error:
                told = bad(_words(error), f"docker network create {name}")
        yield answer("network", f"Network {name}", told)


def _words(error: ImageError) -> str:
    """The last thing that the engine said, in one line."""
    lines = (error.seen or error.what).strip().splitlines()
    return lines[-1] if lines else error.what
