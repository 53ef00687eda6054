"""What a DAG file says of its tasks: which nodes each runs, what they read and write. The file is read, never run."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_CODE = re.compile(r"(`+) ?(.+?) ?\1(?!`)")
_USES = re.compile(r"^(?:Reads (?P<reads>`.*?)\.)?(?: ?Writes (?P<writes>`.*)\.)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTask:
    """One task as its DAG file has it.

    Args:
        id: Its id, task groups included.
        operator: Name of its class.
        nodes: The Kedro nodes that it runs, in order; empty for sensors, setups and teardowns.
        reads: Datasets that come from other tasks or from outside.
        writes: Datasets that it makes.
        takes: Those of `reads` that another task hands over in memory.
        gives: Those of `writes` that it hands over.
        mirrors: Ids of the tasks that only show its nodes.
    """

    id: str
    operator: str
    nodes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()

    @property
    def shown(self) -> dict[str, str]:
        """Ids of the tasks that show its nodes, by node; empty where none do."""
        return dict(zip(self.nodes, self.mirrors[1:-1], strict=False))

    @property
    def is_sensor(self) -> bool:
        """Whether it only waits."""
        return self.operator == "wait_for" or self.operator.endswith("Sensor")


def read_tasks(source: str) -> dict[str, WrittenTask]:
    """Return the tasks of a DAG file by id, in the order of the file.

    Args:
        source: A DAG file that `render_dag` made; of any other text what looks like it is returned.
    """
    try:
        module = ast.parse(source)
    except SyntaxError:
        return {}
    return {task.id: task for task in _tasks(module.body, "")}


def mirrors_of(tasks: Mapping[str, WrittenTask]) -> frozenset[str]:
    """Return the ids of the tasks that only show nodes of others."""
    return frozenset(mirror for task in tasks.values() for mirror in task.mirrors)


def _tasks(body: Iterable[ast.stmt], group: str) -> Iterator[WrittenTask]:
    for statement in body:
        if isinstance(statement, ast.With):
            yield from _tasks(statement.body, _group(statement, group))
        elif isinstance(statement, (ast.Assign, ast.Expr)) and isinstance(statement.value, ast.Call):
            task = _task(statement.value, group)
            if task is not None:
                yield task


def _group(block: ast.With, group: str) -> str:
    """The prefix of the ids in a block; that of a DAG adds nothing to it."""
    call = block.items[0].context_expr
    if isinstance(call, ast.Call) and _name(call.func) == "TaskGroup" and call.args:
        return f"{group}{_literal(call.args[0])}."
    return group


def _task(call: ast.Call, group: str) -> WrittenTask | None:
    arguments = {word.arg: word.value for word in call.keywords if word.arg}
    task_id = _literal(arguments.get("task_id"))
    if not isinstance(task_id, str):
        return None
    found = _words(call)
    uses = _uses(_literal(arguments.get("doc_md")))
    return WrittenTask(
        id=f"{group}{task_id}",
        operator=_name(call.func),
        reads=_codes(uses.get("reads")),
        writes=_codes(uses.get("writes")),
        mirrors=_mirrors(arguments, group, task_id),
        **{name: found.get(name, ()) for name in ("nodes", "takes", "gives")},
    )


def _mirrors(arguments: Mapping[str, ast.expr], group: str, task_id: str) -> tuple[str, ...]:
    """The ids that `airflow.fusion.fused` gives, all with the task group in front."""
    if "mirrors" not in arguments:
        return ()
    nodes, ids = _literal(arguments.get("nodes")), _literal(arguments.get("ids")) or {}
    gate, done = (_literal(arguments.get(name)) or f"{task_id}.{name}" for name in ("gate", "done"))
    shown = [ids.get(node, node) for node in nodes] if isinstance(nodes, dict) and isinstance(ids, dict) else []
    return tuple(f"{group}{str(one).removeprefix(group)}" for one in (gate, *shown, done))


def _words(call: ast.Call) -> dict[str, tuple[str, ...]]:
    """The lists of names among the arguments; in a container's task they stand in the call of its environment."""
    words = (word for part in ast.walk(call) if isinstance(part, ast.Call) for word in part.keywords)
    values = {word.arg: _literal(word.value) for word in words if word.arg in {"nodes", "takes", "gives"}}
    return {name: tuple(value) for name, value in values.items() if name and isinstance(value, (dict, list, tuple))}


def _uses(doc: object) -> Mapping[str, str | None]:
    last = str(doc or "").strip().rpartition("\n")[2]
    found = _USES.match(last)
    return found.groupdict() if found else {}


def _codes(text: str | None) -> tuple[str, ...]:
    return tuple(found[1] for found in _CODE.findall(text or ""))


def _name(function: ast.expr) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _literal(value: ast.expr | None) -> object:
    try:
        return None if value is None else ast.literal_eval(value)
    except ValueError:
        return None
