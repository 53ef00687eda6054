"""What a deploy does to a Composer environment, by the steps of the target alone: packages, variables, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloud.conftest import Steps
from kedro_aloft import __version__
from support.composer import ComposerDouble, Environment
from support.double import RealAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud.conftest import Clouds

NO_AIRFLOW = RealAirflow("http://127.0.0.1:9", "", "")
WHERE = {"project": "shop-prod", "location": "europe-west1"}
STOCK = "from airflow.providers.google.cloud.operators.kubernetes_engine import GKEStartPodOperator\n"


@pytest.fixture
def composer(clouds: Clouds) -> Iterator[ComposerDouble]:
    environment = Environment(**WHERE, name="shop-airflow", bucket="europe-west1-shop-airflow")
    with ComposerDouble(environment, NO_AIRFLOW) as double:
        double.write_key(clouds.key)
        yield double


@pytest.fixture
def deploy(clouds: Clouds, composer: ComposerDouble, tmp_path: Path) -> Steps:
    target: dict[str, Any] = {"kind": "composer", "environment": "shop-airflow", **WHERE}
    variables = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPOSER": composer.url}
    return Steps(clouds=clouds, project=tmp_path, target=target, variables=variables)


def test_the_environment_says_where_everything_is(deploy: Steps) -> None:
    said = deploy(dry=True)
    assert said["dags"] == "gs://europe-west1-shop-airflow/dags"
    assert said["releases"] == "gs://europe-west1-shop-airflow/kedro-aloft/releases"
    assert said["overrides"] == {"handoff.uri": "gs://europe-west1-shop-airflow/kedro-aloft/handoff"}


def test_packages_that_differ_are_installed_once_and_others_stay(deploy: Steps, composer: ComposerDouble) -> None:
    composer.environment.packages = {"flour": "==1.0", "pandas": "==2.2.3"}
    first, again = deploy(), deploy()
    assert (first["error"], again["error"]) == ("", "")
    assert (first["steps"], again["steps"]) == (["install packages"], [])
    ((mask, _),) = composer.patches
    assert mask == "config.softwareConfig.pypiPackages.kedro,config.softwareConfig.pypiPackages.kedro-aloft"
    assert composer.environment.packages == {
        "flour": "==1.0",
        "kedro": "==1.7.0",
        "kedro-aloft": f"=={__version__}",
        "pandas": "==2.2.3",
    }


def test_variables_are_added_to_those_that_are_there(deploy: Steps, composer: ComposerDouble) -> None:
    composer.environment.variables = {"BAKERY": "1"}
    said = deploy(env_vars={"SHOP_BUCKET": "shop-data"})
    assert said["steps"] == ["install packages", "set variables"]
    assert said["error"] == ""
    assert composer.environment.variables == {"BAKERY": "1", "SHOP_BUCKET": "shop-data"}
    assert deploy(env_vars={"SHOP_BUCKET": "shop-data"})["steps"] == []


def test_dags_of_pods_need_no_package(deploy: Steps, composer: ComposerDouble) -> None:
    assert deploy(dag=STOCK)["steps"] == []
    assert composer.patches == []


def test_a_dry_run_changes_nothing(deploy: Steps, composer: ComposerDouble) -> None:
    said = deploy(dry=True)
    assert "5 to 30 minutes" in said["what"][0]
    assert composer.patches == []


def test_a_failed_update_says_why_and_can_be_tried_again(deploy: Steps, composer: ComposerDouble) -> None:
    composer.environment.fails_with = "Failed to install PyPI packages: pandas==99"
    error = deploy()["error"]
    assert "Failed to install PyPI packages: pandas==99" in error
    assert "No DAG has changed" in error
    composer.environment.fails_with = ""
    assert deploy()["error"] == ""


def test_an_environment_that_is_busy_is_left_alone(deploy: Steps, composer: ComposerDouble) -> None:
    composer.environment.state = "UPDATING"
    assert "The environment is UPDATING" in deploy()["error"]
    assert composer.patches == []


def test_airflow_2_is_refused(deploy: Steps, composer: ComposerDouble) -> None:
    composer.environment.image = "composer-3-airflow-2.10.5-build.7"
    assert "needs Airflow 3.0.6" in deploy()["error"]


def test_another_location_has_no_such_environment(deploy: Steps) -> None:
    error = deploy(location="us-central1")["error"]
    assert "projects/shop-prod/locations/us-central1/environments/shop-airflow' was not found" in error
    assert "gcloud composer environments list" in error


@pytest.mark.parametrize("call", ["environments.get", "environments.patch"])
def test_a_missing_permission_is_named(deploy: Steps, composer: ComposerDouble, call: str) -> None:
    composer.denied = {call}
    error = deploy()["error"]
    assert f"Permission 'composer.{call}' denied" in error
    assert "deploy-to-composer.md" in error


def test_nobody_is_logged_in(deploy: Steps) -> None:
    deploy.variables.update(GOOGLE_APPLICATION_CREDENTIALS="/dev/null/none.json")
    error = deploy()["error"]
    assert "gcloud auth application-default login" in error


def test_an_index_of_the_requirements_is_not_lost_silently(deploy: Steps) -> None:
    error = deploy("--extra-index-url https://example.com/simple\npandas==2.2.3\n")["error"]
    assert "gs://europe-west1-shop-airflow/config/pip/pip.conf" in error
