"""`kedro airflow doctor` on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from support.commands import Done, run_command

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.embedded import EmbeddedAirflow


def doctor(*words: str, cwd: Path, **env: str) -> Done:
    """Outside of any project, without Kedro's start, with an Airflow home of its own."""
    argv = (sys.executable, "-m", "kedro_aloft", "doctor", *words)
    return run_command(*argv, cwd=cwd, env={"AIRFLOW_HOME": str(cwd / "home"), **env})


def test_it_works_where_nothing_is_configured(tmp_path: Path) -> None:
    done = doctor(cwd=tmp_path).ok()
    assert "✓ Version of Kedro" in done.out
    assert "no Airflow is configured here" in done.out
    assert "Key for logins" not in done.out
    assert not (tmp_path / "home").exists()


def test_a_warning_says_what_to_do_and_why_and_fails_nothing(tmp_path: Path) -> None:
    done = doctor(cwd=tmp_path, PYTHONDONTWRITEBYTECODE="1").ok()
    line, remedy, why = done.out.partition("! PYTHONDONTWRITEBYTECODE")[2].splitlines()[:3]
    assert line.endswith("bytecode-variable")
    assert "unset PYTHONDONTWRITEBYTECODE" in remedy
    assert "2.4 times slower" in why


@pytest.mark.airflow
def test_something_bad_fails(tmp_path: Path) -> None:
    done = doctor("--production", "--json", cwd=tmp_path, AIRFLOW__CORE__LOAD_EXAMPLES="True")
    assert done.code == 1
    states = {answer["code"]: answer["state"] for answer in done.json()}
    assert (states["database"], states["examples"], states["fernet-key"]) == ("bad", "warn", "bad")


@pytest.mark.airflow
def test_security_alone_leaves_out_what_production_needs(tmp_path: Path) -> None:
    done = doctor("--security", "--json", cwd=tmp_path, AIRFLOW__CORE__FERNET_KEY="x" * 44)
    codes = {answer["code"] for answer in done.json()}
    assert "jwt-secret" in codes
    assert "database" not in codes


def test_another_airflow_wants_a_login(tmp_path: Path) -> None:
    done = doctor("--on=http://127.0.0.1:9", cwd=tmp_path)
    assert (done.code, "KEDRO_ALOFT_AIRFLOW_TOKEN" in done.err) == (2, True)


@pytest.mark.parametrize("option", ["--security", "--production"])
def test_what_is_asked_here_is_not_asked_there(tmp_path: Path, option: str) -> None:
    done = doctor("--on=http://127.0.0.1:9", option, cwd=tmp_path, KEDRO_ALOFT_AIRFLOW_TOKEN="t")
    assert done.code == 2
    assert f"--on and {option} exclude each other" in done.err


def test_an_airflow_that_does_not_answer(tmp_path: Path) -> None:
    done = doctor("--on=http://127.0.0.1:9", cwd=tmp_path, KEDRO_ALOFT_AIRFLOW_TOKEN="t")
    assert done.code == 3


@pytest.mark.airflow
@pytest.mark.e2e
def test_another_airflow_is_asked(tmp_path: Path, shared_airflow: EmbeddedAirflow) -> None:
    api = shared_airflow.api()
    done = doctor("--on", api.url, "--json", cwd=tmp_path, KEDRO_ALOFT_AIRFLOW_TOKEN=api._bearer())
    states = {answer["code"]: answer["state"] for answer in done.json()}
    assert states["remote-health"] == states["remote-triggerer"] == "ok"
