"""Target `astro`: a project folder for Astronomer's Astro, sent there by its own command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.beside import StoreBesideDags
from kedro_aloft.deploy.programs import has_program, run_program
from kedro_aloft.deploy.recipe import digest_of_folder, image_requirements, runtime_files, write_all
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import Capabilities
from kedro_aloft.render.targets.astro import RUNTIME, render_astro
from kedro_aloft.settings.targets import AstroTarget as AstroSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings

IMAGE_RECORD = ".kedro-aloft-image"
"""What the image was made of that the Deployment has: when that is the same, a deploy of DAGs alone is enough."""


class AstroTarget(StoreBesideDags):
    """An Astro project: libraries in the image, releases beside the DAG files in dags/."""

    kind: ClassVar[str] = "astro"
    capabilities: ClassVar[Capabilities] = Capabilities(
        live_s=660.0,
        set_variable="astro deployment variable create --deployment-id ID --secret {name}=…",
        several_machines=True,
    )
    settings_model: ClassVar[type[TargetSettings]] = AstroSettings
    _settings: AstroSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        assert isinstance(settings, AstroSettings)
        self.name = name
        self._settings = settings
        self._path = (project / settings.path).resolve()
        self._folder = FileStore(str(self._path))

    def dags(self) -> FileStore:
        """The project's dags/."""
        return self._folder.at("dags")

    def steps(self, delivery: Delivery) -> Sequence[Step]:
        """Write the project before the release."""
        files = self._files(delivery)
        what = f"write the Astro project to {self._settings.path}: Dockerfile, requirements.txt, packages.txt, include/"
        return (Step(phase=Phase.PREPARE, name="write project", what=what, apply=lambda: self._write(files)),)

    def handover(self, did: str) -> Sequence[Step]:  # noqa: ARG002  Astro keeps no words
        """Send the whole project, or dags/ alone when that is enough."""
        can_send = has_program("astro") and self._settings.deployment is not None
        command = f"`{' '.join(self._words())}` in {self._settings.path}, with --dags when the image is there already"
        return (
            Step(
                phase=Phase.PUBLISH,
                name="send project",
                what=f"run {command}" if can_send else f"say how to send it: {command}",
                apply=self._send if can_send else self._explain,
            ),
        )

    def _files(self, delivery: Delivery) -> dict[str, bytes]:
        settings = self._settings
        texts = render_astro(
            runtime=settings.runtime,
            requirements=image_requirements(delivery.project),
            packages=sorted(settings.packages),
        )
        return {**{name: text.encode() for name, text in texts.items()}, **runtime_files(RUNTIME)}

    def _write(self, files: Mapping[str, bytes]) -> str:
        return write_all(self._folder, files, runtime=RUNTIME)

    def _words(self, *more: str) -> tuple[str, ...]:
        return ("astro", "deploy", *((self._settings.deployment,) if self._settings.deployment else ()), *more)

    def _image(self) -> tuple[str, bool]:
        """What the image is made of, and whether the Deployment has this one."""
        digest = digest_of_folder(self._path, without=("dags", ".astro", IMAGE_RECORD))
        known = self._folder.read(IMAGE_RECORD)
        return digest, known is not None and known.decode().strip() == digest

    def _send(self) -> str:
        digest, is_there = self._image()
        words = self._words(*(["--dags"] if is_there else []))
        remedy = "log in with `astro login`, or set ASTRO_API_TOKEN; DAG-only deploys are a switch of the Deployment"
        run_program(words, folder=self._path, remedy=remedy)
        self._folder.write(IMAGE_RECORD, f"{digest}\n".encode())
        return "sent, DAGs alone" if is_there else "sent, with a new image"

    def _explain(self) -> str:
        words = self._words()
        reason = "no Deployment is named" if has_program("astro") else "the command line of Astro is not installed here"
        return f"{reason}; the project is complete:\n  cd {self._settings.path} && {' '.join(words)}"
