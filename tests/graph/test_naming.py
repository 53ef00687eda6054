"""Any name becomes an id that Airflow accepts, and the same one for ever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.strategies import HOSTILE_NAMES, LAWS
from kedro_aloft.graph.naming import MAX_ID_LENGTH, airflow_id, digest

if TYPE_CHECKING:
    from pathlib import Path

_ANY_NAME = st.text(st.characters(), min_size=1) | st.sampled_from(HOSTILE_NAMES)


@LAWS
@given(name=_ANY_NAME, max_length=st.integers(20, MAX_ID_LENGTH))
@example(name="\ud800", max_length=MAX_ID_LENGTH)
def test_every_id_is_valid(name: str, max_length: int) -> None:
    found = airflow_id(name, max_length=max_length)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", found)
    assert len(found) <= max_length


@LAWS
@given(names=st.lists(_ANY_NAME, unique=True, min_size=2, max_size=30))
def test_two_names_never_share_an_id(names: list[str]) -> None:
    assert len({airflow_id(name) for name in names}) == len(names)


@pytest.mark.parametrize("length", [MAX_ID_LENGTH - 1, MAX_ID_LENGTH, MAX_ID_LENGTH + 1, 10_000])
def test_only_what_is_too_long_is_cut(length: int) -> None:
    assert (airflow_id("x" * length) == "x" * length) == (length <= MAX_ID_LENGTH)
    assert len(airflow_id("x" * length)) <= MAX_ID_LENGTH
    assert airflow_id("x" * length) != airflow_id("x" * length + "y")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Ids of tasks whose history is in somebody's database: a change here loses it.
        ("train", "train"),
        ("import", "import"),
        ("task", "task"),
        ("1_load", "1_load"),
        ("_", "_"),
        ("a.b-c_d", "a.b-c_d"),
        ("-", "x-3973e022"),
        ("--help", "help-0bdbc8fb"),
        ("..", "x-5ec1f7e7"),
        ("load data", "load_data-0206f7e1"),
        ("load/data", "load_data-a5a6b7c5"),
        ("Größe", "Groe-aedc3f80"),
        ("🚀", "x-ebbc0b28"),
        ("名前", "x-7ec26292"),
        ("<lambda>__1a2b3c4d", "lambda___1a2b3c4d-e9185280"),
        ("x" * 300, "x" * 231 + "-0d4e2ca9"),
        ("", "x-e3b0c442"),
    ],
)
def test_ids_stay_as_they_were(name: str, expected: str) -> None:
    assert airflow_id(name) == expected


def test_the_longest_id_has_a_directory_for_its_logs(tmp_path: Path) -> None:
    """Airflow keeps the logs of a task in `dag_id=…/run_id=…/task_id=…`."""
    longest = airflow_id("é" * 1000 + "x" * 1000)
    assert len(longest) == MAX_ID_LENGTH
    for key in ("dag_id", "task_id"):
        (tmp_path / f"{key}={longest}").mkdir()


def test_digests_stay_as_they_were() -> None:
    assert [digest(text) for text in ("", "a", "é", "\ud800")] == ["e3b0c442", "ca978112", "4a99557e", "91a681b9"]
