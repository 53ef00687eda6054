"""Target `folder`: a folder of DAG files on a shared disk, or at any address that fsspec knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.beside import StoreBesideDags
from kedro_aloft.deploy.target import Capabilities
from kedro_aloft.settings.targets import FolderTarget as FolderSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kedro_aloft.deploy.steps import Step
    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings


class FolderTarget(StoreBesideDags):
    """A folder that some Airflow reads."""

    kind: ClassVar[str] = "folder"
    capabilities: ClassVar[Capabilities] = Capabilities()
    settings_model: ClassVar[type[TargetSettings]] = FolderSettings
    _settings: FolderSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        assert isinstance(settings, FolderSettings)
        self.name = name
        self._settings = settings
        self._folder = settings.path if "://" in settings.path else str(project / settings.path)

    def dags(self) -> FileStore:
        """The folder."""
        return FileStore(self._folder)

    def steps(self, delivery: Delivery) -> Sequence[Step]:  # noqa: ARG002  nothing is special
        """None."""
        return ()
