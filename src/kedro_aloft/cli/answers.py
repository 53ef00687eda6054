"""Answers of `doctor` and `preflight`, as commands show them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kedro_aloft.doctor import Answer


def show_answers(answers: Sequence[Answer], *, as_json: bool) -> None:
    """Print answers; end the command with 1 when one of them is bad."""
    if as_json:
        click.echo(json.dumps([answer.to_dict() for answer in answers], indent=2))
    else:
        _print(answers)
    if any(answer.result.state.value == "bad" for answer in answers):
        sys.exit(1)


def _print(answers: Sequence[Answer]) -> None:
    """Good ones in a line; the others with remedy and reason; what could not be asked last, by reason."""
    from rich.text import Text

    from kedro_aloft.cli.console import count, marked, stdout

    marks = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "bad": ("✗", "bold red"), "unknown": ("?", "dim")}
    states: list[str] = []
    silent: dict[tuple[str, str], list[str]] = {}
    for answer in answers:
        state, result = answer.result.state.value, answer.result
        states.append(state)
        if state == "unknown":
            silent.setdefault((result.seen, result.remedy), []).append(answer.code)
            continue
        stdout().print(Text.assemble(marks[state], f" {answer.title}: {result.seen}  ", (answer.code, "dim")))
        if state != "ok":
            stdout().print(f"    to do: {result.remedy}\n    why: {answer.why}")
    for (reason, remedy), codes in silent.items():
        stdout().print(Text.assemble(marks["unknown"], f" {reason}: not known are ", (", ".join(codes), "dim")))
        if remedy:
            stdout().print(f"    to do: {remedy}")
    summary = ", ".join(f"{states.count(state)} {state}" for state in marks if state in states)
    marked("·", "dim", f"{count(len(states), 'check')}: {summary}")
