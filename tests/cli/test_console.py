"""How commands print: tables that align, and fold only where they do not fit."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.cli.console import marked, show, stdout, table
from support.commands import run_python, user_environment

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.cli.console import Table

ASK = """
import click
from kedro_aloft.cli.console import agreed, command_errors

@click.command()
@command_errors
def ask():
    print(agreed("Go on?", remedy="add --yes"))

ask()
"""

PRINT = """
import click
from kedro_aloft.cli.console import command_errors

@click.command()
@command_errors
def show():
    for _ in range(100_000):
        click.echo("a line")

show()
"""


@pytest.fixture
def rows() -> Table:
    rows = table("task", "nodes", "after")
    rows.add_row("train", "split\nfit", "–")
    rows.add_row("報告", "[bold]write[/]", "train")
    return rows


def test_columns_align_whatever_a_character_takes(rows: Table) -> None:
    assert rows.lines() == [
        "task  nodes          after",
        "train split          –",
        "      fit",
        "報告  [bold]write[/] train",
    ]


def test_a_table_without_rows_has_its_titles() -> None:
    assert table("a", "b").lines() == ["a b"]


def test_a_pipe_has_no_width(rows: Table, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    rows.add_row("x" * 500, "", "")
    show(rows)
    assert capsys.readouterr().out.splitlines() == rows.lines()


def test_what_does_not_fit_goes_on_in_its_cell(
    rows: Table, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    show(rows)
    shown = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= 20
    assert "[bold]" in "".join(shown)


def test_the_width_is_that_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    widths = [stdout().width]
    monkeypatch.setenv("COLUMNS", "20")
    assert [*widths, stdout().width] == [200, 20]


def test_without_a_terminal_a_mark_has_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    marked("✓", "bold green", "done [x]")
    assert capsys.readouterr().err == "✓ done [x]\n"


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        pytest.param(b"y\n", 0, b"True", id="yes"),
        pytest.param(b"\n", 0, b"False", id="no"),
        pytest.param(b"\x04", 130, b"Interrupted.", id="end"),
    ],
)
def test_on_a_terminal_somebody_is_asked(typed: bytes, code: int, said: bytes) -> None:
    keyboard, terminal = pty.openpty()
    os.write(keyboard, typed)
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        stdin=terminal,
        capture_output=True,
        env=user_environment(),
        check=False,
        timeout=180,
    )
    os.close(terminal)
    os.close(keyboard)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert b"Unexpected" not in done.stderr


def test_elsewhere_nobody_can_be_asked(tmp_path: Path) -> None:
    done = run_python(ASK, cwd=tmp_path)
    assert done.code == 2
    assert "There is nobody to ask." in done.err
    assert "add --yes" in done.err


def test_who_has_read_enough_hears_no_complaint() -> None:
    command = subprocess.Popen(
        [sys.executable, "-c", PRINT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=user_environment()
    )
    assert command.stdout is not None
    assert command.stdout.readline() == b"a line\n"
    command.stdout.close()
    assert command.stderr is not None
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait(timeout=180) == 1
