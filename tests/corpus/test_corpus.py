"""Every bad case is found, where it stands; the same project as it should be is not; good ones have no errors."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.rules import RULES, Severity
from support.commands import program, run_command
from support.corpus import Case, check_case, read_cases, write_case
from support.opening import put_back
from support.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BAD, GOOD = read_cases("bad"), read_cases("good")
BETTER = [case for case in BAD if case.better]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))


@pytest.fixture(autouse=True)
def _put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with put_back(monkeypatch):
        yield


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_case_is_found_where_it_stands(case: Case, tmp_path: Path) -> None:
    found = check_case(case, write_case(case, tmp_path))
    shown = "\n".join(f"{one.code} {one.place or '-'} {one.message}" for one in found)
    assert case.expected
    missing = [one for one in case.expected if not one.is_in(found)]
    assert not missing, f"{missing} is not among:\n{shown}"
    errors = {one.code for one in found if one.severity is Severity.ERROR}
    assert errors <= case.codes, f"unexpected errors:\n{shown}"


@pytest.mark.parametrize("case", BETTER, ids=str)
def test_as_it_should_be_the_case_passes(case: Case, tmp_path: Path) -> None:
    found = check_case(case, write_case(case, tmp_path, better=True))
    shown = [f"{one.code} {one.place or '-'} {one.message}" for one in found]
    assert not [line for one, line in zip(found, shown, strict=True) if one.code in case.codes]
    assert not [line for one, line in zip(found, shown, strict=True) if one.severity is Severity.ERROR]


@pytest.mark.parametrize("case", GOOD, ids=str)
def test_a_good_case_has_no_errors(case: Case, tmp_path: Path) -> None:
    found = check_case(case, write_case(case, tmp_path))
    assert not [f"{one.code} {one.message}" for one in found if one.severity is Severity.ERROR]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_have_nothing_to_say(example: Path, tmp_path: Path) -> None:
    project = tmp_path / example.name
    shutil.copytree(example, project, ignore=shutil.ignore_patterns("data", ".airflow", "__pycache__"))
    done = run_command(program("kedro"), "airflow", "check", "--all", "--json", cwd=project).ok()
    assert [one for one in done.json() if one["severity"] != "info"] == []


def test_there_are_enough_cases() -> None:
    assert len(BAD) >= 60
    assert len(GOOD) >= 10
    assert EXAMPLES


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_every_rule_has_a_bad_example_and_a_good_one(code: str) -> None:
    assert [case for case in BAD if code in case.codes], f"no tests/corpus/bad/*.txt expects {code}"
    assert [case for case in BETTER if code in case.codes], f"no bad case of {code} says how it should be (+++)"
