"""Names and history: Airflow knows a task by its id alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedro_aloft.rules.finding import Hit, Severity, file, node, setting
from kedro_aloft.rules.history import history_breaks
from kedro_aloft.rules.pattern import Pattern
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.subject import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.rules.subject import Subject

FAMILY = "Names and history"

_GENERATED = Pattern(r"(__[0-9a-f]{6,}|\(\[?.*\]?\) -> .*)$")
"""How Kedro names an unnamed node: `func__1a2b3c4d` since 1.0, `func([a]) -> [b]` before."""


def _unnamed_nodes(subject: Subject) -> Iterator[Hit]:
    """All in one hit: a project that names no node would be told a hundred times."""
    unnamed = [one.name for one in subject.snapshot.nodes if _GENERATED.search(one.name)]
    if unnamed:
        yield Hit(
            message=f"{len(unnamed)} node(s) have no name of their own; their task ids change with inputs and outputs.",
            spot=node(unnamed[0]),
            where=f"nodes {listed(unnamed)}",
            remedy='give them names, `node(…, name="…")`, so that Airflow keeps their history',
        )


def _lost_history(subject: Subject) -> Iterator[Hit]:
    """Compare with the DAG file that lies where `create` writes; an equal set of ids needs no parsing."""
    path = f"{subject.dags_folder}/{subject.file_name}"
    before = subject.sources.text(path) if subject.file_name else None
    if not before or before == subject.dag_source or set(_IDS.findall(before)) <= set(_IDS.findall(subject.dag_source)):
        return
    try:
        breaks = [line for line in history_breaks(before, subject.dag_source) if "is new" not in line]
    except SyntaxError:
        return  # somebody is editing it; `create` keeps a copy
    for line in breaks[:_SHOWN]:
        yield Hit(
            message=line,
            spot=file(path, 1),
            where=f"DAG '{subject.dag_id}'" + (f", and {len(breaks) - _SHOWN} more" if len(breaks) > _SHOWN else ""),
            remedy="keep the old name, or accept that the task starts without history",
        )


_IDS = Pattern(r'(?:dag_id|task_id|group_id)=("[^"]*"|\'[^\']*\')|\bDAG\(\s*("[^"]*")')
_SHOWN = 5


def _taken_id(subject: Subject) -> Iterator[Hit]:
    wanted = re.compile(rf"""(?:dag_id\s*=\s*|\bDAG\(\s*)["']{re.escape(subject.dag_id)}["']""")
    for path in subject.sources.below(subject.dags_folder, ".py") if subject.dag_id else ():
        text = subject.sources.text(path) or ""
        match = wanted.search(text) if not path.endswith(f"/{subject.file_name}") else None
        if match:
            yield Hit(
                message=f"The DAG id '{subject.dag_id}' is taken by {path}: Airflow loads only one of them.",
                spot=file(path, text.count("\n", 0, match.start()) + 1),
                where=f"DAG '{subject.dag_id}'",
                remedy="delete the old file, or set another `dag_id`",
            )


def _grouping_of_the_day(subject: Subject) -> Iterator[Hit]:
    settings = subject.settings
    if subject.plan.group_by == "auto" and settings.mirrors == "off" and settings.scheduled:
        yield Hit(
            message="`group_by: auto` cuts tasks by durations, so `create` may give other task ids next time.",
            spot=setting("mirrors"),
            where=f"DAG '{subject.dag_id}', {len(subject.plan.tasks)} tasks",
            remedy="let Airflow show each node (`mirrors: auto`): such tasks keep their ids; or choose a grouping that "
            "does not change",
        )


RULES = (
    Rule(
        code="ALOFT-C02",
        name="unnamed-node",
        family=FAMILY,
        severity=Severity.INFO,
        summary="Nodes without a name of their own: their task ids change with their inputs and outputs.",
        why="Kedro makes the name of such a node of its function, inputs and outputs. When one of them changes, so "
        "does the task id, and Airflow shows a new task without history beside a task that never runs again.",
        bad='node(clean, "raw", "clean_data")',
        good='node(clean, "raw", "clean_data", name="clean")',
        find=_unnamed_nodes,
    ),
    Rule(
        code="ALOFT-N01",
        name="lost-history",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="The DAG file on disk has a DAG id or task ids that the new one lacks.",
        why="Airflow knows a task by DAG id and task id alone. A task with another id starts without durations, logs "
        "and "
        "states; the old one stays in the grid as removed.",
        bad='node(clean, "raw", "clean_data", name="clean_orders")   # was name="clean"',
        good='node(clean, "raw", "clean_data", name="clean")',
        find=_lost_history,
    ),
    Rule(
        code="ALOFT-N02",
        name="taken-id",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="Another file in the folder of the DAGs has a DAG of the same id.",
        why="Airflow loads one of the two, which one may change at each parse, and reports the other as an import "
        "error.",
        bad='with DAG("shop"): ...   # in airflow_dags/old_shop.py, beside ours',
        good='with DAG("shop_old"): ...',
        find=_taken_id,
    ),
    Rule(
        code="ALOFT-N03",
        name="ids-of-auto",
        family=FAMILY,
        severity=Severity.INFO,
        summary="A scheduled DAG with `group_by: auto` and `mirrors: off`: its task ids follow what `learn` saw.",
        why="A task is called after its nodes. When a node becomes slow and gets a task of its own, both tasks are "
        "new to Airflow and lose their history. Where each node is shown, it has one id whatever task runs it.",
        bad='default:\n  schedule: "@daily"\n  group_by: auto\n  mirrors: "off"',
        good='default:\n  schedule: "@daily"\n  group_by: memory\n  mirrors: "off"',
        find=_grouping_of_the_day,
    ),
)
