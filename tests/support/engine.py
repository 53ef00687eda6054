"""A real Docker engine for tests, apart from any other on the machine: own socket, own data, no bridge, no registry.

All test processes of a user share one engine. Each holds a shared lock while it uses it; the engine's keeper
(`support.engine_keeper`) looks for the moment in which nobody does and then stops the engine. Locks end with their
process, so the engine ends when the last user does, however that one ended. Its data stay in the user's cache
directory: images that an earlier session built are there already, as long as what they were built from is the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from support.airflow import locked
from support.base_image import IMAGE_ENVIRONMENT, base_image_key, write_base_files
from support.commands import program, run_command, user_cache
from support.engine_keeper import SYSTEM_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "kedro-aloft-tests"
START_DEADLINE_S = 300.0
BUILD_DEADLINE_S = 600.0
_STARTS = 3
_KEEPER = Path(__file__).with_name("engine_keeper.py")
# Building behind a proxy is the only case in which the machine's network settings matter.
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class EngineMissingError(Exception):
    """This machine cannot run the engine; the message says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine.

    Args:
        directory: Where its socket and its data are.
    """

    directory: Path

    @property
    def url(self) -> str:
        """Its address, as DOCKER_HOST has it and `docker_url` of DockerOperator."""
        return f"unix://{self.directory / 'docker.sock'}"

    @property
    def environment(self) -> dict[str, str]:
        """What programs need to use this engine and nothing of the user's own settings."""
        # BuildKit needs a plugin that Debian does not have.
        return {"DOCKER_HOST": self.url, "DOCKER_CONFIG": str(self.directory / "config"), "DOCKER_BUILDKIT": "0"}

    def docker(self, *words: str | Path, deadline_s: float = BUILD_DEADLINE_S) -> str:
        """Run the docker command; return what it printed, fail the test when it fails."""
        done = run_command("docker", *words, cwd=self.directory, env=self.environment, deadline_s=deadline_s)
        return done.ok().out.strip()

    def has(self, image: str) -> bool:
        """Whether an image is there."""
        return bool(self.docker("image", "ls", "--quiet", image))

    def build(self, context: Path, tag: str) -> str:
        """Build an image from a directory with a Dockerfile; steps that were built before are not built again.

        Returns:
            The tag.
        """
        proxies = [word for name in _PROXIES if name in os.environ for word in ("--build-arg", name)]
        with locked(self.directory / "build"):
            self.docker("build", "--quiet", "--network", "host", *proxies, "--tag", tag, context)
        return tag

    def base_image(self) -> str:
        """Return the tag of an image with Debian's essentials, Python, pip and uv, from the machine's own packages."""
        tag = f"{REPOSITORY}/base:{base_image_key()}"
        with locked(self.directory / "base"):
            if not self.has(tag):
                self._make_base(tag)
        return tag

    def kedro_image(self, requirements: Sequence[str] = ("kedro", "pandas")) -> str:
        """Return the tag of an image with kedro-aloft as it is in this source tree, and libraries.

        Args:
            requirements: Of which the versions in requirements/dev.txt are installed.
        """
        with tempfile.TemporaryDirectory() as path:
            context = Path(path)
            write_pins(context / "requirements.txt", requirements)
            wheel = _build_wheel(context)
            (context / "Dockerfile").write_text(
                f"FROM {self.base_image()}\n"
                "COPY requirements.txt /opt/requirements.txt\n"
                "RUN uv pip install --quiet --system --no-cache --compile-bytecode -r /opt/requirements.txt\n"
                f"COPY {wheel.name} /opt/{wheel.name}\n"
                f"RUN uv pip install --quiet --system --no-cache --compile-bytecode --no-deps /opt/{wheel.name}\n"
            )
            return self.build(context, f"{REPOSITORY}/kedro:{_digest(context)}")

    def project_image(self, project: Path, requirements: Sequence[str] = ("kedro", "pandas")) -> str:
        """Return the tag of an image with a Kedro project in /app, beside kedro-aloft and libraries.

        Args:
            project: The project's directory; all of it goes in but what tools left there.
            requirements: As for `kedro_image`.
        """
        with tempfile.TemporaryDirectory() as path:
            context = Path(path)
            leftovers = shutil.ignore_patterns(".git", ".venv", ".airflow", "__pycache__", "*.pyc")
            shutil.copytree(project, context / "app", ignore=leftovers, symlinks=True)
            (context / "Dockerfile").write_text(
                f"FROM {self.kedro_image(requirements)}\nCOPY app /app\nWORKDIR /app\n"
                "RUN python -m compileall -q /app\n"
            )
            return self.build(context, f"{REPOSITORY}/project:{_digest(context)}")

    def _make_base(self, tag: str) -> None:
        raw = f"{tag}-raw"
        changes = [word for pair in IMAGE_ENVIRONMENT for word in ("--change", f"ENV {pair}")]
        words = ["docker", "import", *changes, "--change", 'CMD ["/bin/bash"]', "-", raw]
        environment = {**os.environ, **self.environment}
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as importing:
            assert importing.stdin is not None
            write_base_files(importing.stdin)
            importing.stdin.close()
        assert importing.returncode == 0, "docker import failed: its message stands above"
        with tempfile.TemporaryDirectory() as path:
            shutil.copy2(program("uv"), Path(path, "uv"))
            Path(path, "Dockerfile").write_text(
                f"FROM {raw}\nCOPY uv /usr/local/bin/uv\n"
                "RUN ln -s /usr/bin/python3 /usr/local/bin/python && uv pip install --quiet --system --no-cache pip\n"
            )
            self.build(Path(path), tag)


