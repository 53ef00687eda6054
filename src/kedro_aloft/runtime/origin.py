"""What a pickle was made with: versions of the libraries that it names, and a digest of the project's code.

A pickle holds names of classes and what they chose to write down. Another version of a library, or other code, may
read it as something else without a word, so what was written elsewhere is refused instead of tried.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A short text in the stream that looks like the name of a module. Pickle writes each name once, at its first use.
_NAME = re.compile(rb"\x8c.([A-Za-z_]\w*(?:\.\w+)*)[\x94\x8c]", re.DOTALL)
_SEARCHED = 1 << 20
_INSTALLED = ("site-packages", "dist-packages")


def origin_of(stream: bytes) -> dict[str, dict[str, str]]:
    """Return what a pickle's names are bound to in this process.

    Args:
        stream: The pickle; its first MiB is searched, since names come before the bulk of what they are used for.

    Returns:
        `libraries`: version by package; `code`: digest by module of the project.
    """
    libraries, code = {}, {}
    for name in sorted(_names(stream)):
        package = name.partition(".")[0]
        version = _version(package)
        if version:
            libraries[package] = version
        elif digest := _digest(name):
            code[name] = digest
    return {"libraries": libraries, "code": code}


def differences(origin: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield a few words for each thing that is another one in this process."""
    for package, version in origin.get("libraries", {}).items():
        here = _version(package) if _loaded(package) else ""
        if here != version:
            yield f"{package} {version} wrote it, here is {here or 'none'}"
    for name, digest in origin.get("code", {}).items():
        if not _loaded(name) or _digest(name) != digest:
            yield f"the code of '{name}' is another one now"


def _names(stream: bytes) -> set[str]:
    return {match[1].decode() for match in _NAME.finditer(stream, 0, _SEARCHED) if match[1].decode() in sys.modules}


def _loaded(name: str) -> bool:
    """Whether a module can be had; the pickle would import it anyway."""
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001  whatever a module raises when it is imported
        return False
    return True


def _version(package: str) -> str:
    """Return the version that a package says it has; Python's own modules have Python's."""
    if package in sys.stdlib_module_names:
        return ""
    return str(getattr(sys.modules.get(package), "__version__", ""))


def _digest(name: str) -> str:
    file = getattr(sys.modules.get(name), "__file__", None)
    if (
        not file
        or name.partition(".")[0] in sys.stdlib_module_names
        or any(part in _INSTALLED for part in Path(file).parts)
    ):
        return ""
    return _digest_of(file, _stamp(file))


@cache
def _digest_of(file: str, _stamp: Any) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]


def _stamp(file: str) -> tuple[int, int]:
    status = Path(file).stat()
    return status.st_mtime_ns, status.st_size
