"""The tutorial, done step by step: every command, every edit."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from support.commands import Done, program, run_command
from support.pages import ROOT, Block, blocks, section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = "docs/tutorial.md"
EXAMPLE = ROOT / "examples" / "spaceflights"
NODES = "src/spaceflights/pipelines/data_science/nodes.py"
NOT_COPIED = shutil.ignore_patterns("data", ".airflow", "dags", "airflow_dags", "__pycache__")

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]


@pytest.fixture
def spaceflights(tmp_path: Path) -> Iterator[Path]:
    """A copy of the example; its Airflow ends with the test."""
    project = tmp_path / "spaceflights"
    shutil.copytree(EXAMPLE, project, ignore=NOT_COPIED)
    try:
        yield project
    finally:
        run_command(program("kedro"), "airflow", "down", cwd=project).ok()


def test_every_step_of_the_tutorial_works(spaceflights: Path) -> None:
    said: list[Done] = []
    for block in _steps():
        if block.language == "yaml":
            (spaceflights / "conf/base/airflow.yml").write_text(block.text, encoding="utf-8")
        elif block.language == "text":
            assert _plain(block.text) <= _plain(said[-1].text), str(block)
        elif block.language == "python":
            _at_the_start_of("evaluate_model", spaceflights / NODES, block.text)
        else:
            said += [_do(line, spaceflights).ok() for line in block.text.splitlines() if _is_for_us(line)]
            shutil.copy(EXAMPLE / NODES, spaceflights / NODES)
    _only_one_node_was_tried_again(next(done for done in said if "--group-by=none" in done.argv).err)
    assert said[-1].argv[-2:] == ("airflow", "down")


def _only_one_node_was_tried_again(progress: str) -> None:
    assert "RuntimeError: the first try fails" in progress
    ends = [line.split()[:2] for line in progress.splitlines() if "_node  " in line]
    assert sorted(name for _, name in ends if name != "evaluate_model_node") == sorted(
        {name for _, name in ends} - {"evaluate_model_node"}
    )
    first, second = [mark for mark, name in ends if name == "evaluate_model_node"]
    assert (first != "✓", second) == (True, "✓")


def _steps() -> list[Block]:
    languages = ("bash", "yaml", "python", "text")
    found = blocks(*languages, page=PAGE)
    assert {block.language for block in found} == set(languages)
    return found


def _plain(text: str) -> set[str]:
    """The lines of an output, without what differs from run to run: numbers, digests, columns' widths."""
    lines = (re.sub(r"\b\d[\w.,]*|\b[0-9a-f]{16}\b", "N", " ".join(line.split())) for line in text.splitlines())
    return {line for line in lines if line and line != "…"}


def _is_for_us(line: str) -> bool:
    """Installation is tested elsewhere: what runs here is what the tests run in."""
    return line.startswith(("kedro ", "python make_data.py"))


def _do(line: str, project: Path) -> Done:
    first, *rest = shlex.split(line)
    return run_command(sys.executable if first == "python" else program(first), *rest, cwd=project)


def _at_the_start_of(function: str, path: Path, lines: str) -> None:
    """Insert lines below the signature and docstring of a function."""
    before, marker, after = path.read_text(encoding="utf-8").partition(f"def {function}(")
    signature, colon, body = after.partition(":\n")
    assert marker
    assert colon
    path.write_text(f"{before}{marker}{signature}{colon}{lines}{body}", encoding="utf-8")


def test_the_tutorial_names_the_default_place_of_the_handoff() -> None:
    from kedro_aloft.contract.keys import DEFAULT_HANDOFF_URI

    assert f"`{DEFAULT_HANDOFF_URI}`" in section(PAGE, "2. What will run")
