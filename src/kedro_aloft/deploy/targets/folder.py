"""Target `folder`: a folder of DAG files on a shared disk, or at any address that fsspec knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.airflow import api_of
from kedro_aloft.deploy.target import STORE_FOLDER, Capabilities
from kedro_aloft.settings.targets import FolderTarget as FolderSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.deploy.steps import Step
    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings


class FolderTarget:
    """A folder that some Airflow reads."""

    kind: ClassVar[str] = "folder"
    capabilities: ClassVar[Capabilities] = Capabilities()
    settings_model: ClassVar[type[TargetSettings]] = FolderSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        assert isinstance(settings, FolderSettings)
        self.name = name
        self._settings = settings
        self._folder = settings.path if "://" in settings.path else str(project / settings.path)

    def overrides(self) -> Mapping[str, Any]:
        """Nothing is decided here."""
        return {}

    def dags(self) -> FileStore:
        """The folder."""
        return FileStore(self._folder)

    def store(self) -> FileStore:
        """The configured store, or one inside the folder: what reads the one can read the other."""
        return FileStore(self._settings.store) if self._settings.store else self.dags().at(STORE_FOLDER)

    def releases(self) -> str:
        """A relative path where the store is in the folder: workers may see that under another name."""
        return self._settings.store or STORE_FOLDER

    def steps(self, delivery: Delivery) -> Sequence[Step]:  # noqa: ARG002  nothing is special
        """None."""
        return ()

    def api(self) -> AirflowApi | None:
        """The Airflow that airflow.yml names."""
        return api_of(self._settings.airflow)
