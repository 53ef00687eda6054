"""The files of a container image, from the packages that this machine has installed: no registry, no download.

Debian's essential packages, Python, certificates, and all that they depend on.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import IO

_WANTED = ("ca-certificates", "libgomp1", "libstdc++6", "passwd", "procps", "python3", "python3-distutils", "tzdata")
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
IMAGE_ENVIRONMENT = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    # The machine's own authorities: packages may come from a mirror that only they vouch for.
    f"SSL_CERT_FILE={_CERTIFICATES}",
    f"PIP_CERT={_CERTIFICATES}",
    f"REQUESTS_CA_BUNDLE={_CERTIFICATES}",
)
# Links of Debian's merged /usr: they come before what lies behind them, and never twice.
_TOP = ("/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/bin", "/sbin", "/lib", "/lib64", "/etc")
# What package scripts made; no package lists it.
_MADE = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/ld.so.cache", _CERTIFICATES, "/tmp", "/root")
_USELESS = re.compile(r"/usr/share/(doc|man|locale|info|lintian)/|/__pycache__|/EXTERNALLY-MANAGED$|^/var/(lib|cache)/")
_LINKS = Path("/etc/alternatives")


@cache
def base_image_key() -> str:
    """Return a digest of the packages, their versions and this file: equal keys, equal images."""
    versions = _output("dpkg-query", "-Wf", "${Package}=${Version}\\n", *_packages())
    return hashlib.sha256(f"{versions}\n".encode() + Path(__file__).read_bytes()).hexdigest()[:16]


def write_base_files(out: IO[bytes]) -> None:
    """Write the files as a tar archive."""
    with subprocess.Popen(
        ["tar", "--create", "--no-recursion", "--directory=/", "--null", "--files-from=-"],
        stdin=subprocess.PIPE,
        stdout=out,
    ) as tar:
        assert tar.stdin is not None
        tar.stdin.write(b"\0".join(os.fsencode(name.lstrip("/")) for name in _files()))
        tar.stdin.close()
    assert tar.returncode == 0, "tar failed: its message stands above"


@cache
def _packages() -> tuple[str, ...]:
    listed = _output("dpkg-query", "-Wf", "${Package} ${Essential} ${db:Status-Status}\\n")
    rows = [row.split() for row in listed.splitlines()]
    installed = {row[0] for row in rows if row[-1] == "installed"}
    wanted = [row[0] for row in rows if row[1] == "yes"] + [name for name in _WANTED if name in installed]
    tree = _output(
        *("apt-cache", "depends", "--recurse", "--installed", "--no-recommends", "--no-suggests", "--no-conflicts"),
        *("--no-breaks", "--no-replaces", "--no-enhances", *wanted),
    )
    return tuple(sorted(installed & set(re.findall(r"^\S+", tree, re.MULTILINE))))


def _files() -> list[str]:
    """Return the files, parents first."""
    listed = set(_output("dpkg-query", "--listfiles", *_packages()).splitlines())
    wanted = {name for name in listed if name.startswith("/") and name != "/." and not _USELESS.search(name)}
    wanted.update(_MADE, (str(path) for path in _LINKS.iterdir()))
    return [*_TOP, *sorted(name for name in wanted if name not in _TOP and os.path.lexists(name))]


def _output(*words: str) -> str:
    # Package managers speak the user's language elsewhere.
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout
