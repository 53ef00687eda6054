"""The DAG file: explicit Airflow 3 code that people read, one statement per task."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.errors import RenderError
from kedro_aloft.render.body import build_body
from kedro_aloft.render.describe import describe_dag, describe_file, fingerprint_mark
from kedro_aloft.render.layout import INDENT, LINE_LENGTH, Text, functions_used, lay_out
from kedro_aloft.render.running import share_arguments
from kedro_aloft.render.statements import dag_call, pipeline_call

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.graph.snapshot import DatasetInfo, NodeInfo
    from kedro_aloft.settings.models import DagSettings

_IMPORTS = {
    "airflow.sdk": ("DAG", "Asset", "Param", "TaskGroup"),
    "kedro_aloft.airflow": (
        "KedroCleanup",
        "KedroOperator",
        "KedroPipeline",
        "data_interval_schedule",
        "duration",
        "instant",
        "notifier",
        "wait_for",
    ),
}
"""All that a DAG file may import, sorted as import sorters do."""

RESERVED_NAMES = frozenset({"DOC", "kedro"}.union(*_IMPORTS.values()))
"""Names that no task's variable may have."""

_FINGERPRINT_LENGTH = 16
_NO_FINGERPRINT = "0" * _FINGERPRINT_LENGTH
_FINGERPRINT_LINE = re.compile(rf"^Fingerprint: ([0-9a-f]{{{_FINGERPRINT_LENGTH}}})$", re.MULTILINE)
_END_OF_DOCSTRING = '\n"""\n\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDag:
    """A DAG file, not yet written.

    Args:
        source: Its text; it ends with a newline.
        dag_id: Id of its DAG.
        fingerprint: 16 hexadecimal digits that stand for everything below the docstring. They are in the docstring and
            in the DAG's `doc_md`, so that whoever sees the DAG in Airflow can tell whether this very content is live.
    """

    source: str
    dag_id: str
    fingerprint: str


def render_dag(
    plan: Plan,
    settings: DagSettings,
    *,
    node_info: Mapping[str, NodeInfo],
    dag_id: str,
    command: str,
    datasets: Mapping[str, DatasetInfo] | None = None,
) -> RenderedDag:
    """Return the DAG file of a plan.

    Args:
        plan: What runs.
        settings: How it runs.
        node_info: The nodes of the plan by name; overrides select by them, and they appear in the docs.
        dag_id: Id of the DAG.
        command: The command that makes this file, without absolute paths; it stands in the docstring.
        datasets: What is known of the plan's datasets. With `assets: true` each persisted output becomes an asset;
            without this argument only those that cross between tasks are known to be persisted.

    Raises:
        RenderError: If a value has no literal, or nodes that share a task want different things of it.
    """
    with _readable(plan):
        return _render(plan, settings, nodes=node_info, datasets=datasets or {}, dag_id=dag_id, command=command)


def _render(
    plan: Plan,
    settings: DagSettings,
    *,
    nodes: Mapping[str, NodeInfo],
    datasets: Mapping[str, DatasetInfo],
    dag_id: str,
    command: str,
) -> RenderedDag:
    running = share_arguments(plan, settings, nodes=nodes)
    shared = pipeline_call(plan, settings)
    dag = dag_call(plan, settings, shared=running.shared, dag_id=dag_id)
    body, calls = build_body(plan, settings, running=running, nodes=nodes, datasets=datasets, reserved=RESERVED_NAMES)
    head = _imports(functions_used([shared, dag, *calls]))
    tail = f"{lay_out(shared, prefix='kedro = ')}\n\n{lay_out(dag, prefix='with ', suffix=':')}\n{body}\n"

    def below(fingerprint: str) -> str:
        return f"{head}\n\n{_page(describe_dag(plan, doc=settings.doc, fingerprint=fingerprint))}\n\n{tail}"

    fingerprint = _digest(below(_NO_FINGERPRINT))
    docstring = describe_file(plan, command=command, fingerprint=fingerprint)
    source = f'"""{docstring}{_END_OF_DOCSTRING}{below(fingerprint)}'
    compile(source, "<DAG file>", "exec", dont_inherit=True)
    return RenderedDag(source=source, dag_id=dag_id, fingerprint=fingerprint)


def recorded_fingerprint(source: str) -> str | None:
    """Return the fingerprint that a DAG file says it has, or None when it says none."""
    found = _FINGERPRINT_LINE.search(source)
    return found.group(1) if found else None


def was_edited(source: str) -> bool:
    """Whether a DAG file is not as we made it: what is below its docstring does not have the recorded fingerprint."""
    fingerprint = recorded_fingerprint(source)
    if fingerprint is None:
        return True
    below = source.partition(_END_OF_DOCSTRING)[2]
    blank = below.replace(fingerprint_mark(fingerprint), fingerprint_mark(_NO_FINGERPRINT))
    return _digest(blank) != fingerprint


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_FINGERPRINT_LENGTH]


def _imports(functions: Collection[str]) -> str:
    used = {function.partition(".")[0] for function in functions}
    return "\n".join(_import(module, [name for name in names if name in used]) for module, names in _IMPORTS.items())


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= LINE_LENGTH:
        return line
    return "\n".join([f"from {module} import (", *(f"{INDENT}{name}," for name in names), ")"])


def _page(text: str) -> str:
    """Return `DOC = ...` as people would write it: in triple quotes, unless it has some, or loose ends of lines."""
    if '"""' in text or any(line != line.rstrip() for line in text.split("\n")):
        return lay_out(Text(text), prefix="DOC = ")
    shown = "".join(one if one == "\n" or (one.isprintable() and one != "\\") else _escape(one) for one in text)
    return f'DOC = """\\\n{shown}"""'


def _escape(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")


@contextmanager
def _readable(plan: Plan) -> Iterator[None]:
    """Nothing that Python would not read leaves this room."""
    try:
        yield
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise RenderError(
            "The DAG file would not be valid Python.",
            where=f"pipeline '{plan.pipeline}', env '{plan.env}'",
            seen=f"{type(error).__name__}: {error}",
            remedy="hide parameters that are nested dozens of levels deep with `params_hide`; without any, report "
            "this defect of kedro-aloft with the output of `kedro airflow plan --json`",
            code="ALOFT-404",
        ) from error
