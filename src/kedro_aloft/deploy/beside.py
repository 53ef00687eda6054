"""What targets share that keep their releases beside the DAG files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.airflow import api_of
from kedro_aloft.deploy.target import STORE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.settings.targets import TargetSettings


class StoreBesideDags(ABC):
    """Releases are beside the DAG files, where what reads the one can read the other, or where `store` says."""

    _settings: TargetSettings

    @abstractmethod
    def dags(self) -> FileStore:
        """Return where DAG files are put."""

    def overrides(self) -> Mapping[str, Any]:
        """Nothing is decided here."""
        return {}

    def store(self) -> FileStore:
        """The configured store, or one among the DAG files."""
        return FileStore(self._settings.store) if self._settings.store else self.dags().at(STORE_FOLDER)

    def releases(self) -> str:
        """A relative path where the store is among the DAG files: workers may see these under another name."""
        return self._settings.store or STORE_FOLDER

    def api(self) -> AirflowApi | None:
        """The Airflow that airflow.yml names."""
        return api_of(self._settings.airflow)
