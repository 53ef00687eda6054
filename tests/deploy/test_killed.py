"""A deploy that is killed leaves the old or the new, and the next one repairs; of two at once one wins."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import load_dags
from support.commands import run_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder

KILLS = int(os.environ.get("KEDRO_ALOFT_KILLS", "60"))
"""How many deploys are killed at random; set it to 200 and more to look longer."""

SIGKILL = -9


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    return (
        module_builder("shop")
        .functions("from .version import VERSION\ndef first(): return VERSION\ndef second(x): return x")
        .pipeline("__default__", "node(first, None, 'a', name='first'), node(second, 'a', 'b', name='second')")
        .pipeline("other", "node(first, None, 'c', name='third')")
        .pickles("b", "c")
        .file("src/{package}/version.py", "VERSION = 'a'\n")
        .build()
    )


@pytest.fixture
def drive(project: Project, tmp_path: Path) -> Callable[..., Any]:
    def run(what: str, *arguments: object) -> Any:
        script = Path(__file__).with_name("driver.py")
        words = [sys.executable, script, what, tmp_path / "dags", *map(str, arguments)]
        cache = {"KEDRO_ALOFT_RELEASES": str(tmp_path / "cache")}
        return json.loads(run_command(*words, cwd=project.path, env=cache).ok().out.splitlines()[-1])

    return run


def test_killed_before_each_of_its_steps_it_leaves_old_or_new(drive: Callable[..., Any], tmp_path: Path) -> None:
    results = drive("each_step")
    assert len(results) > 14
    assert {one["code"] for one in results} == {SIGKILL}
    assert all(one["repaired"] for one in results)
    states = [set(one["state"].values()) for one in results]
    assert {"a"} in states
    assert {"b"} in states
    assert all(state <= {"a", "b"} for state in states)
    before_the_claim = [one for one in results if one["step"].startswith(("upload", "claim"))]
    assert all(len(set(one["state"].values())) == 1 for one in before_the_claim)
    dags, errors = load_dags(tmp_path / "dags")
    assert not errors
    assert dags


def test_killed_anywhere_no_file_is_half_and_every_release_is_whole(drive: Callable[..., Any]) -> None:
    result = drive("touches", KILLS)
    assert result["touches"] > 50
    assert result["killed"] > KILLS / 2
    assert len(result["states"]) == KILLS
    assert all(set(state.values()) <= {"a", "b"} for state in result["states"])
    assert result["repaired"]


def test_of_two_deploys_at_once_one_wins_and_the_other_says_so(drive: Callable[..., Any]) -> None:
    rounds = drive("at_once", 8)
    for number, one in enumerate(rounds):
        assert sorted(one["codes"]) == [0, 2], one  # ALOFT-902
        winner = ("one", "two")[one["codes"].index(0)]
        assert set(one["state"].values()) == {f"{winner} {number}"}


def test_what_is_collected_while_it_is_brought_is_uploaded_again_or_refused(drive: Callable[..., Any]) -> None:
    result = drive("collected")
    assert set(result["deployed"].values()) == {"b"}
    assert "is not in the store" in result["refused"]
    assert set(result["state"].values()) == {"b"}
