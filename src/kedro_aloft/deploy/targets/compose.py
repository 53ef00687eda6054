"""Target `compose`: a whole Airflow on a server of a team, with Docker Compose."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.beside import StoreBesideDags
from kedro_aloft.deploy.programs import has_compose, run_program
from kedro_aloft.deploy.recipe import (
    digest_of,
    image_requirements,
    python_version,
    runtime_files,
    write_all,
)
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import Capabilities
from kedro_aloft.render.targets import airflow_image, render_compose, render_dockerfile
from kedro_aloft.render.targets.compose import SECRETS_SCRIPT
from kedro_aloft.settings.targets import ComposeTarget as ComposeSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings

RUNTIME = "kedro_aloft"
_COMMAND = ("docker", "compose", "up", "--detach", "--build")


class ComposeTarget(StoreBesideDags):
    """A folder on the server: image and services beside dags/, which the services see at once."""

    kind: ClassVar[str] = "compose"
    capabilities: ClassVar[Capabilities] = Capabilities(live_s=120.0, set_variable="in .env on the server: {name}=…")
    settings_model: ClassVar[type[TargetSettings]] = ComposeSettings
    _settings: ComposeSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        assert isinstance(settings, ComposeSettings)
        self.name = name
        self._settings = settings
        self._path = (project / settings.path).resolve()
        self._folder = FileStore(str(self._path))

    def dags(self) -> FileStore:
        """The folder that the services mount."""
        return self._folder.at("dags")

    def steps(self, delivery: Delivery) -> Sequence[Step]:
        """Before anything of the release is seen: the services, with the libraries that it needs."""
        files = self._files(delivery)
        what = f"write the services to {self._settings.path}: compose.yaml, Dockerfile, requirements.txt"
        can_start = self._settings.start and has_compose()
        command = f"`{' '.join(_COMMAND)}` in {self._settings.path}"
        return (
            Step(phase=Phase.PREPARE, name="write services", what=what, apply=lambda: self._write(files)),
            Step(
                phase=Phase.PREPARE,
                name="start services",
                what=f"run {command}" if can_start else f"say how to start them: {command}",
                apply=self._start if can_start else self._explain,
            ),
        )

    def _files(self, delivery: Delivery) -> dict[str, bytes]:
        settings = self._settings
        dockerfile = render_dockerfile(
            base=settings.base_image or airflow_image(python_version()),
            packages=sorted(settings.packages),
            copies=[(SECRETS_SCRIPT, f"/opt/kedro-aloft/{SECRETS_SCRIPT}")],
        )
        requirements = image_requirements(delivery.project)
        image = {"Dockerfile": dockerfile.encode(), "requirements.txt": requirements.encode(), **runtime_files(RUNTIME)}
        texts = render_compose(
            name=delivery.package.replace("_", "-").lower(),
            tag=digest_of(image),
            environment=settings.env_vars,
            secrets=sorted(settings.secrets),
        )
        return {**image, **{name: text.encode() for name, text in texts.items()}}

    def _write(self, files: Mapping[str, bytes]) -> str:
        told = write_all(self._folder, files, runtime=RUNTIME)
        # Docker would make it as root.
        (self._path / "project").mkdir(exist_ok=True)
        return told

    def _start(self) -> str:
        run_program(_COMMAND, folder=self._path, remedy="see `docker compose ps` and `docker compose logs` there")
        return (
            "the services are up; the password of admin: docker compose exec api-server cat /run/airflow/passwords.json"
        )

    def _explain(self) -> str:
        return f"on the server:\n  cd {self._settings.path} && {' '.join(_COMMAND)}"
