"""What a deploy does to an MWAA environment, by the steps of the target alone: packages, variables, refusals."""

from __future__ import annotations

import io
import itertools
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from cloud.conftest import Steps
from kedro_aloft import __version__
from support.double import RealAirflow
from support.mwaa import Environment, MwaaDouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud.conftest import Clouds
    from support.buckets import Bucket

NO_AIRFLOW = RealAirflow("http://127.0.0.1:9", "", "")
UPLOAD, UPDATE = "upload requirements.txt", "update environment"


_NUMBERS = itertools.count(1)


@pytest.fixture
def bucket(clouds: Clouds) -> Bucket:
    return clouds.s3_bucket(f"shop-airflow-{next(_NUMBERS)}")


@pytest.fixture
def mwaa(clouds: Clouds, bucket: Bucket) -> Iterator[MwaaDouble]:
    with MwaaDouble(Environment(name="shop-airflow", bucket=bucket.name), NO_AIRFLOW, s3=clouds.s3) as double:
        yield double


@pytest.fixture
def deploy(clouds: Clouds, mwaa: MwaaDouble, tmp_path: Path) -> Steps:
    target: dict[str, Any] = {"kind": "mwaa", "environment": "shop-airflow"}
    return Steps(clouds=clouds, project=tmp_path, target=target, variables={"AWS_ENDPOINT_URL_MWAA": mwaa.url})


def test_the_environment_says_where_everything_is(deploy: Steps, bucket: Bucket) -> None:
    said = deploy(dry=True)
    assert said["dags"] == f"s3://{bucket.name}/dags"
    assert said["releases"] == f"s3://{bucket.name}/kedro-aloft/releases"
    assert said["overrides"] == {"handoff.uri": f"s3://{bucket.name}/kedro-aloft/handoff"}


def test_a_dry_run_says_how_long_it_takes_and_changes_nothing(deploy: Steps, bucket: Bucket, mwaa: MwaaDouble) -> None:
    said = deploy(dry=True)
    assert said["steps"] == [UPLOAD, UPDATE]
    assert "20 to 30 minutes" in said["what"][1]
    assert (bucket.names(), mwaa.updates) == ([], [])


def test_packages_are_installed_once(deploy: Steps, bucket: Bucket, mwaa: MwaaDouble) -> None:
    first, again = deploy(), deploy()
    assert first["steps"] == [UPLOAD, UPDATE]
    assert (first["error"], again["error"]) == ("", "")
    assert again["steps"] == []
    assert len(mwaa.updates) == 1
    assert bucket.read("requirements.txt").decode().splitlines() == [
        "# Written by `kedro airflow deploy` for the project `shop`.",
        '--constraint "https://raw.githubusercontent.com/apache/airflow/constraints-3.0.6/constraints-3.12.txt"',
        f"kedro-aloft=={__version__}",
        "kedro==1.7.0",
        "pandas==2.2.3",
        "s3fs",
    ]
    assert mwaa.environment.status == "AVAILABLE"


def test_other_packages_are_another_update(deploy: Steps, mwaa: MwaaDouble) -> None:
    deploy()
    assert deploy("kedro==1.7.0\npandas==2.3.0\n")["steps"] == [UPLOAD, UPDATE]
    assert len({one["RequirementsS3ObjectVersion"] for one in mwaa.updates}) == 2


def test_variables_and_wheels(deploy: Steps, bucket: Bucket, tmp_path: Path) -> None:
    more = {"env_vars": {"SHOP_BUCKET": "shop-data"}, "wheels": ["shop_lib-1.0-py3-none-any.whl"]}
    assert "A wheel is not there" in deploy(**more)["error"]
    (tmp_path / "shop_lib-1.0-py3-none-any.whl").write_bytes(b"a wheel")
    said = deploy(**more)
    assert said["steps"] == [UPLOAD, "upload plugins.zip", "upload startup.sh", UPDATE]
    assert deploy(**more)["steps"] == []
    assert b"export SHOP_BUCKET=shop-data\n" in bucket.read("startup.sh")
    assert bucket.read("requirements.txt").endswith(b"/usr/local/airflow/plugins/shop_lib-1.0-py3-none-any.whl\n")
    with zipfile.ZipFile(io.BytesIO(bucket.read("plugins.zip"))) as archive:
        assert archive.namelist() == ["shop_lib-1.0-py3-none-any.whl"]
    assert deploy(wheels=more["wheels"])["steps"] == ["upload startup.sh", UPDATE]
    assert b"SHOP_BUCKET" not in bucket.read("startup.sh")


