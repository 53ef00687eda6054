"""Target `local`: the embedded Airflow of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import STORE_FOLDER, Capabilities
from kedro_aloft.embedded import EmbeddedAirflow
from kedro_aloft.settings.targets import LocalTarget as LocalSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings


class LocalTarget:
    """The embedded Airflow, which a deploy starts and leaves running."""

    kind: ClassVar[str] = "local"
    capabilities: ClassVar[Capabilities] = Capabilities(live_s=180.0, set_variable="")
    settings_model: ClassVar[type[TargetSettings]] = LocalSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        self.name = name
        self._settings = settings
        self._embedded = EmbeddedAirflow(project)

    def overrides(self) -> Mapping[str, Any]:
        """Nothing is decided here."""
        return {}

    def dags(self) -> FileStore:
        """The folder that the embedded Airflow watches."""
        return FileStore(str(self._embedded.dags_folder))

    def store(self) -> FileStore:
        """The configured store, or one inside the folder."""
        return FileStore(self._settings.store) if self._settings.store else self.dags().at(STORE_FOLDER)

    def releases(self) -> str:
        """As DAG files name the store."""
        return self._settings.store or STORE_FOLDER

    def steps(self, delivery: Delivery) -> Sequence[Step]:  # noqa: ARG002  the same for all
        """Start the Airflow, if it is not up."""
        what = "start the embedded Airflow, if it is not up, and leave it up"
        return (Step(phase=Phase.PREPARE, name="start Airflow", what=what, apply=self._start),)

    def api(self) -> AirflowApi:
        """Its API; the address is looked up at each call."""
        return self._embedded.api()

    def _start(self) -> str:
        address = self._embedded.up()
        return f"Airflow {address.airflow} is {'already ' if address.already_up else ''}up  {address.url}"
