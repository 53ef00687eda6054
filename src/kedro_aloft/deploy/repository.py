"""A branch of a Git repository, changed by one commit at a time. Git by its command line, with the user's own login."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path

_ATTEMPTS = 5
_SHOWN_LINES = 12
_NOBODY = ("kedro-aloft", "kedro-aloft@localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch, and the copy of it that we work in.

    Args:
        remote: Address of the repository, as `git clone` takes it.
        name: The branch; it is made when the repository has none of this name.
        folder: The copy. It is ours: what stands in there and is not committed gets lost.
    """

    remote: str
    name: str
    folder: Path

    def refresh(self) -> None:
        """Make the copy what the branch is now.

        Raises:
            DeployError: If the repository cannot be read.
        """
        if not (self.folder / ".git").is_dir() or self._said("config", "remote.origin.url").strip() != self.remote:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self._git("init", "--quiet", f"--initial-branch={self.name}")
            self._git("remote", "add", "origin", self.remote)
        if not self._git("ls-remote", "--heads", "origin", f"refs/heads/{self.name}"):
            self._begin()
            return
        self._git("fetch", "--quiet", "--depth=50", "origin", self._refspec)
        self._git("checkout", "--quiet", "--force", "-B", self.name, f"origin/{self.name}")
        self._git("clean", "--quiet", "--force", "-d", "-x")

    def publish(self, path: str, *, message: str) -> str | None:
        """Commit everything below a path and push it.

        Commits of others that arrive meanwhile stay; when one of them touches the same path, theirs stands and ours is
        given up. That is the lock: of two deploys, the second one ends here.

        Args:
            path: Folder in the repository.
            message: Of the commit.

        Returns:
            The commit; None when nothing differs.

        Raises:
            DeployError: If somebody else changed the same path (ALOFT-921), or the repository refuses the push.
        """
        base = self._said("rev-parse", "--verify", "--quiet", "HEAD").strip()
        # Forced: a `.gitignore` of the repository may name hidden folders or archives.
        self._git("add", "--all", "--force", "--", path)
        if not self._git("status", "--porcelain", "--", path):
            return None
        self._git(*self._identity(), "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", message)
        refusal = ""
        for _ in range(_ATTEMPTS):
            refusal = self._push()
            if not refusal:
                return self._git("rev-parse", "HEAD")
            if not self._moved(base):
                break
            base = self._take_over(base, path)
        raise DeployError(
            "The repository refuses the push.",
            where=f"{_without_login(self.remote)}, branch {self.name}",
            seen=refusal,
            remedy="see that your Git login may push to this branch, or name another one",
            code="ALOFT-922",
        )

    @property
    def _refspec(self) -> str:
        return f"+refs/heads/{self.name}:refs/remotes/origin/{self.name}"

    def _begin(self) -> None:
        """An empty copy for a branch that is not there yet."""
        if self._said("rev-parse", "--verify", "--quiet", "HEAD"):
            self._git("checkout", "--quiet", "--force", "--orphan", f"{self.name}-anew")
            self._git("branch", "--force", "--move", self.name)
        self._git("rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".")
        self._git("clean", "--quiet", "--force", "-d", "-x")

    def _push(self) -> str:
        """Push; return what the repository said when it refused, else nothing."""
        done = self._run("push", "--quiet", "origin", f"HEAD:refs/heads/{self.name}")
        return (_end(done.stderr) or "nothing") if done.returncode else ""

    def _moved(self, base: str) -> bool:
        """Whether the branch is not what we started from."""
        self._run("fetch", "--quiet", "origin", self._refspec)
        return self._said("rev-parse", "--verify", "--quiet", f"origin/{self.name}").strip() not in ("", base)

    def _take_over(self, base: str, path: str) -> str:
        """Put our commit on top of what others pushed; return the new base."""
        theirs = self._git("rev-parse", f"origin/{self.name}")
        changed = self._git("diff", "--name-only", base, theirs, "--", path) if base else theirs
        done = None if changed else self._run(*self._identity(), "rebase", "--quiet", f"origin/{self.name}")
        if done is None or done.returncode:
            self._run("rebase", "--abort")
            self._git("reset", "--quiet", "--hard", f"origin/{self.name}")
            raise DeployError(
                "Somebody else deployed at the same time; nothing of this deploy was published.",
                where=f"{_without_login(self.remote)}, branch {self.name}, {path}",
                seen=f"their commit {theirs[:10]}",
                remedy="look at what they deployed, then deploy again",
                code="ALOFT-921",
            )
        return theirs

    def _identity(self) -> tuple[str, ...]:
        """CI machines often have no name for commits; whoever has one keeps it."""
        if os.environ.get("GIT_AUTHOR_EMAIL") or self._said("config", "user.email"):
            return ()
        name, email = _NOBODY
        return ("-c", f"user.name={name}", "-c", f"user.email={email}")

    def _git(self, *words: str) -> str:
        done = self._run(*words)
        if done.returncode:
            raise DeployError(
                "Git failed.",
                where=f"git {' '.join(word for word in words[:2] if '://' not in word)} "
                f"({_without_login(self.remote)}, branch {self.name})",
                seen=_end(done.stderr),
                remedy="see that `git clone` of this repository works here",
                code="ALOFT-923",
            )
        return done.stdout.strip()

    def _said(self, *words: str) -> str:
        """What Git says; empty when it fails."""
        done = self._run(*words)
        return done.stdout if done.returncode == 0 else ""

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        # Inside of a Git hook, variables point into another repository; a question for a password would wait for ever.
        ours = {key: value for key, value in os.environ.items() if key not in _REDIRECTS}
        environment = {**ours, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        command = ["git", "-c", "core.autocrlf=false", "-c", "gc.auto=0", *words]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, errors="replace", check=False
        )


_REDIRECTS = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"})


def _end(text: str) -> str:
    last = "\n".join(text.strip().splitlines()[-_SHOWN_LINES:])
    return re.sub(r"(://)[^/@\s]+@", r"\1…@", last)


def _without_login(remote: str) -> str:
    """The address without a user name or token that somebody wrote into it."""
    scheme, mark, rest = remote.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else remote