def test_a_failed_update_says_why_and_the_next_deploy_goes_on(deploy: Steps, bucket: Bucket, mwaa: MwaaDouble) -> None:
    mwaa.environment.fails_with = "No matching distribution found for pandas==99"
    said = deploy()
    assert "INCORRECT_CONFIGURATION: No matching distribution found for pandas==99" in said["error"]
    assert "UPDATE_FAILED" in said["error"]
    mwaa.environment.fails_with = ""
    versions = len(mwaa.updates)
    assert deploy()["error"] == ""
    assert len(mwaa.updates) == versions + 1
    # What the first attempt had uploaded is not uploaded again.
    assert len({one["RequirementsS3ObjectVersion"] for one in mwaa.updates}) == 1
    assert bucket.names() == ["requirements.txt"]


@pytest.mark.parametrize("status", ["UPDATING", "UNAVAILABLE"])
def test_an_environment_that_is_busy_is_left_alone(deploy: Steps, mwaa: MwaaDouble, status: str) -> None:
    mwaa.environment.status, mwaa.looks_left = status, 100
    error = deploy()["error"]
    assert f"The environment is {status}" in error
    assert "aws mwaa get-environment --name shop-airflow" in error


def test_airflow_2_is_refused(deploy: Steps, mwaa: MwaaDouble, bucket: Bucket) -> None:
    mwaa.environment.airflow_version = "2.10.3"
    assert "The environment has Airflow 2.10.3" in deploy()["error"]
    assert bucket.names() == []


def test_a_bucket_without_versions_is_refused(clouds: Clouds, deploy: Steps, mwaa: MwaaDouble) -> None:
    mwaa.environment.bucket = clouds.s3_bucket("shop-without-versions", versioned=False).name
    error = deploy()["error"]
    assert "keeps no versions" in error
    assert "aws s3api put-bucket-versioning --bucket shop-without-versions" in error


@pytest.mark.parametrize("operation", ["GetEnvironment", "UpdateEnvironment"])
def test_a_missing_permission_is_named(deploy: Steps, mwaa: MwaaDouble, operation: str) -> None:
    mwaa.denied = {operation}
    error = deploy()["error"]
    assert "AccessDeniedException" in error
    assert f"not authorized to perform: airflow:{operation}" in error


def test_another_region_has_no_such_environment(deploy: Steps) -> None:
    error = deploy(region="us-east-1")["error"]
    assert "ResourceNotFoundException" in error
    assert "MWAA environment 'shop-airflow' in us-east-1" in error
    assert "aws mwaa list-environments --region" in error


def test_nobody_is_logged_in(deploy: Steps) -> None:
    deploy.variables.update(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_SHARED_CREDENTIALS_FILE="/dev/null")
    error = deploy()["error"]
    assert "NoCredentialsError" in error
    assert "aws sso login" in error


def test_requirements_of_somebody_else_stay(deploy: Steps, bucket: Bucket) -> None:
    assert deploy(package="bakery")["error"] == ""
    theirs = bucket.read("requirements.txt")
    error = deploy()["error"]
    assert "written for the project `bakery`" in error
    assert bucket.read("requirements.txt") == theirs
    assert deploy(force=True)["error"] == ""
    assert bucket.read("requirements.txt") != theirs


def test_install_false_leaves_the_environment_alone(deploy: Steps, bucket: Bucket, mwaa: MwaaDouble) -> None:
    assert deploy(install=False)["steps"] == []
    assert deploy(dag="from airflow.sdk import DAG\n")["steps"] == []
    assert (bucket.names(), mwaa.updates) == ([], [])
