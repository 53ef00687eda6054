"""docs/dependencies.md has one line for each dependency, and none too many."""

from __future__ import annotations

import re

import pytest

from support.pages import ROOT, section, table_rows

tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no TOML parser; the page is the same everywhere")

PAGE = "docs/dependencies.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]


def _documented(heading: str, *, column: int = 0) -> list[str]:
    rows = table_rows(section(PAGE, heading))
    assert all(row[-1] for row in rows)
    return sorted(row[column].strip("`") for row in rows)


def test_every_dependency_has_its_reason() -> None:
    assert _documented("At run time (`pyproject.toml`)") == sorted(map(_name, PROJECT["dependencies"]))


def test_every_extra_has_its_reason() -> None:
    extras = PROJECT["optional-dependencies"]
    rows = [[cell.strip("`") for cell in row[:2]] for row in table_rows(section(PAGE, "Extras"))]
    assert sorted(rows) == sorted([extra, _name(one)] for extra, listed in extras.items() for one in listed)


def test_every_tool_has_its_reason() -> None:
    lines = [
        line.partition(" #")[0].strip()
        for path in sorted((ROOT / "requirements").glob("*.in"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    wanted = {_name(line) for line in lines if line and not line.startswith(("#", "-"))}
    assert _documented("For work on kedro-aloft (`requirements/*.in`)") == sorted(wanted, key=str)
