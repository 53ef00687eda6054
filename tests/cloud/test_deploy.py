"""`kedro airflow deploy` to both managed Airflows: from a project to a green run, by way of their buckets alone."""

from __future__ import annotations

import json
import pickle
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from cloud.conftest import ROOT
from support import composer, mwaa
from support.projects import Project, ProjectBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud.conftest import Clouds
    from kedro_aloft.embedded import EmbeddedAirflow
    from support.buckets import Bucket
    from support.commands import Done
    from support.double import RealAirflow

pytestmark = pytest.mark.e2e

CANARIES = {
    "conf/local/credentials.yml": "shop: {password: canary-in-conf-local}\n",
    ".env": "PASSWORD=canary-in-env\n",
    "notebooks/look.ipynb": '{"password": "canary-in-notebook"}\n',
    "data/01_raw/customers.csv": "canary-in-data\n",
    ".git/config": "https://canary-in-git@example.com\n",
    ".venv/pyvenv.cfg": "canary-in-venv\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A managed Airflow: its bucket, what it takes to reach it, and the Airflow that it runs."""

    clouds: Clouds
    bucket: Bucket
    address: str
    double: Any
    target: dict[str, Any]
    variables: dict[str, str]
    folder: Path

    def kedro(self, project: Project, *words: str) -> Done:
        """Run a command while the service copies the DAG folder of its bucket to its machines."""
        with self.bucket.synced("dags/", self.folder):
            return self.clouds.kedro(project, *words, "--json", **self.variables)

    def deploy(self, project: Project, *words: str) -> Done:
        """Deploy."""
        return self.kedro(project, "deploy", "prod", *words)

    def dags(self) -> dict[str, bytes]:
        """Return what Airflow reads."""
        return {name: self.bucket.read(name) for name in self.bucket.names() if name.startswith("dags/")}

    def finish(self, project: Project, *words: str) -> dict[str, Any]:
        """Deploy, run and wait; return what the command printed."""
        outcome: dict[str, Any] = self.deploy(project, "--trigger", "--wait", *words).ok().json()
        assert [one["state"] for one in outcome["runs"]] == ["success"]
        return outcome

    def refuse_canaries(self) -> None:
        """Fail when anything secret is anywhere in the bucket."""
        everything = self.bucket.everything()
        found = [name for name, content in everything.items() if b"canary" in content or b"aws-key-of" in content]
        assert everything
        assert found == []


@contextmanager
def on_amazon(clouds: Clouds, airflow: EmbeddedAirflow, behind: RealAirflow, name: str) -> Iterator[World]:
    bucket = clouds.s3_bucket(name)
    with mwaa.MwaaDouble(mwaa.Environment(name="shop-airflow", bucket=name), behind, s3=clouds.s3) as double:
        yield World(
            clouds=clouds,
            bucket=bucket,
            address=f"s3://{name}",
            double=double,
            target={"kind": "mwaa", "environment": "shop-airflow"},
            variables={"AWS_ENDPOINT_URL_MWAA": double.url},
            folder=airflow.dags_folder / name,
        )


@contextmanager
def on_google(clouds: Clouds, airflow: EmbeddedAirflow, behind: RealAirflow, name: str) -> Iterator[World]:
    bucket = clouds.gcs_bucket(name)
    where = {"project": "shop-prod", "location": "europe-west1"}
    with composer.ComposerDouble(composer.Environment(**where, name="shop-airflow", bucket=name), behind) as double:
        double.write_key(clouds.key)
        yield World(
            clouds=clouds,
            bucket=bucket,
            address=f"gs://{name}",
            double=double,
            target={"kind": "composer", "environment": "shop-airflow", **where},
            variables={"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPOSER": double.url},
            folder=airflow.dags_folder / name,
        )


def shop(path: Path, world: World) -> Project:
    """Two tasks, with a dataset in memory between them, whose result lies in the bucket."""
    project = (
        ProjectBuilder(path)
        .functions("def start():\n    return 20\n\ndef add(number):\n    return number + 1\n")
        .pipeline("__default__", "node(start, None, 'number', name='start'), node(add, 'number', 'result', name='add')")
        .catalog(f"result: {{type: pickle.PickleDataset, filepath: '{world.address}/data/result.pkl'}}")
        .airflow_yml(json.dumps({"targets": {"prod": world.target}}))
        .build()
    )
    project.write("requirements.txt", "kedro==1.7.0\npandas==2.3.0\n")
    for name, text in CANARIES.items():
        project.write(name, text)
    return project


def change(project: Project, old: str, new: str) -> None:
    file = project.path / "src" / project.package / "functions.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def result(world: World) -> Any:
    return pickle.loads(world.bucket.read("data/result.pkl"))


def test_amazon_from_first_deploy_to_one_that_fails(
    clouds: Clouds, cloud_airflow: EmbeddedAirflow, airflow_behind: RealAirflow, tmp_path: Path
) -> None:
    with on_amazon(clouds, cloud_airflow, airflow_behind, "shop-from-first-to-last") as world:
        project = shop(tmp_path, world)

        world.finish(project)
        assert result(world) == 21
        assert len(world.double.updates) == 1
        world.refuse_canaries()
        first = world.dags()

        # Code alone: the environment is not updated.
        change(project, "number + 1", "number + 2")
        world.finish(project)
        assert result(world) == 22
        assert len(world.double.updates) == 1

        # Back to the first, and a look from outside, all of it by Amazon's API.
        world.kedro(project, "rollback", "prod").ok()
        assert world.dags() == first
        listed = world.kedro(project, "list", "--on=prod").ok().json()
        assert project.package in [one["dag_id"] for one in listed]

        # An update that fails: nothing that Airflow reads has changed.
        dags = world.dags()
        change(project, "number + 2", "number + 3")
        project.write("requirements.txt", "kedro==1.7.0\npandas==99\n")
        world.double.environment.fails_with = "No matching distribution found for pandas==99"
        failed = world.deploy(project)
        assert failed.code == 1
        assert "No matching distribution found for pandas==99" in failed.err
        assert world.dags() == dags
        world.refuse_canaries()


def test_google_from_first_deploy_to_one_that_fails(
    clouds: Clouds, cloud_airflow: EmbeddedAirflow, airflow_behind: RealAirflow, tmp_path: Path
) -> None:
    with on_google(clouds, cloud_airflow, airflow_behind, "shop-composer-from-first-to-last") as world:
        project = shop(tmp_path, world)

        world.finish(project)
        assert result(world) == 21
        assert len(world.double.patches) == 1
        assert world.double.environment.packages["pandas"] == "==2.3.0"

        change(project, "number + 1", "number + 2")
        world.finish(project)
        assert result(world) == 22
        assert len(world.double.patches) == 1

        dags = world.dags()
        change(project, "number + 2", "number + 3")
        project.write("requirements.txt", "kedro==1.7.0\npandas==99\n")
        world.double.environment.fails_with = "Failed to install PyPI packages: pandas==99"
        failed = world.deploy(project)
        assert failed.code == 1
        assert "Failed to install PyPI packages: pandas==99" in failed.err
        assert world.dags() == dags
        world.refuse_canaries()


def test_an_environment_that_is_not_there_ends_the_command_before_anything(
    clouds: Clouds, cloud_airflow: EmbeddedAirflow, airflow_behind: RealAirflow, tmp_path: Path
) -> None:
    with on_amazon(clouds, cloud_airflow, airflow_behind, "shop-without-environment") as world:
        world.target["environment"] = "another"
        done = world.deploy(shop(tmp_path, world))
        assert done.code == 3
        assert "MWAA environment 'another' in eu-west-1" in done.err
        assert world.bucket.names() == []


def test_pods_on_google_need_no_package(
    clouds: Clouds, cloud_airflow: EmbeddedAirflow, airflow_behind: RealAirflow, tmp_path: Path
) -> None:
    with on_google(clouds, cloud_airflow, airflow_behind, "shop-composer-with-pods") as world:
        project = shop(tmp_path, world)
        gke = {"project": "shop-prod", "location": "europe-west1", "cluster": "batch"}
        settings = {"execution": "gke", "image": "registry.example.org/shop:1.4.2", "gke": gke}
        project.write("conf/base/airflow.yml", json.dumps({"default": settings, "targets": {"prod": world.target}}))
        steps = [one["step"] for one in world.deploy(project, "--dry-run").ok().json()["steps"]]
        assert f"flip {project.package}_dag.py" in steps
        assert "install packages" not in steps
        assert world.bucket.names() == []
        assert world.double.patches == []


def test_spaceflights_on_amazon(
    clouds: Clouds, cloud_airflow: EmbeddedAirflow, airflow_behind: RealAirflow, tmp_path: Path
) -> None:
    path = tmp_path / "spaceflights"
    shutil.copytree(ROOT / "examples" / "spaceflights", path, ignore=shutil.ignore_patterns("data", ".airflow"))
    project = Project(path, "spaceflights")
    clouds.python("import runpy; runpy.run_path('make_data.py', run_name='__main__')", cwd=path).ok()
    with on_amazon(clouds, cloud_airflow, airflow_behind, "spaceflights-airflow") as world:
        for file in sorted((path / "data" / "01_raw").iterdir()):
            world.bucket.write(f"data/01_raw/{file.name}", file.read_bytes())
        # What the user does once: the data is where all machines reach it, and airflow.yml names the environment.
        catalog = (path / "conf" / "base" / "catalog.yml").read_text()
        project.write("conf/aws/catalog.yml", catalog.replace("filepath: data/", f"filepath: {world.address}/data/"))
        project.write("conf/aws/airflow.yml", json.dumps({"targets": {"prod": world.target}}))

        outcome = world.finish(project, "--env=aws")
        assert outcome["deployment"] == 1
        assert "data/08_reporting/capacity_by_shuttle_type.csv" in world.bucket.names()
        world.refuse_canaries()
