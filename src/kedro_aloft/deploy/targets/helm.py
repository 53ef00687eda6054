"""Target `helm`: Airflow on Kubernetes by its official chart; DAG files in the image or in a bucket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.beside import StoreBesideDags
from kedro_aloft.deploy.programs import has_program, run_program
from kedro_aloft.deploy.recipe import digest_of_folder, image_requirements, python_version, runtime_files, write_all
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import Capabilities
from kedro_aloft.errors import UsageError
from kedro_aloft.render.targets import AIRFLOW_VERSION, Bundle, airflow_image, render_dockerfile, render_values
from kedro_aloft.render.targets.helm import CHART, REPOSITORY
from kedro_aloft.settings.targets import HelmTarget as HelmSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings

RUNTIME = "kedro_aloft"
_DAGS = "/opt/airflow/dags"
_IGNORED = "*\n!Dockerfile\n!requirements.txt\n!kedro_aloft\n!dags\n**/__pycache__\n"
_TAG = re.compile(r'^    tag: "([^"]*)"$', re.MULTILINE)
_BUNDLES = {
    "s3": "airflow.providers.amazon.aws.bundles.s3.S3DagBundle",
    "gs": "airflow.providers.google.cloud.bundles.gcs.GCSDagBundle",
}


class HelmTarget(StoreBesideDags):
    """Image and values for the chart."""

    kind: ClassVar[str] = "helm"
    capabilities: ClassVar[Capabilities] = Capabilities(
        live_s=660.0, set_variable="name it in `secrets` of the target: {name}", several_machines=True
    )
    settings_model: ClassVar[type[TargetSettings]] = HelmSettings
    _settings: HelmSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        assert isinstance(settings, HelmSettings)
        self.name = name
        self._settings = settings
        self._path = (project / settings.path).resolve()
        self._folder = FileStore(str(self._path))

    def dags(self) -> FileStore:
        """The bucket, or the folder that becomes a part of the image."""
        return FileStore(self._settings.dags) if self._settings.dags else self._folder.at("dags")

    def steps(self, delivery: Delivery) -> Sequence[Step]:
        """Write image and values; with DAG files in a bucket, install them before those change."""
        files = self._files(delivery)
        what = f"write image and values to {self._settings.path}: Dockerfile, requirements.txt, values.yaml"
        return (
            Step(phase=Phase.PREPARE, name="write image and values", what=what, apply=lambda: self._write(files)),
            *((self._installation(Phase.PREPARE),) if self._settings.dags else ()),
        )

    def handover(self, did: str) -> Sequence[Step]:  # noqa: ARG002  images are named by their content
        """With DAG files in the image: make the image and install it."""
        return () if self._settings.dags else (self._installation(Phase.PUBLISH),)

    def _files(self, delivery: Delivery) -> dict[str, bytes]:
        settings = self._settings
        dockerfile = render_dockerfile(
            base=settings.base_image or airflow_image(python_version()),
            packages=sorted(settings.packages),
            copies=() if settings.dags else [("dags", _DAGS)],
        )
        return {
            ".dockerignore": _IGNORED.encode(),
            "Dockerfile": dockerfile.encode(),
            "requirements.txt": image_requirements(delivery.project).encode(),
            "values.yaml": self._values(delivery).encode(),
            **runtime_files(RUNTIME),
        }

    def _values(self, delivery: Delivery) -> str:
        settings = self._settings
        environment = dict(settings.env_vars)
        if (settings.dags or "").startswith("gs://"):
            # The bundle asks for a connection; this one means the identity of the pod.
            environment.setdefault("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "google-cloud-platform://")
        return render_values(
            name=delivery.package.replace("_", "-").lower(),
            namespace=settings.namespace,
            chart_version=settings.chart_version,
            airflow_version=AIRFLOW_VERSION,
            repository=settings.image,
            tag=self._tag_of_values(),
            executor=settings.executor,
            bundle=_bundle(settings.dags),
            environment=environment,
            secrets=sorted(settings.secrets),
            identity=settings.identity,
            logs=settings.logs,
            logs_connection=settings.logs_connection,
        )

    def _tag_of_values(self) -> str:
        """The tag that stands there: it is made of what the image gets, which is not written yet."""
        text = (self._folder.read("values.yaml") or b"").decode()
        found = _TAG.search(text)
        return found[1] if found else "none"

    def _write(self, files: Mapping[str, bytes]) -> str:
        return write_all(self._folder, files, runtime=RUNTIME)

    def _installation(self, phase: Phase) -> Step:
        settings = self._settings
        install = settings.install and has_program("docker") and has_program("helm")
        shown = "; ".join(" ".join(words) for words in self._commands(f"{settings.image}:TAG"))
        return Step(
            phase=phase,
            name="install",
            what=f"run in {settings.path}: {shown}" if install else f"say how to install: {shown}",
            apply=self._install if install else self._explain,
        )

    def _commands(self, image: str) -> tuple[tuple[str, ...], ...]:
        settings = self._settings
        upgrade = ("helm", "upgrade", "--install", settings.release, CHART.partition("/")[2], "--repo", REPOSITORY)
        place = ("--version", settings.chart_version, "--namespace", settings.namespace, "--values", "values.yaml")
        return (("docker", "build", "--tag", image, "."), ("docker", "push", image), (*upgrade, *place, "--wait"))

    def _tagged(self) -> tuple[tuple[str, ...], ...]:
        """Name the image by what is in it, also in the values; return the commands."""
        left_out = ("values.yaml", *(("dags",) if self._settings.dags else ()))
        tag = digest_of_folder(self._path, without=left_out)
        values = (self._folder.read("values.yaml") or b"").decode()
        self._folder.write("values.yaml", _TAG.sub(f'    tag: "{tag}"', values, count=1).encode())
        return self._commands(f"{self._settings.image}:{tag}")

    def _install(self) -> str:
        for words in self._tagged():
            run_program(words, folder=self._path, remedy="see that this machine may push there and knows the cluster")
        return f"{self._settings.release} in {self._settings.namespace} is up to date"

    def _explain(self) -> str:
        lines = (f"  cd {self._settings.path}", *(f"  {' '.join(words)}" for words in self._tagged()))
        return "\n".join(("the secrets that the values name come first, see the head of values.yaml; then:", *lines))


def _bundle(dags: str | None) -> Bundle:
    """How Airflow reads the DAG files.

    Raises:
        UsageError: If Airflow has no bundle for this address.
    """
    if dags is None:
        return Bundle(kwargs={"path": _DAGS})
    protocol, _, rest = dags.partition("://")
    bucket, _, prefix = rest.partition("/")
    if protocol not in _BUNDLES:
        raise UsageError(
            f"Airflow has no DAG bundle for '{protocol}'.",
            where="dags",
            seen=f"it has some for {', '.join(_BUNDLES)}",
            remedy="leave `dags` out, and the DAG files go into the image",
            code="ALOFT-926",
        )
    return Bundle(classpath=_BUNDLES[protocol], kwargs={"bucket_name": bucket, "prefix": prefix})
