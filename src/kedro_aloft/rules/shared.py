"""Purity: what a module's top level does when it is imported, and what nodes keep there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from kedro_aloft.rules.effects import file_uses
from kedro_aloft.rules.finding import Hit, Severity, file
from kedro_aloft.rules.purity import FAMILY
from kedro_aloft.rules.reading import Sight, told
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.subject import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kedro_aloft.rules.subject import Subject
    from kedro_aloft.rules.syntax import Code, Module, Scope

_MUTATING = frozenset(
    {
        "add",
        "append",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
        "setdefault",
        "sort",
        "update",
    }
)


def _import_effects(subject: Subject) -> Iterator[Hit]:
    for path, (nodes, module) in subject.modules.items():
        for sight in _top_calls(module):
            yield Hit(
                message=f"{sight.seen} runs whenever the module is imported.",
                spot=file(path, sight.line),
                where=f"node{'s' * (len(nodes) > 1)} {listed(nodes)}",
                remedy="move it into a function, or make it a dataset of the catalog",
            )


def _top_calls(module: Module) -> Iterator[Sight]:
    top = module.top
    yield from file_uses(top, {}, writing=True)
    yield from file_uses(top, {}, writing=False)
    for kind in ("network", "program", "costly", "process", "kedro"):
        for call in top.calls_of(kind):
            yield Sight(call.line, f"{call.name.replace('()', '')}(…)")


def _global_changes(code: Code, _: Subject) -> Iterator[Sight]:
    """Silent for caches: what the function asks for before it fills it."""
    for name, line in sorted(_changed(code).items()):
        if name not in _asked(code.scope):
            yield Sight(line, f"'{name}'")


def _changed(code: Code) -> dict[str, int]:
    """Names of the module that a function assigns or changes in place, with the first line that does."""
    found: dict[str, int] = {}
    for name, line in sorted(_changes(code), key=lambda change: change[1]):
        found.setdefault(name, line)
    return found


def _changes(code: Code) -> Iterator[tuple[str, int]]:
    facts = code.scope.facts
    declared = {name for one in facts.all(ast.Global) for name in one.names}
    for one in facts.all(ast.Name) if declared else ():
        if one.id in declared and not isinstance(one.ctx, ast.Load):
            yield one.id, one.lineno
    shared = code.module.collections - code.scope.bound - code.scope.imported.keys()
    for part in facts.all(ast.Subscript) if shared else ():
        if not isinstance(part.ctx, ast.Load) and isinstance(part.value, ast.Name) and part.value.id in shared:
            yield part.value.id, part.lineno
    for method in _MUTATING & code.scope.methods.keys() if shared else ():
        for call in code.scope.methods[method]:
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(owner, ast.Name) and owner.id in shared:
                yield owner.id, call.lineno


def _asked(scope: Scope) -> set[str]:
    """Names that a function looks into first: `if key not in NAME`, `NAME.get(…)`, `if NAME is None`."""
    asked: set[str] = set()
    for one in scope.facts.all(ast.Compare):
        asked |= {side.id for side in (one.left, *one.comparators) if isinstance(side, ast.Name)}
    tests = [one.test for one in scope.facts.all(ast.If)] + [one.test for one in scope.facts.all(ast.IfExp)]
    for test in tests:
        bare = test.operand if isinstance(test, ast.UnaryOp) else test
        asked |= {bare.id} if isinstance(bare, ast.Name) else set()
    owners = (call.func.value for call in scope.methods.get("get", ()) if isinstance(call.func, ast.Attribute))
    return asked | {one.id for one in owners if isinstance(one, ast.Name)}


def _lost_globals(subject: Subject) -> Iterator[Hit]:
    """Values that start empty, that only some nodes' functions fill and that functions of nodes in other tasks read."""
    tasks = {node: task.id for task in subject.plan.tasks for node in task.nodes}
    by_file: dict[str, list[Code]] = {}
    for code in subject.code:
        by_file.setdefault(code.file, []).append(code)
    for path, codes in by_file.items():
        for name, fillers in _filled(codes).items():
            if not _starts_empty(name, codes[0].module):
                continue
            homes = {tasks[node] for code in fillers for node in code.nodes}
            for code in _readers(name, codes, fillers):
                strangers = [node for node in code.nodes if tasks[node] not in homes]
                if strangers:
                    yield Hit(
                        message=f"'{name}' is empty here: node {fillers[0].nodes[0]} fills it in another process.",
                        spot=file(path, _line_of(name, code)),
                        where=f"node{'s' * (len(strangers) > 1)} {listed(strangers)}",
                        remedy=f"return it from {fillers[0].nodes[0]} and make it an input of this node",
                    )


