"""Whether the code that a server has imported is still the code on disk."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_METADATA = (".dist-info", ".egg-info", ".egg-link", ".pth")
_CACHES = frozenset({"__pycache__"})

_UNKNOWN = "unknown"

_Seen = tuple[Any, str]
"""What `stat` said, and a digest of the content."""


@dataclass(slots=True)
class Stamp:
    """The content of files, the names in folders and the installed distributions at one moment.

    A look costs one `stat` per file; what its `stat` calls changed is read again, so a touched file is no other file.
    """

    files: dict[str, _Seen] = field(default_factory=dict)
    directories: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    sites: dict[str, _Seen] = field(default_factory=dict)

    def add(
        self,
        *,
        files: Iterable[str] = (),
        directories: Iterable[str] = (),
        packages: Iterable[str] = (),
        sites: Iterable[str] = (),
    ) -> None:
        """Stamp more; what is known already keeps its stamp.

        Args:
            files: Files whose content counts.
            directories: Directories in which every name counts.
            packages: Directories in which the names of modules and packages count.
            sites: Directories in which the distributions count.
        """
        for path in files:
            self.files.setdefault(path, (_stat(path), _digest(path)))
        for path in directories:
            self.directories.setdefault(path, _names(path))
        for path in packages:
            self.packages.setdefault(path, _modules(path))
        for path in sites:
            self.sites.setdefault(path, (_stat(path), _distributions(path)))

    def to_json(self) -> dict[str, dict[str, str]]:
        """Return the contents without what `stat` said, for another process to compare with."""
        return {
            "files": {path: content for path, (_, content) in self.files.items()},
            "directories": dict(self.directories),
            "packages": dict(self.packages),
            "sites": {path: content for path, (_, content) in self.sites.items()},
        }

    @classmethod
    def from_json(cls, content: dict[str, dict[str, str]]) -> Stamp:
        """Return the stamp that `to_json` gave; its first look reads every file."""
        return cls(
            files={path: (_UNKNOWN, digest) for path, digest in content["files"].items()},
            directories=dict(content["directories"]),
            packages=dict(content["packages"]),
            sites={path: (_UNKNOWN, digest) for path, digest in content["sites"].items()},
        )

    def distrust_younger(self, moment_ns: int, *, besides: Container[str]) -> None:
        """Count files that were written after a moment as changed: what was imported may be what they held before.

        Args:
            moment_ns: Of their `mtime`.
            besides: Files that the imports wrote themselves.
        """
        for path, (seen, _) in self.files.items():
            if path not in besides and seen not in (None, _UNKNOWN) and seen[0] > moment_ns:
                self.files[path] = (_UNKNOWN, _UNKNOWN)

    def find_change(self) -> str:
        """Return the path of something that is no longer as it was; empty when nothing changed."""
        for known, read in ((self.directories, _names), (self.packages, _modules)):
            for path, names in known.items():
                if read(path) != names:
                    return path
        return self._find_other(self.files, _digest) or self._find_other(self.sites, _distributions)

    def _find_other(self, seen: dict[str, _Seen], read: Any) -> str:
        for path, (before, content) in seen.items():
            now = _stat(path)
            if now != before:
                if read(path) != content:
                    return path
                seen[path] = (now, content)
        return ""


def site_directories() -> list[str]:
    """Return the directories on Python's path that hold installed distributions."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]


def _stat(path: str) -> Any:
    try:
        found = os.stat(path)  # noqa: PTH116  hundreds of times with every request
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns)


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return hashlib.blake2b(file.read(), digest_size=16).hexdigest()
    except OSError:
        return ""


def _names(path: str) -> str:
    try:
        return "\0".join(sorted(set(os.listdir(path)) - _CACHES))  # noqa: PTH208
    except OSError:
        return "?"


def _modules(path: str) -> str:
    """Names that may be modules or packages: with `.py`, or without any suffix."""
    names = _names(path).split("\0")
    return "\0".join(name for name in names if name.endswith(".py") or "." not in name)


def _distributions(path: str) -> str:
    """Names and times of what installers leave beside the code that they install."""
    try:
        with os.scandir(path) as entries:
            found = sorted((one.name, one.stat().st_mtime_ns) for one in entries if one.name.endswith(_METADATA))
    except OSError:
        return ""
    return repr(found)
