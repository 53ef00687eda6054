"""`kedro airflow up`, `status`, `run`, `down` as a user calls them, on one Airflow."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.embedded import EmbeddedAirflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.e2e, pytest.mark.airflow]


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Iterator[Project]:
    project = (
        module_builder("updown")
        .functions("def one(): return 1\ndef same(x): return x\ndef boom(x): raise ValueError('no luck')")
        .pipeline("__default__", "node(one, None, 'mem', name='first'), node(same, 'mem', 'kept', name='second')")
        .pipeline("broken", "node(one, None, 'mem', name='first'), node(boom, 'mem', 'never', name='boom')")
        .pickles("kept")
        .airflow_yml("default: {retries: 0}\n")
        .build()
    )
    yield project
    project.airflow("down")


@pytest.fixture
def up(project: Project) -> Project:
    """The project with its Airflow, whichever test was the last."""
    if EmbeddedAirflow(project.path).status().address is None:
        project.airflow("up").ok()
    return project


@pytest.fixture
def down(project: Project) -> Project:
    """The project without."""
    if EmbeddedAirflow(project.path).status().address is not None:
        project.airflow("down").ok()
    return project


def _of_project(project: Project) -> list[str]:
    """Command lines of all processes that know the project's own Airflow home."""
    marker = f"{project.path}/.airflow".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if marker in (entry / "environ").read_bytes() or marker in (entry / "cmdline").read_bytes():
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return found


def test_without_airflow_status_and_down_say_so(down: Project) -> None:
    done = down.airflow("status")
    assert (done.code, "is down" in done.out) == (1, True)
    assert "not up" in down.airflow("down").ok().text


def test_up_shows_the_ui_and_the_pipeline(down: Project) -> None:
    done = down.airflow("up").ok()
    url = re.search(r"http://127\.0\.0\.1:\d+", done.err)
    assert url, done.text
    with urllib.request.urlopen(f"{url[0]}/", timeout=60) as answer:
        assert b"Airflow" in answer.read()
    assert f"'{down.package}' is live" in done.err


def test_a_second_up_says_so(up: Project) -> None:
    assert "already up" in up.airflow("up").ok().err


def test_status_while_up(up: Project) -> None:
    assert "http://127.0.0.1:" in up.airflow("status").ok().text


def test_run_uses_it_and_leaves_it_up(up: Project) -> None:
    done = up.airflow("run", "--json").ok()
    outcome = json.loads(done.out)
    assert outcome["state"] == "success"
    assert "is up" in done.err
    assert up.pickled("kept") == 1
    assert "http://127.0.0.1:" in up.airflow("status").ok().text


def test_a_red_run_exits_1_and_says_why(up: Project) -> None:
    done = up.airflow("run", "-p", "broken")
    assert done.code == 1
    assert "no luck" in done.err
    states = {words[0]: words for line in done.out.splitlines() if (words := line.split())}
    assert states["first"][2] == "success"
    assert states["boom"][2] == "failed"


def test_down_leaves_nothing(up: Project) -> None:
    assert _of_project(up)
    assert "Airflow is down" in up.airflow("down").ok().text
    assert _of_project(up) == []
    assert up.airflow("status").code == 1
