"""Target `composer`: an environment of Google Cloud Composer.

The environment itself says where its bucket and its Airflow are. Packages are changed one by one, and only those that
differ: what others installed stays. DAGs whose tasks all are pods need no package at all.
"""

from __future__ import annotations

import os
import re
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from kedro_aloft.client import AirflowApi
from kedro_aloft.client.auth import google_token
from kedro_aloft.client.google import GoogleSession
from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.airflow import api_of
from kedro_aloft.deploy.packages import needs_packages, refuse_old, worker_packages
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import Capabilities
from kedro_aloft.errors import DeployError, RemoteError
from kedro_aloft.settings.targets import ComposerTarget as ComposerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings

ENDPOINT = "https://composer.googleapis.com/"
ENDPOINT_VARIABLE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPOSER"
"""As gcloud names another address of the API."""
UPDATE_DEADLINE_S = 3600.0
PAUSES_S = (0.5, 30.0)
"""The first and the longest pause between two looks at an operation."""
_PACKAGES = "config.softwareConfig.pypiPackages"
_VARIABLES = "config.softwareConfig.envVariables"
_FOLDER = "kedro-aloft"


class ComposerTarget:
    """One environment."""

    kind: ClassVar[str] = "composer"
    capabilities: ClassVar[Capabilities] = Capabilities(
        live_s=600.0, set_variable="in `env_vars` of the target, unless it is a secret: {name}", several_machines=True
    )
    settings_model: ClassVar[type[TargetSettings]] = ComposerSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:  # noqa: ARG002  nothing of it is needed
        assert isinstance(settings, ComposerSettings)
        self.name = name
        self._settings = settings
        self._session = GoogleSession()

    def overrides(self) -> Mapping[str, Any]:
        """Several machines run the tasks: what they hand over is in the bucket."""
        return {"handoff.uri": self._settings.handoff or f"{self._bucket}/{_FOLDER}/handoff"}

    def dags(self) -> FileStore:
        """The DAG folder of the bucket."""
        return FileStore(self._config["dagGcsPrefix"])

    def store(self) -> FileStore:
        """The configured store, or a folder of the bucket that is not copied to every machine."""
        return FileStore(self.releases())

    def releases(self) -> str:
        """An address: the machines see a few folders of the bucket alone as files."""
        return self._settings.store or f"{self._bucket}/{_FOLDER}/releases"

    def steps(self, delivery: Delivery) -> Sequence[Step]:
        """Look at the environment; change its packages and variables, where they differ."""
        self._refuse_unusable()
        if not self._settings.install:
            return ()
        packages = self._wrong_packages(delivery) if needs_packages(delivery) else {}
        return (*self._package_steps(packages), *self._variable_steps())

    def api(self) -> AirflowApi:
        """The Airflow that airflow.yml names, or the environment's own with Google's credentials."""
        return api_of(self._settings.airflow) or AirflowApi(self._config["airflowUri"], token=google_token())

    # The environment

    @property
    def _full_name(self) -> str:
        one = self._settings
        return f"projects/{one.project}/locations/{one.location}/environments/{one.environment}"

    @cached_property
    def _environment(self) -> dict[str, Any]:
        return dict(self._call("GET", self._full_name))

    @property
    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = self._environment["config"]
        return config

    @property
    def _software(self) -> dict[str, Any]:
        software: dict[str, Any] = self._config.get("softwareConfig", {})
        return software

    @property
    def _bucket(self) -> str:
        """Its address, as `gs://bucket`."""
        return "gs://" + str(self._config["dagGcsPrefix"]).removeprefix("gs://").partition("/")[0]

    def _call(self, method: str, name: str, *, query: Mapping[str, str] | None = None, body: Any = None) -> Any:
        endpoint = os.environ.get(ENDPOINT_VARIABLE) or ENDPOINT
        return self._session.call(method, f"{endpoint.rstrip('/')}/v1/{name}", query=query, body=body)

    def _refuse_unusable(self) -> None:
        state = self._environment.get("state")
        if state != "RUNNING":
            raise DeployError(
                f"The environment is {state}",
                where=self._full_name,
                remedy="try again when its state is RUNNING: "
                f"gcloud composer environments describe {self._settings.environment} "
                f"--location {self._settings.location} --project {self._settings.project}",
            )
        image = str(self._software.get("imageVersion", ""))
        version = re.search(r"airflow-([\d.]+)", image)
        refuse_old(version[1].strip(".") if version else "0", where=f"{self._full_name}, image {image}")

    # Packages and variables

    def _wrong_packages(self, delivery: Delivery) -> dict[str, str]:
        """Return the packages that the environment lacks or has in another version."""
        planned = worker_packages(delivery, self._settings.requirements, also=())
        if planned.places:
            raise DeployError(
                "Composer takes no addresses of package indexes from a deploy",
                where=self._full_name,
                seen=", ".join(planned.places),
                remedy=f"write them to {self._bucket}/config/pip/pip.conf, and take them out of the requirements",
            )
        installed = self._software.get("pypiPackages", {})
        wanted = {one.name: f"{one.extras}{one.versions}" for one in planned.packages}
        return {name: versions for name, versions in wanted.items() if installed.get(name) != versions}

    def _package_steps(self, packages: Mapping[str, str]) -> Iterator[Step]:
        if packages:
            mask = ",".join(f"{_PACKAGES}.{name}" for name in sorted(packages))
            named = ", ".join(f"{name}{versions}" for name, versions in sorted(packages.items()))
            yield self._patch_step("install packages", f"install {named} in", mask, {"pypiPackages": dict(packages)})

    def _variable_steps(self) -> Iterator[Step]:
        present = self._software.get("envVariables", {})
        wanted = {**present, **self._settings.env_vars}
        if wanted != present:
            named = ", ".join(sorted(self._settings.env_vars))
            yield self._patch_step("set variables", f"set {named} in", _VARIABLES, {"envVariables": wanted})

    def _patch_step(self, name: str, doing: str, mask: str, software: Mapping[str, Any]) -> Step:
        what = (
            f"{doing} the environment '{self._settings.environment}', and wait: "
            "its machines are made anew, which takes 5 to 30 minutes"
        )
        body = {"config": {"softwareConfig": software}}
        return Step(phase=Phase.PREPARE, name=name, what=what, apply=lambda: self._patch(mask, body))

    def _patch(self, mask: str, body: Mapping[str, Any]) -> str:
        operation = self._call("PATCH", self._full_name, query={"updateMask": mask}, body=body)
        began, (pause_s, longest_s) = time.monotonic(), PAUSES_S
        while not operation.get("done"):
            if time.monotonic() - began > UPDATE_DEADLINE_S:
                raise self._endless(operation["name"])
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, longest_s)
            operation = self._call("GET", operation["name"])
        if "error" in operation:
            raise self._failed(operation["error"])
        return f"done after {time.monotonic() - began:.0f} s"

    def _failed(self, error: Mapping[str, Any]) -> DeployError:
        return DeployError(
            "The update of the environment failed",
            where=self._full_name,
            seen=str(error.get("message", error)),
            remedy="see the log of the environment's build; most often a version is not one that Composer's own "
            "packages allow. No DAG has changed",
        )

    def _endless(self, operation: str) -> RemoteError:
        return RemoteError(
            "The update of the environment does not end",
            where=operation,
            seen=f"not done after {UPDATE_DEADLINE_S:.0f} s",
            remedy="look at it in the console, then deploy again: what is done is not done twice",
        )
