"""`check` and `rules` as people and services call them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.cli.sarif import as_sarif_log
from kedro_aloft.rules import RULES, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder

AIRFLOW_YML = """\
# How shop runs.
default:
  schedule: "0 6 * * *"   # after the night load
  retries: 0              # until the network is better
  catchup: false
"""


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    """One info (hour of UTC) and more, one warning (no retries) with a fix, one error (saved over)."""
    return (
        module_builder("checked")
        .functions("def pair(x): return x, x\ndef use(x): return x")
        .pipeline(
            "__default__",
            """
            node(pair, "orders", ["train", "test"], name="split"),
            node(use, "train", "model", name="fit"),
            """,
        )
        .catalog(
            """
            orders: {type: pandas.CSVDataset, filepath: "s3://shop/orders.csv"}
            train: {type: pickle.PickleDataset, filepath: data/set.pkl}
            test: {type: pickle.PickleDataset, filepath: data/set.pkl}
            """
        )
        .airflow_yml(AIRFLOW_YML)
        .build()
    )


def test_every_finding_has_its_place(project: Project) -> None:
    done = project.airflow("check", "--json")
    found = {one["code"]: one for one in done.json()}
    assert done.code == 1
    assert (found["ALOFT-B01"]["severity"], found["ALOFT-B01"]["file"]) == ("error", "conf/base/catalog.yml")
    assert found["ALOFT-B01"]["line"] == 3
    assert (found["ALOFT-V07"]["file"], found["ALOFT-V07"]["line"]) == ("conf/base/airflow.yml", 4)
    assert found["ALOFT-V07"]["fixable"]
    assert found["ALOFT-T11"]["severity"] == "info"


@pytest.mark.parametrize("command", ["create", "run"])
def test_errors_are_refused_and_infos_not_shown(project: Project, command: str) -> None:
    before = project.tree()
    done = project.airflow(command)
    assert done.code == 1
    assert "conf/base/catalog.yml:3" in done.err
    assert "ALOFT-V07" in done.err
    assert "ALOFT-T11" not in done.text
    assert project.tree() == before
    assert not (project.path / ".airflow").exists()


def test_chosen_rules_alone_are_asked(project: Project) -> None:
    assert {one["code"] for one in project.airflow("check", "--json", "--select=no-retries,T11").ok().json()} == {
        "ALOFT-V07",
        "ALOFT-T11",
    }
    assert "ALOFT-B01" not in project.airflow("check", "--ignore=B").ok().text


def test_a_rule_that_does_not_exist_is_wrong_usage(project: Project) -> None:
    done = project.airflow("check", "--select=no-retrys")
    assert done.code == 2
    assert "no-retries" in done.err


def test_sarif(project: Project) -> None:
    done = project.airflow("check", "--sarif")
    log = json.loads(done.out)
    (run,) = log["runs"]
    assert (done.code, log["version"]) == (1, "2.1.0")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [rule.code for rule in RULES]
    (error,) = [result for result in run["results"] if result["level"] == "error"]
    assert error["ruleId"] == "ALOFT-B01"
    (place,) = error["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "conf/base/catalog.yml"
    assert place["physicalLocation"]["region"] == {"startLine": 3}


def test_errors_before_the_rules_are_findings_for_programs(builder: ProjectBuilder) -> None:
    """A code scanning service that gets no log shows what it was told before."""
    project = _small(builder).airflow_yml("default:\n  retries: 1\n  schedule_intervall: '@daily'\n").build()
    done = project.airflow("check", "--json")
    (one,) = done.json()
    assert (done.code, one["code"], one["severity"]) == (1, "ALOFT-200", "error")
    assert (one["file"], one["line"]) == ("conf/base/airflow.yml", 3)
    assert "schedule_intervall" in done.err
    project.write(f"src/{project.package}/pipeline_registry.py", "import nowhere_at_all\n")
    done = project.airflow("check", "--sarif")
    (result,) = json.loads(done.out)["runs"][0]["results"]
    assert (done.code, result["ruleId"]) == (1, "ALOFT-102")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == f"src/{project.package}/pipeline_registry.py"


def test_every_result_of_sarif_has_a_place() -> None:
    """Services refuse a log with a result that has none."""
    found = [Finding(code="ALOFT-1", severity=Severity.ERROR, message="m", file=file) for file in ("", "conf/a b.yml")]
    results = as_sarif_log(found)["runs"][0]["results"]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results]
    assert places == ["pyproject.toml", "conf/a%20b.yml"]


def test_the_rules_are_listed(project: Project) -> None:
    rows = project.airflow("rules", "--json").ok().json()
    assert [row["code"] for row in rows] == [rule.code for rule in RULES]
    assert {"code", "severity", "family", "summary"} <= set(rows[0])


def _small(builder: ProjectBuilder) -> ProjectBuilder:
    return (
        builder.functions("def use(x): return x")
        .pipeline("__default__", 'node(use, "orders", "model", name="fit")')
        .catalog('orders: {type: pandas.CSVDataset, filepath: "s3://shop/orders.csv"}')
        .airflow_yml(AIRFLOW_YML)
    )


def test_fix_shows_what_it_would_do_and_asks(builder: ProjectBuilder) -> None:
    project = _small(builder).build()
    done = project.airflow("check", "--fix")
    assert done.code == 2
    assert "-  retries: 0  " in done.out
    assert "+  retries: 1  " in done.out
    assert (project.path / "conf/base/airflow.yml").read_text() == AIRFLOW_YML


def test_fix_keeps_every_other_character(builder: ProjectBuilder) -> None:
    project = _small(builder).build()
    project.airflow("check", "--fix", "--yes").ok()
    expected = AIRFLOW_YML.replace("retries: 0", "retries: 1")
    assert (project.path / "conf/base/airflow.yml").read_text() == expected
    assert "ALOFT-V07" not in project.airflow("check", "--json").ok().text


def test_fix_keeps_the_line_ends_of_windows(builder: ProjectBuilder) -> None:
    project = _small(builder).build()
    path = project.path / "conf/base/airflow.yml"
    path.write_bytes(AIRFLOW_YML.replace("\n", "\r\n").encode())
    project.airflow("check", "--fix", "--yes").ok()
    assert path.read_bytes() == AIRFLOW_YML.replace("retries: 0", "retries: 1").replace("\n", "\r\n").encode()


def test_a_finding_is_silenced_beside_it_or_in_settings(builder: ProjectBuilder) -> None:
    project = _small(builder).build()
    commented = AIRFLOW_YML.replace("# until the network is better", "# aloft: ignore[V07] the network is a cable")
    project.write("conf/base/airflow.yml", commented + "  check:\n    ignore: {hour-of-utc: all of us live in UTC}\n")
    found = {one["code"] for one in project.airflow("check", "--json").ok().json()}
    assert not found & {"ALOFT-V07", "ALOFT-T11", "ALOFT-C05", "ALOFT-C06"}
    assert "2 findings silenced" in project.airflow("check").ok().err