def _filled(codes: Iterable[Code]) -> dict[str, list[Code]]:
    found: dict[str, list[Code]] = {}
    for code in codes:
        for name in _changed(code):
            found.setdefault(name, []).append(code)
    return found


def _starts_empty(name: str, module: Module) -> bool:
    """Whether the module gives the name an empty value and nothing else while it is imported."""
    value = module.top.origins.get(name)
    return value is not None and _is_empty(value, module.top) and not _is_filled_on_import(name, module)


def _is_empty(value: ast.expr, scope: Scope) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.List):
        return not value.elts
    return isinstance(value, ast.Call) and not value.args and scope.full_name(value.func) in {"dict", "list", "set"}


def _is_filled_on_import(name: str, module: Module) -> bool:
    """Any call at the top level may fill it: a decorator that registers, a function that loads."""
    top = module.top.facts
    used = [one for one in top.all(ast.Name) if one.id == name and isinstance(one.ctx, ast.Load)]
    called = {one.func.id for one in top.all(ast.Call) if isinstance(one.func, ast.Name)} & module.functions.keys()
    decorated = {
        one.id
        for function in module.functions.values()
        for part in function.decorator_list
        for one in ast.walk(part)
        if isinstance(one, ast.Name)
    } & module.functions.keys()
    return bool(used or called or decorated)


def _readers(name: str, codes: Iterable[Code], fillers: list[Code]) -> Iterator[Code]:
    for code in codes:
        hidden = code.scope.bound | code.scope.imported.keys() | _asked(code.scope)
        if code not in fillers and name not in hidden and _line_of(name, code):
            yield code


def _line_of(name: str, code: Code) -> int:
    lines = [one.lineno for one in code.scope.facts.all(ast.Name) if one.id == name and isinstance(one.ctx, ast.Load)]
    return min(lines, default=0)


RULES = (
    Rule(
        code="ALOFT-P22",
        name="global-change",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that changes a value of its module.",
        why="Each task is a process of its own: what one node leaves there no other task finds, and a node that runs "
        "twice in a process finds what it left. Caches, which ask before they fill, are not meant.",
        bad="SEEN = []\n\ndef collect(rows):\n    SEEN.extend(rows)\n    return rows",
        good="def collect(rows, seen):\n    return rows, [*seen, *rows]",
        find=told(
            _global_changes,
            "{seen} belongs to the module: other tasks do not see the change.",
            "return it as an output of the node",
        ),
    ),
    Rule(
        code="ALOFT-P23",
        name="global-between-tasks",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A node that reads what a node of another task left in a value of the module.",
        why="Under `kedro run` both share a process and it works. On Airflow the reader's process has its own, empty "
        "value: the run is green and its data wrong.",
        bad="SEEN = []\n\ndef collect(rows):\n    SEEN.extend(rows)\n    return rows\n\n"
        "def report(rows):\n    return len(SEEN)",
        good="def collect(rows):\n    return rows, list(rows)\n\ndef report(rows, seen):\n    return len(seen)",
        find=_lost_globals,
    ),
    Rule(
        code="ALOFT-P24",
        name="import-side-effect",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="The module of a node reads, connects, waits or starts something at its top level.",
        why="Each task imports the module, and so does each command that reads the project: the cost is paid a "
        "thousand times, and a service that is away stops even `create`.",
        bad="rates = pd.read_csv('data/01_raw/rates.csv')\n\ndef convert(orders):\n    return orders.merge(rates)",
        good="def convert(orders, rates):\n    return orders.merge(rates)",
        find=_import_effects,
    ),
)
