"""Which changes of a DAG file cut tasks off from their history: Airflow knows tasks by DAG id and task id alone."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class DagFacts:
    """What a DAG file says: its DAG id, the nodes of each task by full task id, the tasks that only show a node."""

    dag_id: str | None
    tasks: dict[str, tuple[str, ...]]
    shown: frozenset[str] = frozenset()


def history_breaks(before: str, after: str) -> tuple[str, ...]:
    """Return one sentence per break of history between two DAG files."""
    old, new = read_facts(before), read_facts(after)
    if old.dag_id != new.dag_id:
        return (
            f"The DAG is called '{new.dag_id}' instead of '{old.dag_id}': all its history stays with the old name.",
        )
    return tuple(_task_breaks(old.tasks, new.tasks, shown=(old.shown, new.shown)))


def _task_breaks(
    old: dict[str, tuple[str, ...]], new: dict[str, tuple[str, ...]], *, shown: tuple[frozenset[str], frozenset[str]]
) -> Iterator[str]:
    home = {node: task_id for task_id, nodes in new.items() for node in nodes}
    for task_id, nodes in old.items():
        if task_id in shown[1]:  # Its node runs in another task now, and is shown where it was.
            continue
        if task_id not in new:
            heirs = sorted({home[node] for node in nodes if node in home})
            fate = f"its nodes run in {', '.join(heirs)}" if heirs else "its nodes are gone"
            yield f"Task '{task_id}' disappears with its history; {fate}."
        elif new[task_id] != nodes:
            yield f"Task '{task_id}' keeps its history but runs other nodes: {', '.join(new[task_id])}."
    for task_id in new:
        if task_id not in old and task_id not in shown[0]:
            yield f"Task '{task_id}' is new: it has no history."


def read_facts(source: str) -> DagFacts:
    """Read a DAG file without running it.

    Raises:
        SyntaxError: If it is no Python.
    """
    reader = _Reader()
    reader.visit(ast.parse(source))
    return DagFacts(dag_id=reader.dag_id, tasks=reader.tasks, shown=frozenset(reader.shown))


class _Reader(ast.NodeVisitor):
    """Collects `DAG(…)`, `KedroOperator(…)` and `fused(…)` with their nodes, below nested `with TaskGroup(…)`."""

    def __init__(self) -> None:
        self.dag_id: str | None = None
        self.tasks: dict[str, tuple[str, ...]] = {}
        self.shown: set[str] = set()
        self._groups: list[str] = []

    def visit_With(self, node: ast.With) -> None:
        """Remember the task group while its body is read."""
        groups = [
            str(_argument(item.context_expr, "group_id"))
            for item in node.items
            if isinstance(item.context_expr, ast.Call) and _name(item.context_expr) == "TaskGroup"
        ]
        for item in node.items:
            self.visit(item)
        self._groups += groups
        for statement in node.body:
            self.visit(statement)
        del self._groups[len(self._groups) - len(groups) :]

    def visit_Call(self, node: ast.Call) -> None:
        """Note a DAG or a task."""
        if _name(node) == "DAG":
            self.dag_id = str(_argument(node, "dag_id"))
        elif _name(node) in ("KedroOperator", "fused"):
            nodes = _argument(node, "nodes")
            task_id = ".".join([*self._groups, str(_argument(node, "task_id"))])
            self.tasks[task_id] = tuple(nodes) if isinstance(nodes, (dict, list, tuple)) else ()
            if _name(node) == "fused":
                self._note_shown(node, self.tasks[task_id])
        self.generic_visit(node)

    def _note_shown(self, node: ast.Call, nodes: tuple[str, ...]) -> None:
        """Note the ids that `airflow.fusion.fused` gives to the nodes: with the task group in front, once."""
        ids = _argument(node, "ids") if any(word.arg == "ids" for word in node.keywords) else {}
        group = "".join(f"{part}." for part in self._groups)
        for name in nodes:
            task_id = ids.get(name, name) if isinstance(ids, dict) else name
            self.shown.add(group + str(task_id).removeprefix(group))


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _argument(call: ast.expr, name: str) -> object:
    """The literal value of a keyword argument, or of the first positional one."""
    if not isinstance(call, ast.Call):
        return None
    values = [keyword.value for keyword in call.keywords if keyword.arg == name] or call.args[:1]
    try:
        return ast.literal_eval(values[0]) if values else None
    except ValueError:
        return None
