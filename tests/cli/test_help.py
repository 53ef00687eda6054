"""The commands name themselves, and cost nothing before they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kedro_aloft.cli import airflow
from support.commands import run_python

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    "backfill",
    "check",
    "clear",
    "create",
    "deploy",
    "destroy",
    "diagnose",
    "diff",
    "doctor",
    "down",
    "image",
    "init",
    "learn",
    "list",
    "logs",
    "migrate",
    "pause",
    "plan",
    "preflight",
    "releases",
    "rollback",
    "rules",
    "run",
    "run-once",
    "schedule",
    "spark",
    "status",
    "test",
    "trigger",
    "ui",
    "unpause",
    "up",
    "watch",
)


def test_help_names_every_command() -> None:
    out = CliRunner().invoke(airflow, ["--help"]).output
    listed = {line.split()[0] for line in out.partition("Commands:")[2].splitlines() if line.strip()}
    assert listed == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = CliRunner().invoke(airflow, [name, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"kedro airflow {name}" in result.output


@pytest.mark.parametrize("name", ["create", "plan", "run", "check", "diff"])
def test_commands_share_their_options(name: str) -> None:
    out = CliRunner().invoke(airflow, [name, "--help"]).output
    for option in (
        *("--pipelines", "--env", "--group-by", "--conf-source", "--tags", "--nodes", "--from-nodes"),
        *("--to-nodes", "--from-inputs", "--to-outputs", "--namespaces", "--set"),
    ):
        assert option in out


def test_an_unknown_command_names_the_closest() -> None:
    result = CliRunner().invoke(airflow, ["crate"])
    assert result.exit_code == 2
    assert "create" in result.output


def test_the_group_imports_click_alone(tmp_path: Path) -> None:
    code = """
import sys
import kedro_aloft.cli
heavy = {"rich", "pydantic", "kedro", "airflow", "fsspec", "yaml"} & set(sys.modules)
print(sorted(heavy))
"""
    assert run_python(code, cwd=tmp_path).ok().out.strip() == "[]"
