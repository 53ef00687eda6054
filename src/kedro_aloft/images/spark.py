"""A project as a package for Spark clusters: what an image gets, in an archive that Spark can import from."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import ImageError
from kedro_aloft.images.context import collect_context
from kedro_aloft.images.requirements import requirements_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LAUNCHER, ARCHIVE, INIT = "launch.py", "project.zip", "init.sh"
"""The files of a package."""

_LAUNCH = Path(__file__).parents[1] / "runtime" / "launch.py"
_PROJECT = "project/"
_SOURCE = f"{_PROJECT}src/"
_EMPTY = f"{_PROJECT}conf/local/.gitkeep"
"""Kedro refuses a project whose environment has no folder, and `local` is the default one."""

_TAG_LENGTH = 12
_END = "end-of-requirements-of-kedro-aloft"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The earliest time that an archive can say."""

_INSTALL = """\
#!/bin/bash
# Made by `kedro airflow spark package`: every machine of the cluster runs it once, before the first job.
set -euo pipefail
{before}
python=/opt/conda/default/bin/python
[ -x "$python" ] || python=$(command -v python3)
cat > /tmp/kedro-aloft-requirements.txt <<'{end}'
{requirements}{end}
"$python" -m pip install --quiet -r /tmp/kedro-aloft-requirements.txt
{after}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The files of a package.

    Args:
        files: Name → content.
        tag: Digest of all of them: it names the folder, so that a run never meets another version.
    """

    files: Mapping[str, bytes]
    tag: str


def build_package(project: Path, *, init: str | None = None, post_init: str | None = None) -> Package:
    """Return a project as a package.

    Args:
        project: Folder of the project.
        init, post_init: Shell scripts of the project that run on each machine before and after the installation of the
            requirements.

    Raises:
        ImageError: If a file with a secret would go in, or a script is not there.
    """
    context = collect_context(project, dockerfile="")
    contents = {name: path.read_bytes() for name, path in context.files.items()}
    install = _INSTALL.format(
        before=_script(project, init),
        requirements=requirements_text(project),
        after=_script(project, post_init),
        end=_END,
    )
    files = {
        ARCHIVE: _archive({**contents, **dict(_importable(contents)), _EMPTY: b""}),
        INIT: install.encode(),
        LAUNCHER: _LAUNCH.read_bytes(),
    }
    return Package(files=files, tag=_digest(files))


def write_package(package: Package, folder: str) -> str:
    """Write a package below a folder, which may be any address that fsspec knows; return where it is."""
    import fsspec

    place = f"{folder.rstrip('/')}/{package.tag}"
    file_system, path = fsspec.core.url_to_fs(place)
    file_system.makedirs(path, exist_ok=True)
    for name, content in sorted(package.files.items()):
        file_system.pipe_file(f"{path}/{name}", content)
    return place


def _importable(contents: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The code once more, where executors import it from: they unpack nothing."""
    for name, content in contents.items():
        if name.startswith(_SOURCE):
            yield name.removeprefix(_SOURCE), content


def _archive(contents: Mapping[str, bytes]) -> bytes:
    """Without times, owners and compression, whose results differ from machine to machine."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return written.getvalue()


def _script(project: Path, name: str | None) -> str:
    if name is None:
        return ""
    path = project / name
    if not path.is_file():
        raise ImageError(
            f"The script '{name}' is not there.",
            where="airflow.yml: spark.dataproc.init, spark.dataproc.post_init",
            remedy="correct the path, which begins at the project",
        )
    return f"\n# {name}\n{path.read_text(encoding='utf-8').rstrip()}\n"


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:_TAG_LENGTH]
