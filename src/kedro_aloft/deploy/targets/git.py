"""Target `git`: a branch of a Git repository, which Airflow reads by a DAG bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.beside import StoreBesideDags
from kedro_aloft.deploy.repository import Branch
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import Capabilities
from kedro_aloft.settings.targets import GitTarget as GitSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings


class GitTarget(StoreBesideDags):
    """A branch. All is written to a copy of it, and one push publishes all or nothing.

    Somebody else's push to the same folder in between is the lock: the second deploy is refused. Airflow pins a run to
    the commit that it began with, so the release of a run in flight is there as long as the run.
    """

    kind: ClassVar[str] = "git"
    capabilities: ClassVar[Capabilities] = Capabilities(live_s=660.0)
    settings_model: ClassVar[type[TargetSettings]] = GitSettings
    _settings: GitSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        assert isinstance(settings, GitSettings)
        self.name = name
        self._settings = settings
        folder = project / ".airflow" / "deploy" / name
        self._branch = Branch(remote=settings.repository, name=settings.branch, folder=folder)
        self._is_fresh = False

    def dags(self) -> FileStore:
        """The folder in our copy of the branch, which is brought up to date once."""
        if not self._is_fresh:
            self._branch.refresh()
            self._is_fresh = True
        return FileStore(str(self._branch.folder / self._settings.path))

    def steps(self, delivery: Delivery) -> Sequence[Step]:  # noqa: ARG002  nothing is special
        """None."""
        return ()

    def handover(self, did: str) -> Sequence[Step]:
        """Publish what the steps before have written to the copy."""
        settings = self._settings
        what = f"commit {settings.path} and push it to the branch {settings.branch} of the repository: {did}"
        return (Step(phase=Phase.PUBLISH, name="push", what=what, apply=lambda: self._push(did)),)

    def _push(self, message: str) -> str:
        commit = self._branch.publish(self._settings.path, message=message)
        return f"pushed {commit[:10]}" if commit else "the branch has it already"
