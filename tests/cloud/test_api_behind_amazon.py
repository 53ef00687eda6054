"""The REST API of a real Airflow, reached as that of an MWAA environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.double import RealAirflow
from support.mwaa import Environment, MwaaDouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud.conftest import Clouds
    from kedro_aloft.embedded import EmbeddedAirflow

pytestmark = pytest.mark.e2e

_CALL = """
import json, sys
from kedro_aloft.client import AirflowApi
from kedro_aloft.client.auth import no_token
from kedro_aloft.client.mwaa import MwaaTransport
from kedro_aloft.errors import AloftError

api = AirflowApi("https://airflow.aws", token=no_token, transport=MwaaTransport("shop-airflow"))
said = []
for name, words in json.loads(sys.argv[1]):
    try:
        said.append(getattr(api, name)(*words))
    except AloftError as error:
        said.append(f"error: {error}")
print(json.dumps(said, default=str))
"""


@pytest.fixture
def mwaa(clouds: Clouds, shared_airflow: EmbeddedAirflow) -> Iterator[MwaaDouble]:
    address = shared_airflow.status().address
    assert address is not None
    behind = RealAirflow(address.url, address.username, address.password)
    with MwaaDouble(Environment(name="shop-airflow", bucket="shop"), behind, s3=clouds.s3) as double:
        yield double


def call(clouds: Clouds, mwaa: MwaaDouble, *calls: tuple[str, list[Any]]) -> list[Any]:
    done = clouds.python(_CALL, json.dumps(calls), AWS_ENDPOINT_URL_MWAA=mwaa.url)
    said: list[Any] = json.loads(done.ok().out.splitlines()[-1])
    return said


def test_short_calls_go_through_amazon_and_long_ones_to_the_web_server(clouds: Clouds, mwaa: MwaaDouble) -> None:
    long = "a_dag_with_a_name_that_is_longer_than_any_that_amazon_takes_in_a_path"
    version, pools, missing, longer = call(
        clouds, mwaa, ("version", []), ("pools", []), ("dag_details", ["no_such_dag"]), ("dag_details", [long])
    )
    assert version == "3.3.2"
    assert "default_pool" in [pool["name"] for pool in pools]
    assert (missing, longer) == (None, None)
    assert mwaa.calls == ["InvokeRestApi"] * 3 + ["CreateWebLoginToken", "WebServer", "WebServer"]


def test_what_airflow_refuses_is_told_as_anywhere_else(clouds: Clouds, mwaa: MwaaDouble) -> None:
    (said,) = call(clouds, mwaa, ("run", ["no_such_dag", "no_such_run"]))
    assert "HTTP status 404" in said
    assert "no_such_dag" in said


def test_what_amazon_refuses_names_the_permission(clouds: Clouds, mwaa: MwaaDouble) -> None:
    mwaa.denied = {"InvokeRestApi"}
    (said,) = call(clouds, mwaa, ("pools", []))
    assert "not authorized to perform: airflow:InvokeRestApi" in said
