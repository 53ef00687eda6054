"""The DAG file: explicit Airflow 3 code that people read, one statement per task."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.errors import RenderError
from kedro_aloft.render.body import build_body
from kedro_aloft.render.containers.file import Containers
from kedro_aloft.render.describe import describe_dag, describe_file, fingerprint_mark
from kedro_aloft.render.imports import import_lines
from kedro_aloft.render.layout import Text, functions_used, lay_out
from kedro_aloft.render.readable import check_readable
from kedro_aloft.render.running import share_arguments
from kedro_aloft.render.statements import dag_call, pipeline_call
from kedro_aloft.render.stock import STOCK_MODULES, notifier_module, without_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.graph.snapshot import DatasetInfo, NodeInfo
    from kedro_aloft.render.around import Around
    from kedro_aloft.render.running import Running
    from kedro_aloft.settings.models import DagSettings

_MODULES = {
    **dict.fromkeys(("DAG", "Asset", "Param", "TaskGroup"), "airflow.sdk"),
    **dict.fromkeys(
        (
            *("KedroCleanup", "KedroFinish", "KedroOperator", "KedroPipeline", "KedroStart"),
            *("data_interval_schedule", "duration", "fused", "instant", "notifier", "wait_for"),
        ),
        "kedro_aloft.airflow",
    ),
}
"""Name → module, of all that a DAG file may import when its tasks run our operator."""

RESERVED_NAMES = frozenset({"DOC", "kedro", *_MODULES})
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
    around: Around | None = None,
    release: str = "",
    releases: str = "",
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
        around: What is done once per DAG run.
        release: Id of the release that the tasks run; empty for the project as it lies on the worker.
        releases: Where releases are kept: a path relative to the DAG file, or a URI.

    Raises:
        RenderError: If a value has no literal, or nodes that share a task want different things of it.
    """
    with _readable(plan):
        running = share_arguments(plan, settings, nodes=node_info, around=around)
        return _render(
            plan,
            settings,
            running,
            nodes=node_info,
            datasets=datasets or {},
            dag_id=dag_id,
            command=command,
            release={"release": release, "releases": releases} if release else {},
        )


def _render(
    plan: Plan,
    settings: DagSettings,
    running: Running,
    *,
    nodes: Mapping[str, NodeInfo],
    datasets: Mapping[str, DatasetInfo],
    dag_id: str,
    command: str,
    release: Mapping[str, str],
) -> RenderedDag:
    containers = Containers(plan, settings, running)
    modules = {**_MODULES, **containers.modules, **({} if running.needs_us else _stock_modules(settings))}
    dag = dag_call(plan, settings, shared=running.shared, dag_id=dag_id)
    body, calls, variables = build_body(
        plan,
        settings,
        running=running,
        nodes=nodes,
        datasets=datasets,
        containers=containers,
        reserved=RESERVED_NAMES | containers.reserved | set(modules),
    )
    blocks, names = containers.preamble(calls)
    if running.needs_us:
        shared = pipeline_call(plan, settings, around=running.around, release=release)
        blocks, calls = [lay_out(shared, prefix="kedro = "), *blocks], (shared, *calls)
    else:
        dag = without_us(dag)
    head = import_lines(_first_parts(functions_used([dag, *calls]) | names), modules)
    above = "\n\n".join(blocks)
    opening = f"{above}\n\n{lay_out(dag, prefix='with ', suffix=':')}"

    def before(fingerprint: str) -> str:
        return f"{head}\n\n{_page(describe_dag(plan, doc=settings.doc, fingerprint=fingerprint))}\n\n{opening}"

    def below(fingerprint: str) -> str:
        return f"{before(fingerprint)}\n{body}\n"

    fingerprint = _digest(below(_NO_FINGERPRINT))
    docstring = describe_file(plan, command=command, fingerprint=fingerprint)
    first = f'"""{docstring}{_END_OF_DOCSTRING}'
    check_readable(first + before(fingerprint), body, variables=variables)
    return RenderedDag(source=first + below(fingerprint), dag_id=dag_id, fingerprint=fingerprint)


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


def _first_parts(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def _stock_modules(settings: DagSettings) -> dict[str, str]:
    """The modules of a file without us: those of notifiers are the user's choice."""
    told = (*settings.notify.on_failure, *settings.notify.on_success, *settings.notify.on_retry)
    return {**STOCK_MODULES, **{name: module for module, name in (notifier_module(one.class_path) for one in told)}}


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
