"""Target `astro`: a project folder for Astronomer's Astro, sent there by its own command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.advice import needs_step
from kedro_aloft.deploy.airflow import api_of
from kedro_aloft.deploy.programs import has_program, run_program
from kedro_aloft.deploy.recipe import digest_of, hide_releases, image_requirements, runtime_files, write_all
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import STORE_FOLDER, Capabilities
from kedro_aloft.render.targets.astro import RUNTIME, render_astro
from kedro_aloft.settings.targets import AstroTarget as AstroSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings

IMAGE_RECORD = ".kedro-aloft-image"
"""What the image was made of that the Deployment has: when that is the same, a deploy of DAGs alone is enough."""


class AstroTarget:
    """An Astro project: libraries in the image, releases beside the DAG files in dags/."""

    kind: ClassVar[str] = "astro"
    capabilities: ClassVar[Capabilities] = Capabilities(live_s=660.0)
    settings_model: ClassVar[type[TargetSettings]] = AstroSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        assert isinstance(settings, AstroSettings)
        self.name = name
        self._settings = settings
        self._path = (project / settings.path).resolve()
        self._folder = FileStore(str(self._path))

    def overrides(self) -> Mapping[str, Any]:
        """Nothing is decided here."""
        return {}

    def dags(self) -> FileStore:
        """The project's dags/."""
        return self._folder.at("dags")

    def store(self) -> FileStore:
        """The configured store, or one in dags/, which a deploy of DAGs takes along."""
        return FileStore(self._settings.store) if self._settings.store else self.dags().at(STORE_FOLDER)

    def releases(self) -> str:
        """As DAG files name the store."""
        return self._settings.store or STORE_FOLDER

    def steps(self, delivery: Delivery) -> Sequence[Step]:
        """Write the project before the release, send all of it after."""
        files = self._files(delivery)
        digest = digest_of(files)
        words = self._words(digest)
        can_send = has_program("astro") and self._settings.deployment is not None
        what = f"write the Astro project to {self._settings.path}: Dockerfile, requirements.txt, packages.txt, include/"
        command = f"`{' '.join(words)}` in {self._settings.path}"
        return (
            Step(phase=Phase.PREPARE, name="write project", what=what, apply=lambda: self._write(files)),
            Step(
                phase=Phase.PUBLISH,
                name="send project",
                what=f"run {command}" if can_send else f"say how to send it: {command}",
                apply=lambda: self._send(words, digest) if can_send else self._explain(words),
            ),
            needs_step(delivery, set_variable=self._variable_command()),
        )

    def api(self) -> AirflowApi | None:
        """The Airflow that airflow.yml names."""
        return api_of(self._settings.airflow)

    def _files(self, delivery: Delivery) -> dict[str, bytes]:
        settings = self._settings
        texts = render_astro(
            runtime=settings.runtime,
            requirements=image_requirements(delivery.project),
            packages=sorted(settings.packages),
        )
        return {**{name: text.encode() for name, text in texts.items()}, **runtime_files(RUNTIME)}

    def _write(self, files: Mapping[str, bytes]) -> str:
        told = write_all(self._folder, files, runtime=RUNTIME)
        hide_releases(self.dags())
        return told

    def _words(self, digest: str) -> tuple[str, ...]:
        known = self._folder.read(IMAGE_RECORD)
        only_dags = ("--dags",) if known is not None and known.decode().strip() == digest else ()
        return ("astro", "deploy", *((self._settings.deployment,) if self._settings.deployment else ()), *only_dags)

    def _send(self, words: Sequence[str], digest: str) -> str:
        remedy = "log in with `astro login`, or set ASTRO_API_TOKEN; DAG-only deploys are a switch of the Deployment"
        run_program(words, folder=self._path, remedy=remedy)
        self._folder.write(IMAGE_RECORD, f"{digest}\n".encode())
        return "sent, DAGs alone" if "--dags" in words else "sent, with a new image"

    def _explain(self, words: Sequence[str]) -> str:
        reason = "no Deployment is named" if has_program("astro") else "the command line of Astro is not installed here"
        return f"{reason}; the project is complete:\n  cd {self._settings.path} && {' '.join(words)}"

    def _variable_command(self) -> str:
        deployment = self._settings.deployment or "ID"
        return f"astro deployment variable create --deployment-id {deployment} --secret {{name}}=…"
