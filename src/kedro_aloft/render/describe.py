"""What a DAG file says about itself: docstring, page of the DAG, pages of its tasks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kedro_aloft.render.form import redact
from kedro_aloft.render.markdown import code, code_list, show
from kedro_aloft.render.mermaid import render_mermaid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.graph.plan import Plan, Task
    from kedro_aloft.graph.snapshot import NodeInfo

_MAX_BOXES = 150
_MAX_ARROWS = 300
"""Beyond these nobody reads the picture, and Mermaid refuses 500 arrows."""


def describe_file(plan: Plan, *, command: str, fingerprint: str) -> str:
    """Return the text of the module docstring."""
    what = f"Kedro pipeline `{plan.pipeline}` of `{plan.package}` (env `{plan.env}`) as an Airflow DAG."
    lines = [
        what,
        "",
        f"Made by: {redact(command)}",
        f"Plan: {plan.hash}",
        f"Fingerprint: {fingerprint}",
        "",
        "That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.",
    ]
    return "\n".join(_in_docstring(line) for line in lines)


def _in_docstring(line: str) -> str:
    return show(line).replace("\\", "\\\\").replace('"""', "'''").strip()


def fingerprint_mark(fingerprint: str) -> str:
    """Return how a fingerprint stands in the page of a DAG."""
    return f"kedro-aloft fingerprint `{fingerprint}`"


def describe_dag(plan: Plan, *, doc: str | None, fingerprint: str) -> str:
    """Return the page of the DAG in Markdown; it ends with a newline, for Airflow takes a text in `.md` for a path."""
    nodes = sum(len(task.nodes) for task in plan.tasks)
    size = f"{_count(nodes, 'node')} in {_count(len(plan.tasks), 'task')}"
    what = f"Kedro pipeline {code(plan.pipeline)} of {code(plan.package)}, environment {code(plan.env)}: {size}."
    parts = [
        *([doc.strip("\n")] if doc else []),
        what,
        *_table(plan),
        _picture(plan),
        f"Plan `{plan.hash}` · {fingerprint_mark(fingerprint)}",
    ]
    return "\n\n".join(parts) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _table(plan: Plan) -> list[str]:
    """The tasks of several nodes, as Airflow's page can show them; a task of one node is called like its node."""
    joined = [task for task in plan.tasks if len(task.nodes) > 1]
    if not joined or len(plan.tasks) > _MAX_BOXES:
        return []
    rows = [f"| {code(task.id)} | {code_list(task.nodes).replace('|', chr(92) + '|')} |" for task in joined]
    return ["\n".join(["| task | nodes |", "|---|---|", *rows])]


def _picture(plan: Plan) -> str:
    if len(plan.tasks) > _MAX_BOXES or sum(len(task.upstream) for task in plan.tasks) > _MAX_ARROWS:
        return "The graph is too large for a picture here; `kedro airflow plan` lists it."
    legend = "\n\nDotted arrows hand over data that lives in memory." if plan.handed_over else ""
    return f"```mermaid\n{render_mermaid(plan)}```{legend}"


def describe_task(task: Task, nodes: Mapping[str, NodeInfo]) -> str:
    """Return the page of a task in Markdown: nodes, inputs, outputs."""
    if len(task.nodes) == 1:
        parts = [f"Kedro node {_node(task.nodes[0], nodes)}."]
    else:
        parts = ["Kedro nodes, one after the other:", "\n".join(f"- {_node(name, nodes)}" for name in task.nodes)]
    if task.reason:
        parts.append(f"In one task because: {show(task.reason)}")
    uses = (("Reads", task.inputs), ("Writes", task.outputs))
    parts.append(" ".join(f"{verb} {code_list(names)}." for verb, names in uses if names))
    return "\n\n".join(part for part in parts if part) + "\n"


def _node(name: str, nodes: Mapping[str, NodeInfo]) -> str:
    info = nodes.get(name)
    if info is None or not info.func:
        return code(name)
    # Without the line: it moves with every edit above it, and each move would be a new version of the DAG.
    return f"{code(name)}{_function(info.func, info.source.file if info.source else '')}"


@functools.cache
def _function(name: str, file: str) -> str:
    return f": function {code(name)}{f' in {code(file)}' if file else ''}"
