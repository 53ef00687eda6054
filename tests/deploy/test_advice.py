"""What a deploy says that the Airflow needs besides."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from kedro_aloft.deploy.advice import Needs, tell_needs

if TYPE_CHECKING:
    from support.projects import ProjectBuilder

NOTHING = Needs(roots={}, logins=(), variables=(), missing=())


def test_nothing_is_said_when_nothing_is_needed() -> None:
    assert tell_needs(NOTHING, set_variable="{name}") == ""


def test_a_handoff_on_one_disk_is_said_where_there_are_several() -> None:
    needs = replace(NOTHING, handoff=".airflow/handoff")
    assert tell_needs(needs, set_variable="{name}") == ""
    assert "handoff: {uri:" in tell_needs(needs, set_variable="{name}", several_machines=True)


def test_a_real_deploy_says_what_catalog_and_configuration_reach_for(builder: ProjectBuilder) -> None:
    project = (
        builder.functions("def same(x): return x")
        .pipeline("__default__", "node(same, 'raw', 'clean', name='a'), node(same, 'clean', 'sales', name='b')")
        .catalog(
            """
            raw: {type: pandas.CSVDataset, filepath: s3://shop-raw/companies.csv}
            clean: {type: pickle.PickleDataset, filepath: data/clean.pkl}
            sales: {type: pandas.SQLTableDataset, table_name: sales, credentials: warehouse}
            """
        )
        .file("conf/base/credentials.yml", "warehouse: {con: '${oc.env:WAREHOUSE}', echo: '${oc.env:ECHO,no}'}\n")
        .build()
    )
    project.write("requirements.txt", "kedro\npandas\n")
    server = {"kind": "compose", "path": "../server", "start": False}
    project.write("conf/base/airflow.yml", json.dumps({"targets": {"server": server}}))
    said = " ".join(project.airflow("deploy", "server", env={"WAREHOUSE": "canary-7f3b9c"}).ok().text.split())
    assert "data at s3://shop-raw: raw" in said
    assert "s3:ListBucket" in said
    assert "in .env on the server: WAREHOUSE=…" in said
    assert "ECHO" not in said
    assert "did not go along: sales" in said
    assert "libraries that no requirement names: s3fs" in said
    assert "canary" not in said
    written = [path for path in (project.path / "../server").resolve().rglob("*") if path.is_file()]
    assert (project.path / "../server/compose.yaml").resolve() in written
    assert not [path for path in written if b"canary-7f3b9c" in path.read_bytes()]
