"""The bench measures real things: a command, two real `create`s, a real parse, a real Airflow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from bench import dags
from bench.airflow import started
from bench.commands import BenchError, measure
from bench.creating import measure_creating
from bench.figures import Figures
from bench.projects import chain, layered, write_synthetic

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_is_measured_alone(tmp_path: Path) -> None:
    code = "import sys; block = bytearray(90 * 2**20); print(sys.argv)"
    used = measure([sys.executable, "-S", "-c", code, "a b"], cwd=tmp_path, env={})
    assert used.output == "['-c', 'a b']\n"
    assert 90 < used.peak_mib < 130
    assert used.cpu_s > 0
    small = measure([sys.executable, "-S", "-c", ""], cwd=tmp_path, env={})
    assert small.peak_mib < 30, "the memory of the bench itself must not count"


def test_a_command_that_fails_gives_no_figure(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"(?s)ended with 3.*it is broken"):
        measure([sys.executable, "-c", "print('it is broken'); raise SystemExit(3)"], cwd=tmp_path, env={})


def test_a_figure_has_three_parts() -> None:
    with pytest.raises(ValueError, match=r"case\.variant\.measure"):
        Figures().add("spaceflights.makespan_s", 1.0)


def test_figures_survive_their_file(tmp_path: Path) -> None:
    figures = Figures(about={"cores": 2})
    figures.add("case.ours.wall_s", 1.23456789)
    figures.write(tmp_path / "results.json")
    assert Figures.read(tmp_path / "results.json").samples == {"case.ours.wall_s": [1.235]}


def test_synthetic_projects_are_the_same_every_time() -> None:
    assert layered(100) == layered(100)
    assert all(parent // 10 == child // 10 - 1 for child, ones in enumerate(layered(100).parents) for parent in ones)
    assert chain(12, 0.3).work_s == pytest.approx(3.6)


def test_both_commands_create() -> None:
    figures = Figures()
    measure_creating(figures, sizes=(10,), repeats=1)
    assert figures.median("create-10.ours-create.cpu_s") > 0
    assert figures.median("create-10.kedro-airflow-create.cpu_s") > 0


@pytest.mark.airflow
@pytest.mark.e2e
def test_a_dag_run_is_measured(tmp_path: Path) -> None:
    shape = chain(2, 0.01)
    project = write_synthetic(tmp_path, shape)
    with started(project, 2) as airflow:
        airflow.place("bare", dags.bare("bare", shape.parents))
        run = airflow.run("bare", memory=True)
        airflow.place("theirs", dags.theirs(project, tmp_path / "theirs", "theirs"))
        theirs = airflow.run("theirs")
    assert (run.tasks, theirs.tasks) == (2, 2)
    assert theirs.cpu_s > run.cpu_s > 0
    assert theirs.makespan_s > 0
    assert (project / "data" / "d1.pkl").exists()


def test_a_dag_that_does_not_load_gives_no_figure(tmp_path: Path) -> None:
    from bench.parsing import _parse

    file = tmp_path / "broken.py"
    file.write_text("from airflow.sdk import DAG\nraise RuntimeError('no')\n", encoding="utf-8")
    with pytest.raises(BenchError, match="does not load"):
        _parse(tmp_path, {"broken": file})
