"""Two clouds: stores by moto and gcp-storage-emulator, control planes by doubles of our own, and a real Airflow.

Commands and Airflow run in an environment of their own, which has the libraries of both clouds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.embedded import EmbeddedAirflow
from scripts.make_env import make_env
from support.airflow import locked
from support.buckets import gcs_server, kept, new_gcs_bucket, new_s3_bucket, s3_server
from support.commands import Done, run_command
from support.double import RealAirflow
from support.mwaa import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.buckets import Bucket
    from support.projects import Project

ROOT = Path(__file__).parents[2]
_CACHE = ROOT / ".cache" / "cloud"

_AIRFLOW = """
import sys
from pathlib import Path
from kedro_aloft.embedded import EmbeddedAirflow

with EmbeddedAirflow(Path(sys.argv[1]), parallelism=4).running():
    print("up", flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clouds:
    """Both clouds.

    Args:
        bin: Where the programs of the environment are.
        s3: Address of S3.
        gcs: Address of Cloud Storage.
        key: Where `GOOGLE_APPLICATION_CREDENTIALS` leads; a double of Composer writes it.
    """

    bin: Path
    s3: str
    gcs: str
    key: Path

    def variables(self, **more: str) -> dict[str, str]:
        """Return what a process needs to take the doubles for the clouds."""
        return {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "AWS_ENDPOINT_URL_S3": self.s3,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "aws-key-of-the-deployer",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "STORAGE_EMULATOR_HOST": self.gcs,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.key),
            "NO_GCE_CHECK": "true",
            # The libraries of the clouds ask the real ones for more than they were told to; nobody is there.
            "https_proxy": "http://127.0.0.1:9",
            # Without it gcsfs waits a minute for gRPC, which the emulator does not speak.
            "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
            **more,
        }

    def python(self, code: str, *words: str, cwd: Path | None = None, **variables: str) -> Done:
        """Run Python code in the environment."""
        return run_command(
            self.bin / "python", "-c", code, *words, cwd=cwd or self.key.parent, env=self.variables(**variables)
        )

    def kedro(self, project: Project, *words: str, **variables: str) -> Done:
        """Run `kedro airflow …` in the environment."""
        return run_command(self.bin / "kedro", "airflow", *words, cwd=project.path, env=self.variables(**variables))

    def s3_bucket(self, name: str, *, versioned: bool = True) -> Bucket:
        """Make a bucket of S3."""
        return new_s3_bucket(self.s3, name, versioned=versioned)

    def gcs_bucket(self, name: str) -> Bucket:
        """Make a bucket of Cloud Storage."""
        return new_gcs_bucket(self.gcs, name)


@pytest.fixture(scope="session")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    """The environment, made once per clone, and the stores."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with locked(_CACHE / "lock"):
        make_env(_CACHE / "environment", ROOT / "requirements" / "cloud.txt")
    python, folder = _CACHE / "environment" / "bin" / "python", tmp_path_factory.mktemp("clouds")
    with s3_server(python, folder / "s3.log") as s3, gcs_server(python, folder / "gcs.log") as gcs:
        yield Clouds(bin=python.parent, s3=s3, gcs=gcs, key=folder / "key.json")


@pytest.fixture(scope="session")
def cloud_airflow(clouds: Clouds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAirflow]:
    """One embedded Airflow in that environment; its DAG folder is what a test copies there from a bucket."""
    path = tmp_path_factory.mktemp("airflow")
    with kept(clouds.bin / "python", _AIRFLOW, str(path), env=clouds.variables(), log=path / "log.txt"):
        yield EmbeddedAirflow(path)


@pytest.fixture
def airflow_behind(cloud_airflow: EmbeddedAirflow) -> RealAirflow:
    """That Airflow as a double reaches it."""
    address = cloud_airflow.status().address
    assert address is not None
    return RealAirflow(address.url, address.username, address.password)


_STEPS = """
import json, sys
from pathlib import Path
from kedro_aloft.deploy.kinds import find_target
from kedro_aloft.deploy.steps import apply_steps, in_order
from kedro_aloft.deploy.target import Delivery
from kedro_aloft.errors import AloftError

order = json.loads(sys.argv[1])
said = {"steps": [], "told": [], "error": ""}
try:
    raw, project = {"targets": {"prod": order["target"]}}, Path(order["project"])
    target = find_target("prod", raw=raw, source="airflow.yml", project=project)
    delivery = Delivery(project=project, package=order["package"], env="base", compiled=(), release=None,
        dag_files={"shop_dag.py": order["dag"]}, requirements=order["requirements"], options=order["options"])
    steps = in_order(target.steps(delivery))
    said |= {"steps": [step.name for step in steps], "what": [step.what for step in steps],
        "overrides": dict(target.overrides()), "dags": target.dags().uri, "releases": target.releases()}
    if not order["dry"]:
        apply_steps(steps, after=lambda step, told: said["told"].append(told))
except AloftError as error:
    said["error"] = str(error)
print(json.dumps(said))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The special steps of a target, without a deploy around them."""

    clouds: Clouds
    project: Path
    target: dict[str, Any]
    variables: dict[str, str]

    def __call__(
        self,
        requirements: str = "kedro==1.7.0\npandas==2.2.3\n",
        *,
        dag: str = "from kedro_aloft.airflow import KedroPipeline\n",
        dry: bool = False,
        force: bool = False,
        package: str = "shop",
        **settings: Any,
    ) -> dict[str, Any]:
        """Apply them, or look at them; return names, what they told, and the error that ended them."""
        order = {
            "target": {**self.target, **settings},
            "project": str(self.project),
            "package": package,
            "dag": dag,
            "requirements": requirements,
            "options": {"force": force},
            "dry": dry,
        }
        done = self.clouds.python(_STEPS, json.dumps(order), **self.variables)
        said: dict[str, Any] = json.loads(done.ok().out.splitlines()[-1])
        return said
