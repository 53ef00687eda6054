"""Building, pushing and trying an image, through the engine's command line."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import ImageError
from kedro_aloft.images.context import write_context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kedro_aloft.images.context import Context

_ENGINES = ("docker", "podman")
_SHOWN_LINES = 30
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MUTABLE = frozenset({"latest", "main", "master", "dev", "develop", "stable", "prod", "production", "staging"})

_SMOKE = (
    "import kedro_aloft.runtime.execute, kedro_aloft.runtime.session; "
    "from pathlib import Path; from kedro.framework.startup import bootstrap_project; "
    "from kedro.framework.project import pipelines; bootstrap_project(Path.cwd()); "
    "print(); print('registered:', *sorted(pipelines))"
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine on this machine.

    Args:
        program: Its command line.
    """

    program: str

    @classmethod
    def find(cls) -> Engine:
        """Return the engine of this machine.

        Raises:
            ImageError: If there is none.
        """
        found = next((path for name in _ENGINES if (path := shutil.which(name))), None)
        if found is None:
            raise ImageError(
                "No container engine is installed here.",
                seen=f"neither of {', '.join(_ENGINES)} is on the PATH",
                remedy="install Docker or Podman, or write the context for another builder: `--context DIR`",
            )
        return cls(found)

    def run(self, *words: str, what: str) -> str:
        """Run a command of the engine; return what it printed.

        Raises:
            ImageError: If it fails; with the end of what it said.
        """
        done = subprocess.run([self.program, *words], capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            last = "\n".join(f"{done.stdout}{done.stderr}".strip().splitlines()[-_SHOWN_LINES:])
            raise ImageError(f"{what} failed.", where=f"{Path(self.program).name} {words[0]}", seen=last)
        return done.stdout


def build_image(
    context: Context, engine: Engine, *, tag: str, labels: Mapping[str, str], options: Sequence[str] = ()
) -> None:
    """Build an image from a context.

    Args:
        context: Its files.
        engine: What builds.
        tag: Name of the image.
        labels: Labels of the image.
        options: More options of the engine's `build`.

    Raises:
        ImageError: If the build fails.
    """
    with tempfile.TemporaryDirectory(prefix="kedro-aloft-") as folder:
        write_context(context, Path(folder))
        words = [word for name, value in sorted(labels.items()) for word in ("--label", f"{name}={value}")]
        engine.run("build", "--tag", tag, *words, *options, folder, what="The build")


def smoke_test(engine: Engine, tag: str) -> list[str]:
    """Import runtime and project in the image, without network; return the pipelines that it registers.

    Raises:
        ImageError: If the image cannot run the project.
    """
    words = ("run", "--rm", "--network", "none", "--entrypoint", "python", tag, "-c", _SMOKE)
    said = engine.run(*words, what="The smoke test in the image").strip().splitlines()
    return said[-1].split()[1:] if said and said[-1].startswith("registered:") else []


def push_image(engine: Engine, tag: str) -> str:
    """Push an image; return its reference by digest.

    Raises:
        ImageError: If the registry refuses it.
    """
    engine.run("push", tag, what="The push")
    digests = engine.run("image", "inspect", "--format", "{{json .RepoDigests}}", tag, what="Looking at the image")
    repository = repository_of(tag)
    found = _DIGEST.search(digests[max(0, digests.find(f"{repository}@")) :])
    if found is None:
        raise ImageError("The registry told no digest.", where=tag, seen=digests.strip())
    return f"{repository}@{found[0]}"


def repository_of(reference: str) -> str:
    """Return an image's name without tag and digest."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def refuse_mutable(tag: str) -> None:
    """Refuse a tag that will mean another image tomorrow.

    Raises:
        ImageError: For `latest` and its like.
    """
    word = tag.rpartition("/")[2].partition(":")[2]
    if word in _MUTABLE:
        raise ImageError(
            f"The tag '{word}' will mean another image tomorrow.",
            where=tag,
            seen="tasks of one run, and its retries, might then run different code",
            remedy="leave the tag out: it is made of the content",
        )