@contextmanager
def running_engine(directory: Path | None = None) -> Iterator[Engine]:
    """Start the engine unless it runs; what nobody uses any more is stopped by its keeper.

    Args:
        directory: Of an engine of the caller's own; by default the one that all tests of this user share.

    Raises:
        EngineMissingError: This machine cannot run one.
    """
    install_docker()
    directory = directory or _shared_directory()
    for path in (directory, directory / "config"):
        path.mkdir(parents=True, exist_ok=True)
    with (directory / "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with locked(directory / "start"):
            _start(directory)
        yield Engine(directory)


def install_docker() -> None:
    """See to it that the Docker engine is installed: Debian's own package.

    Raises:
        EngineMissingError: It is not and cannot be.
    """
    if os.geteuid() != 0:
        raise EngineMissingError("Tests with containers start a Docker engine of their own, which only root can.")
    if shutil.which("dpkg-query") is None:
        raise EngineMissingError("Tests with containers make their image from Debian packages; this is another system.")
    with locked(Path(tempfile.gettempdir(), "kedro-aloft-tests-apt.lock")):
        if shutil.which("dockerd", path=f"{os.environ['PATH']}:{SYSTEM_PATH}") is None:
            _apt_get("update", "-qq")
            _apt_get("install", "-qq", "-y", "--no-install-recommends", "docker.io")


def _apt_get(*words: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", *words], env=environment, check=False, capture_output=True, text=True, timeout=BUILD_DEADLINE_S
    )
    if done.returncode:
        raise EngineMissingError(f"Debian's docker.io cannot be installed: {done.stderr.strip()}")


def _shared_directory() -> Path:
    return user_cache() / "engine"


def _start(directory: Path) -> None:
    """See to it that a keeper is at work, and wait until the engine answers."""
    started, deadline = 0, time.monotonic() + START_DEADLINE_S
    while not _answers(directory):
        # In the loop: the keeper that is at work may be about to end.
        started += _start_keeper(directory, restart=started > 0)
        if started > _STARTS or time.monotonic() > deadline:
            log = (directory / "engine.log").read_text(errors="replace")[-2000:]
            raise EngineMissingError(f"The Docker engine does not start; the end of its log:\n{log}")
        time.sleep(0.05)


def _start_keeper(directory: Path, *, restart: bool) -> bool:
    """Start a keeper unless one is at work; return whether one was started."""
    with (directory / "keeper").open("a") as lock, (directory / "engine.log").open("ab") as log:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not restart:
            log.truncate(0)
        # The keeper inherits the lock: there is no moment in which a second one could start.
        subprocess.run(
            [sys.executable, "-I", _KEEPER, directory],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            pass_fds=[lock.fileno()],
        )
        return True


def _answers(directory: Path) -> bool:
    words = ["docker", "version", "--format", "{{.Server.Version}}"]
    environment = {**os.environ, **Engine(directory).environment}
    return subprocess.run(words, env=environment, check=False, capture_output=True).returncode == 0


@cache
def _image_python() -> str:
    done = subprocess.run(["/usr/bin/python3", "--version"], check=True, capture_output=True, text=True)
    return done.stdout.split()[1].rpartition(".")[0]


def write_pins(path: Path, requirements: Sequence[str]) -> None:
    """Write the requirements, the package's own and all that they need, in the versions of requirements/dev.txt."""
    done = run_command(
        *(program("uv"), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("--no-emit-find-links", "--python-version", _image_python()),
        *("--constraint", "requirements/dev.txt", "pyproject.toml", _inputs(path, requirements)),
        cwd=ROOT,
    )
    path.write_text(done.ok().out)


def _inputs(path: Path, requirements: Sequence[str]) -> Path:
    inputs = path.with_suffix(".in")
    inputs.write_text("\n".join(sorted(requirements)))
    return inputs


def _build_wheel(directory: Path) -> Path:
    words = ("build", "--quiet", "--wheel", "--no-build-isolation", "--out-dir", directory, ROOT)
    run_command(program("uv"), *words, "--python", sys.executable, cwd=directory).ok()
    (directory / ".gitignore").unlink(missing_ok=True)
    return next(directory.glob("*.whl"))


def _digest(context: Path) -> str:
    """Return a digest of names and contents of a directory."""
    digest = hashlib.sha256()
    for path in sorted(path for path in context.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(context)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
