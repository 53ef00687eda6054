"""Target `mwaa`: an environment of Amazon Managed Workflows for Apache Airflow.

The environment itself says where its bucket is. DAG files go to the DAG folder of the bucket, which the service copies
to its machines; releases stay beside it and are read by address, because that copy has no order. Requirements, plugins
and the startup script are objects with versions: a new one takes effect by an update of the environment.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from kedro_aloft.client import AirflowApi
from kedro_aloft.client.auth import no_token
from kedro_aloft.client.aws import aws_errors, connect_aws, read_object
from kedro_aloft.client.mwaa import MwaaTransport
from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.airflow import api_of
from kedro_aloft.deploy.packages import needs_packages, refuse_foreign, refuse_old, worker_packages
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import Capabilities
from kedro_aloft.errors import DeployError, RemoteError, UsageError
from kedro_aloft.render.managed import (
    CONSTRAINTS,
    owner_of,
    render_plugins,
    render_requirements,
    render_startup,
)
from kedro_aloft.settings.targets import MwaaTarget as MwaaSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.deploy.target import Delivery
    from kedro_aloft.settings.targets import TargetSettings

USABLE = ("AVAILABLE", "UPDATE_FAILED")
"""States in which an environment takes changes: after a failed update it is what it was before.

Source: MWAA API reference, Environment."""
PYTHON = "3.12"
"""Python of the service's Airflow 3. Source: MWAA user guide, Apache Airflow versions."""
UPDATE_DEADLINE_S = 3600.0
PAUSES_S = (0.5, 30.0)
"""The first and the longest pause between two looks at an update."""
_FOLDER = "kedro-aloft"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFile:
    """A file that takes effect by an update of the environment.

    Args:
        stem: Beginning of its fields in the API: `Requirements`, `Plugins`, `StartupScript`.
        key: Its object in the bucket.
        content: As it shall be.
    """

    stem: str
    key: str
    content: bytes


