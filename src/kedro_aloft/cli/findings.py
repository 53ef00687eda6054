"""Findings and notices of compiled DAGs, as commands show and obey them."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from kedro_aloft.cli.console import EXIT_FINDINGS, marked, tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kedro_aloft.compiler import CompiledDag, Order
    from kedro_aloft.errors import AloftError, PlanError
    from kedro_aloft.project import Project
    from kedro_aloft.rules import Finding
    from kedro_aloft.settings import Notice


def compile_ordered(project: Project, order: Order, *, here: bool = False) -> tuple[CompiledDag, ...]:
    """Compile what was ordered; say which of all pipelines cannot run alone.

    Args:
        project: The project.
        order: What to compile.
        here: Whether it is for the embedded Airflow, as an order is that is to run in this environment.
    """
    from kedro_aloft.cli.history_store import with_knowledge
    from kedro_aloft.compiler import compile_project

    order = with_knowledge(order, project.path, here=here or order.for_here)

    def left_out(name: str, error: PlanError) -> None:
        marked("!", "yellow", f"left out pipeline '{name}', which cannot run alone: {error.what}")

    return compile_project(project, order, left_out=left_out)


def print_notices(notices: Iterable[Notice]) -> None:
    """Print what is spelled in an old way."""
    for notice in notices:
        tell(f"! [{notice.code}] {notice.path}: {notice.message}")


def refuse_errors(compiled: Iterable[CompiledDag]) -> None:
    """End the command when any DAG has a finding of severity error; nothing has been written or run yet."""
    count = sum(finding.severity.value == "error" for dag in compiled for finding in dag.findings)
    if count:
        tell(f"✗ {count} error(s); nothing was written or run.")
        sys.exit(EXIT_FINDINGS)


def as_finding(error: AloftError) -> Finding:
    """Return an error that came before any rule was asked as what it is to programs: a finding."""
    from kedro_aloft.rules import Finding, Severity

    seen = f" Seen: {error.seen}." if error.seen else ""
    file, line = _place(error.where)
    return Finding(
        code=error.code,
        severity=Severity.ERROR,
        message=error.what + seen,
        where=error.where,
        remedy=error.remedy,
        file=file,
        line=line,
    )


def _place(where: str) -> tuple[str, int]:
    """Return file and line of `<file>, line <n>` or `<file>: <keys>`; an empty name for anything else."""
    from kedro_aloft.project import find_line, find_project

    found = re.match(r"([^:,\s/][^:,\s]*\.\w+)(?:, line (\d+)|: (\S+))?", where)
    if not found:
        return "", 0
    file, line, path = found.groups(default="")
    keys = [int(index) if index else key for index, key in re.findall(r"\[(\d+)\]|([^.\[\]\"]+)", path)]
    return file, int(line) if line else find_line(find_project() / file, keys) if keys else 0


def rule_names(option: str, text: str) -> tuple[str, ...]:
    """Return the rules that an option names.

    Raises:
        UsageError: If one of them is no rule.
    """
    from kedro_aloft.errors import UsageError, close_match
    from kedro_aloft.rules import RULES, unknown_names

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = unknown_names(names)
    if unknown:
        known = [name for rule in RULES for name in (rule.code, rule.name)]
        raise UsageError(
            f"{option} names {', '.join(unknown)}, which is no rule.",
            remedy=close_match(unknown[0], known) or "see `kedro airflow rules`",
        )
    return names
