"""Files that a managed Airflow takes from its bucket: requirements, startup script, plugins."""

from __future__ import annotations

import io
import shlex
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARK = "# Written by `kedro airflow deploy` for the project"
CONSTRAINTS = "https://raw.githubusercontent.com/apache/airflow/constraints-{airflow}/constraints-{python}.txt"
PLUGINS_FOLDER = "/usr/local/airflow/plugins"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def render_requirements(
    package: str, lines: Sequence[str], *, constraint: str, places: Sequence[str] = (), wheels: Sequence[str] = ()
) -> bytes:
    """Return MWAA's requirements.txt.

    Args:
        package: The project's package; names the owner of the file.
        lines: What is installed from an index.
        constraint: Address or path of the constraints; empty for none, which MWAA replaces by its own.
        places: Options of pip that name more places.
        wheels: Files in plugins.zip that are installed, too.
    """
    head = [_mark(package)]
    if constraint:
        head.append(f'--constraint "{constraint}"')
    return "\n".join([*head, *places, *lines, *(f"{PLUGINS_FOLDER}/{name}" for name in wheels), ""]).encode()


def render_startup(package: str, variables: Mapping[str, str]) -> bytes:
    """Return MWAA's startup script, which sets variables on all of its machines."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    return "\n".join(["#!/bin/sh", _mark(package), *exports, ""]).encode()


def render_plugins(package: str, wheels: Mapping[str, bytes]) -> bytes:
    """Return plugins.zip with wheels: same wheels, same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = _mark(package).encode()
        for name, content in sorted(wheels.items()):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content)
    return buffer.getvalue()


def owner_of(content: bytes) -> str | None:
    """Return the package for which such a file was written; None when it was not written by us."""
    start = content.find(MARK.encode())
    if start < 0:
        return None
    return content[start:].split(b"\n", 1)[0].decode(errors="replace").removeprefix(MARK).strip(" `.")


def _mark(package: str) -> str:
    return f"{MARK} `{package}`."