class MwaaTarget:
    """One environment."""

    kind: ClassVar[str] = "mwaa"
    capabilities: ClassVar[Capabilities] = Capabilities(
        live_s=600.0, set_variable="in `env_vars` of the target, unless it is a secret: {name}", several_machines=True
    )
    settings_model: ClassVar[type[TargetSettings]] = MwaaSettings

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None:
        assert isinstance(settings, MwaaSettings)
        self.name = name
        self._settings = settings
        self._project = project
        self._versions: dict[str, str] = {}

    def overrides(self) -> Mapping[str, Any]:
        """Several machines run the tasks: what they hand over is in the bucket."""
        return {"handoff.uri": self._settings.handoff or f"s3://{self._bucket}/{_FOLDER}/handoff"}

    def dags(self) -> FileStore:
        """The DAG folder of the bucket."""
        return FileStore(f"s3://{self._bucket}/{self._environment['DagS3Path'].strip('/')}")

    def store(self) -> FileStore:
        """The configured store, or a folder of the bucket that is not copied to every machine."""
        return FileStore(self.releases())

    def releases(self) -> str:
        """An address: the machines see the DAG folder alone as files."""
        return self._settings.store or f"s3://{self._bucket}/{_FOLDER}/releases"

    def steps(self, delivery: Delivery) -> Sequence[Step]:
        """Look at the environment; publish what its machines install, if that has changed."""
        self._refuse_unusable()
        if not self._settings.install or not needs_packages(delivery):
            return ()
        changed = [file for file in self._wanted(delivery) if self._current(file.stem) != file.content]
        if not changed:
            return ()
        names = ", ".join(file.key for file in changed)
        what = (
            f"update the environment '{self._settings.environment}' with {names}, and wait: "
            "its machines are made anew, which takes 20 to 30 minutes"
        )
        update = Step(phase=Phase.PREPARE, name="update environment", what=what, apply=lambda: self._update(changed))
        return (*(self._upload_step(file) for file in changed), update)

    def api(self) -> AirflowApi:
        """The Airflow that airflow.yml names, or the environment's own by AWS's credentials."""
        named = api_of(self._settings.airflow)
        if named is not None:
            return named
        url = f"https://{self._environment.get('WebserverUrl', '')}"
        transport = MwaaTransport(self._settings.environment, region=self._settings.region)
        return AirflowApi(url, token=no_token, transport=transport)

    # The environment

    @cached_property
    def _client(self) -> Any:
        return connect_aws("mwaa", region=self._settings.region)

    @cached_property
    def _s3(self) -> Any:
        return connect_aws("s3", region=self._settings.region)

    @cached_property
    def _environment(self) -> dict[str, Any]:
        return self._look()

    @property
    def _bucket(self) -> str:
        return str(self._environment["SourceBucketArn"]).rpartition(":")[2]

    @property
    def _where(self) -> str:
        region = self._client.meta.region_name
        return f"MWAA environment '{self._settings.environment}' in {region}"

    def _look(self) -> dict[str, Any]:
        with aws_errors(self._where):
            return dict(self._client.get_environment(Name=self._settings.environment)["Environment"])

    def _refuse_unusable(self) -> None:
        status = self._environment["Status"]
        if status not in USABLE:
            raise DeployError(
                f"The environment is {status}",
                where=self._where,
                seen=_failure(self._environment),
                remedy="try again when its status is AVAILABLE: "
                f"aws mwaa get-environment --name {self._settings.environment} --query Environment.Status",
            )
        refuse_old(self._environment["AirflowVersion"], where=self._where)
        self._refuse_unversioned()

    def _refuse_unversioned(self) -> None:
        with aws_errors(f"bucket {self._bucket}"):
            status = self._s3.get_bucket_versioning(Bucket=self._bucket).get("Status")
        if status != "Enabled":
            raise DeployError(
                "The bucket of the environment keeps no versions",
                where=f"s3://{self._bucket}",
                seen=f"versioning is {status or 'not set'}; updates of an environment name versions of objects",
                remedy=f"aws s3api put-bucket-versioning --bucket {self._bucket} "
                "--versioning-configuration Status=Enabled",
            )

    # Files that take effect by an update

    def _wanted(self, delivery: Delivery) -> Iterator[ServiceFile]:
        wheels = self._wheels()
        yield self._own("Requirements", "requirements.txt", self._requirements(delivery, tuple(wheels)), delivery)
        if wheels:
            yield self._own("Plugins", "plugins.zip", render_plugins(delivery.package, wheels), delivery)
        # One that we wrote is kept up to date; without variables there is no need for one.
        if self._settings.env_vars or owner_of(self._current("StartupScript") or b"") == delivery.package:
            script = render_startup(delivery.package, self._settings.env_vars)
            yield self._own("StartupScript", "startup.sh", script, delivery)

    def _wheels(self) -> dict[str, bytes]:
        paths = [self._project / one for one in self._settings.wheels]
        missing = [str(path) for path in paths if not path.is_file()]
        if missing:
            raise UsageError(
                "A wheel is not there",
                where=f"airflow.yml: targets.{self.name}.wheels",
                seen=", ".join(missing),
                remedy="build it first: `python -m build --wheel`",
            )
        return {path.name: path.read_bytes() for path in paths}

    def _requirements(self, delivery: Delivery, wheels: Sequence[str]) -> bytes:
        planned = worker_packages(delivery, self._settings.requirements, also=("s3fs",), wheels=wheels)
        constraint = self._settings.constraint
        if constraint is None:
            constraint = CONSTRAINTS.format(airflow=self._environment["AirflowVersion"], python=PYTHON)
        return render_requirements(
            delivery.package,
            [str(one) for one in planned.packages],
            constraint=constraint,
            places=planned.places,
            wheels=wheels,
        )

    def _own(self, stem: str, default: str, content: bytes, delivery: Delivery) -> ServiceFile:
        """Return the file at the environment's own key, unless somebody else wrote it."""
        key = str(self._environment.get(f"{stem}S3Path") or default)
        current = self._current(stem)
        if current is not None:
            refuse_foreign(owner_of(current), delivery, where=f"s3://{self._bucket}/{key}")
        return ServiceFile(stem=stem, key=key, content=content)

    def _current(self, stem: str) -> bytes | None:
        """Return the content that the environment uses; None when it uses none."""
        key, version = (self._environment.get(f"{stem}S3{field}") for field in ("Path", "ObjectVersion"))
        return read_object(self._s3, self._bucket, key, version=version)[0] if key and version else None

    def _upload_step(self, file: ServiceFile) -> Step:
        what = f"upload s3://{self._bucket}/{file.key}"
        return Step(phase=Phase.PREPARE, name=f"upload {file.key}", what=what, apply=lambda: self._upload(file))

    def _upload(self, file: ServiceFile) -> str:
        """Upload a file; one that an earlier attempt left there is taken as it is."""
        content, version = read_object(self._s3, self._bucket, file.key)
        if content != file.content:
            with aws_errors(f"s3://{self._bucket}/{file.key}"):
                answer = self._s3.put_object(Bucket=self._bucket, Key=file.key, Body=file.content)
            version = str(answer["VersionId"])
        self._versions[file.stem] = version
        return f"version {version}"

    def _update(self, files: Sequence[ServiceFile]) -> str:
        wanted: dict[str, str] = {}
        for file in files:
            wanted |= {f"{file.stem}S3Path": file.key, f"{file.stem}S3ObjectVersion": self._versions[file.stem]}
        with aws_errors(self._where):
            self._client.update_environment(Name=self._settings.environment, **wanted)
        return self._wait()

    def _wait(self) -> str:
        began, (pause_s, longest_s) = time.monotonic(), PAUSES_S
        while time.monotonic() - began < UPDATE_DEADLINE_S:
            found = self._look()
            if found["Status"] == "AVAILABLE":
                return f"the environment is available after {time.monotonic() - began:.0f} s"
            if found["Status"] not in ("UPDATING", "PENDING", "CREATING_SNAPSHOT", "ROLLING_BACK"):
                raise self._failed(found)
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, longest_s)
        raise RemoteError(
            "The update of the environment does not end",
            where=self._where,
            seen=f"still {found['Status']} after {UPDATE_DEADLINE_S:.0f} s",
            remedy="look at it in the AWS console, then deploy again: what is done is not done twice",
        )

    def _failed(self, found: Mapping[str, Any]) -> DeployError:
        return DeployError(
            f"The update of the environment failed: {found['Status']}",
            where=self._where,
            seen=_failure(found) or "the service gives no reason",
            remedy="see the log group of the environment for requirements_install and startup_script; most often a "
            "version of requirements.txt is not one that the constraints allow. No DAG has changed",
        )


def _failure(environment: Mapping[str, Any]) -> str:
    error = (environment.get("LastUpdate") or {}).get("Error") or {}
    return f"{error.get('ErrorCode', '')}: {error.get('ErrorMessage', '')}" if error else ""
