"""Purity: functions of nodes that give something else the next time. Read from their syntax, never run."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from kedro_aloft.rules import vocabulary as words
from kedro_aloft.rules.finding import Severity
from kedro_aloft.rules.reading import Sight, told
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.syntax import nodes_below

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kedro_aloft.rules.subject import Subject
    from kedro_aloft.rules.syntax import Call, Code, Scope

FAMILY = "Purity"

_BEGINNING = re.compile(r"(^|_)(began|begin|start|started|t0|tic)($|_)")


def _clocks(code: Code, _: Subject) -> Iterator[Sight]:
    """Silent where the clock only goes to a log, or two readings of it are subtracted."""
    readings = [call for call in code.scope.calls_of("clock") if _reads_clock(call)]
    if not readings:
        return
    logged = _logged(code.scope)
    harmless = logged | _measured(code.scope, readings, logged)
    for call in readings:
        if id(call.node) not in harmless:
            yield Sight(call.line, f"{call.name}()")


def _reads_clock(call: Call) -> bool:
    if call.name in words.CLOCKS_WITHOUT_MOMENT:
        return len(call.node.args) < words.CLOCKS_WITHOUT_MOMENT[call.name] and not call.is_open_ended
    if call.name in words.CLOCKS_OF_WORDS:
        first = call.node.args[0] if call.node.args else None
        return isinstance(first, ast.Constant) and first.value in {"now", "today"}
    return call.name in words.CLOCKS


def _logged(scope: Scope) -> set[int]:
    """What stands in the arguments of calls that log, print or warn."""
    logging = [call for call in scope.facts.all(ast.Call) if _last_name(call.func) in words.LOG_METHODS]
    return {id(one) for one in nodes_below(argument for call in logging for argument in call.args)}


def _last_name(expression: ast.expr) -> str:
    return getattr(expression, "attr", getattr(expression, "id", ""))


def _measured(scope: Scope, readings: Sequence[Call], logged: set[int]) -> set[int]:
    """Readings of the clock that are subtracted from each other, and at most logged besides: how long it took."""
    clocks = {id(call.node) for call in readings}
    values = _values(scope)
    names = {name for name, given in values.items() if given and given <= clocks}
    sides: set[int] = set()
    for one in scope.facts.all(ast.BinOp):
        if isinstance(one.op, ast.Sub) and all(_is_moment(side, clocks, names) for side in (one.left, one.right)):
            sides |= {id(one.left), id(one.right)}
    uses: dict[str, set[int]] = defaultdict(set)
    for name in scope.facts.all(ast.Name):
        if isinstance(name.ctx, ast.Load):
            uses[name.id].add(id(name))
    measured = {name for name in names if uses[name] & sides and uses[name] <= sides | logged}
    return sides.union(*(values[name] for name in measured))


def _values(scope: Scope) -> dict[str, set[int]]:
    """What is assigned to each name; empty when something else gives it a value, too."""
    given: dict[str, set[int]] = defaultdict(set)
    stores: dict[str, int] = defaultdict(int)
    for name in scope.facts.all(ast.Name):
        stores[name.id] += not isinstance(name.ctx, ast.Load)
    for one in scope.facts.all(ast.Assign):
        for target in one.targets:
            if isinstance(target, ast.Name):
                given[target.id].add(id(one.value))
                stores[target.id] -= 1
    return {name: values if stores[name] == 0 else set() for name, values in given.items()}


def _is_moment(side: ast.expr, clocks: set[int], names: set[str]) -> bool:
    """Whether one side of a difference is a reading of the clock, or a moment that somebody calls a beginning."""
    if id(side) in clocks:
        return True
    name = side.id if isinstance(side, ast.Name) else side.attr if isinstance(side, ast.Attribute) else ""
    return name in names or bool(_BEGINNING.search(name))


def _unrepeatable(code: Code, _: Subject) -> Iterator[Sight]:
    calls = code.scope.calls_of("identity")
    harmless = _logged(code.scope) if calls else set()
    for call in calls:
        if id(call.node) not in harmless:
            yield Sight(call.line, f"{call.name}()")


def _global_randomness(code: Code, _: Subject) -> Iterator[Sight]:
    calls = code.scope.calls_of("draw")
    seeded = _seeded_libraries(code) if calls else frozenset()
    for call in calls:
        own = call.keyword("generator", "seed") is not None or call.is_open_ended
        if not own and call.name.partition(".")[0] not in seeded:
            yield Sight(call.line, f"{call.name}()")


def _seeded_libraries(code: Code) -> frozenset[str]:
    """Libraries whose global generator is seeded, by the function, one beside it in the module, or the module."""
    scopes = (code.scope, code.module.top, *(code.module.scope(one) for one in code.module.functions.values()))
    called = {call.name for scope in scopes for call in scope.calls if call.node.args or call.node.keywords}
    return frozenset(library for library, seeds in words.SEEDS.items() if called.intersection(seeds))


def _unseeded_generators(code: Code, _: Subject) -> Iterator[Sight]:
    for call in code.scope.calls_of("generator"):
        if not call.is_open_ended and _has_no_seed(call):
            yield Sight(call.line, f"{call.name}()")


def _has_no_seed(call: Call) -> bool:
    given = call.node.args[0] if call.node.args else call.keyword("seed", "x", "version")
    return given is None or _is_none(given)


def _is_none(expression: ast.expr | None) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is None


def _unseeded_estimators(code: Code, _: Subject) -> Iterator[Sight]:
    found = [sight for call in code.scope.calls_of("estimator") for sight in _unseeded_estimator(call)]
    found += [sight for call in code.scope.methods.get("sample", ()) for sight in _unseeded_sample(call, code.scope)]
    if found and "numpy" not in _seeded_libraries(code):
        yield from found


def _unseeded_estimator(call: Call) -> Iterator[Sight]:
    name = call.name.rpartition(".")[2]
    if call.is_open_ended:
        return
    shuffle = call.keyword("shuffle")
    if name in words.SHUFFLED_SPLITTERS:
        random = isinstance(shuffle, ast.Constant) and shuffle.value is True
    else:
        random = name in words.RANDOM_ESTIMATORS and not (isinstance(shuffle, ast.Constant) and shuffle.value is False)
    state = call.keyword("random_state")
    if random and (state is None or _is_none(state)):
        yield Sight(call.line, f"{name}(…) without random_state")


def _unseeded_sample(node: ast.Call, scope: Scope) -> Iterator[Sight]:
    """Frames: `frame.sample(frac=0.1)`. What `sample` belongs to is unknown, so only their own arguments count."""
    names = {one.arg for one in node.keywords}
    if (
        not scope.full_name(node.func)
        and names & {"frac", "fraction", "n"}
        and not names & {"random_state", "seed", None}
    ):
        yield Sight(node.lineno, ".sample(…) without random_state")


def _set_order(code: Code, _: Subject) -> Iterator[Sight]:
    """Lists made of sets; silent where something sorts or counts them, asks what is in them, or makes words of them."""
    scope = code.scope
    lists = [call for call in scope.calls_of("list") if _is_set(call.node.args, scope)]
    if not lists:
        return
    ordered = {
        id(one)
        for call in scope.facts.all(ast.Call)
        if _last_name(call.func) in {"all", "any", "isin", "is_in", "len", "max", "min", "set", "sorted", "sum"}
        for one in nodes_below(call.args)
    } | {id(one) for kind in (ast.JoinedStr, ast.Raise) for one in nodes_below(scope.facts.all(kind))}
    sorted_later = {
        call.func.value.id
        for call in scope.facts.all(ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "sort" and isinstance(call.func.value, ast.Name)
    }
    kept = {id(value) for name, value in scope.origins.items() if name in sorted_later}
    for call in lists:
        if id(call.node) not in ordered | kept:
            yield Sight(call.line, f"{call.name}() of a set")


def _is_set(arguments: list[ast.expr], scope: Scope) -> bool:
    """Sets of what a literal, a call of `set` or a difference of sets gives. Sets of numbers have an order of sorts."""
    if len(arguments) != 1:
        return False
    value = scope.origin(arguments[0])
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub | ast.BitAnd | ast.BitOr | ast.BitXor):
        return _is_set([value.left], scope) or _is_set([value.right], scope)
    if isinstance(value, ast.Set):
        return not all(isinstance(one, ast.Constant) and isinstance(one.value, int) for one in value.elts)
    return isinstance(value, ast.SetComp) or (
        isinstance(value, ast.Call) and scope.full_name(value.func) in {"frozenset", "set"}
    )


_AMBIENT = frozenset(
    {"HOME", "HOSTNAME", "KEDRO_ENV", "LANG", "PATH", "PWD", "SHELL", "TEMP", "TMP", "TMPDIR", "TZ", "USER"}
)


def _environment(code: Code, subject: Subject) -> Iterator[Sight]:
    """Silent for what the settings give to each task of the function."""
    given = [{name for name, _ in subject.tasks_by_node[node].env_vars} for node in code.nodes]
    known = _AMBIENT.union(set.intersection(*given) if given else set())
    for line, variable in _variables(code.scope):
        if variable not in known and not variable.startswith(("AIRFLOW_", "PYTHON")):
            yield Sight(line, variable or "os.environ")


def _variables(scope: Scope) -> Iterator[tuple[int, str]]:
    for call in scope.calls_of("variable"):
        yield call.line, _text(call.node.args)
    for one in scope.facts.all(ast.Subscript):
        if isinstance(one.ctx, ast.Load) and scope.is_environment(one.value):
            yield one.lineno, _text([one.slice])


def _text(arguments: list[ast.expr]) -> str:
    first = arguments[0] if arguments else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


RULES = (
    Rule(
        code="ALOFT-P01",
        name="clock-in-node",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that reads the clock.",
        why="A retry, a cleared task and a backfill run at another time than the run was due, and give another result. "
        "The run's own date comes as a runtime parameter and is the same in every try. Readings that are only logged, "
        "or subtracted from each other, are not meant.",
        bad="def label(orders):\n    return orders.assign(day=datetime.now().date())",
        good="def label(orders, day):  # params:day, from `runtime_params: {day: '{{ ds }}'}`\n"
        "    return orders.assign(day=day)",
        find=told(
            _clocks,
            "{seen} reads the clock: a retry or a backfill gives another result.",
            "take the date as a parameter and set it with `runtime_params: {{day: '{{{{ ds }}}}'}}` in airflow.yml",
        ),
    ),
    Rule(
        code="ALOFT-P02",
        name="random-identity",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that makes ids or bytes that no seed repeats.",
        why="Each try makes other ids, so rows that were written before a failure no longer match those after it, and "
        "nothing can be compared between two runs.",
        bad="def add_ids(rows):\n    return [{**row, 'id': str(uuid.uuid4())} for row in rows]",
        good="def add_ids(rows):\n"
        "    return [{**row, 'id': str(uuid.uuid5(uuid.NAMESPACE_URL, row['url']))} for row in rows]",
        find=told(
            _unrepeatable,
            "{seen} gives something else in each try.",
            "derive ids from the data, as `uuid.uuid5(namespace, key)` or a hash does",
        ),
    ),
    Rule(
        code="ALOFT-P03",
        name="unseeded-random",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that draws from a library's global generator, which nobody seeds.",
        why="Each task is a process of its own with another state of the generator: a retry gives other data than the "
        "try before, and the DAG other data than `kedro run`.",
        bad="def jitter(x):\n    return x + np.random.normal(size=len(x))",
        good="def jitter(x, seed):\n    return x + np.random.default_rng(seed).normal(size=len(x))",
        find=told(
            _global_randomness,
            "{seen} draws from a global generator that nobody seeds.",
            "take a seed as a parameter and make a generator of it: `numpy.random.default_rng(seed)`",
        ),
    ),
    Rule(
        code="ALOFT-P04",
        name="unseeded-generator",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that makes a random generator without a seed.",
        why="Without a seed the generator starts from the machine's entropy: each try, and each run of the same day, "
        "gives other data.",
        bad="def draw(n):\n    return np.random.default_rng().integers(0, 9, n)",
        good="def draw(n, seed):\n    return np.random.default_rng(seed).integers(0, 9, n)",
        find=told(_unseeded_generators, "{seen} has no seed.", "give it a seed that comes as a parameter"),
    ),
    Rule(
        code="ALOFT-P05",
        name="unseeded-estimator",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that splits, samples or trains at random without `random_state`.",
        why="The split of a retry is another one: a model may then be evaluated on rows that an earlier try trained "
        "with, and no figure can be reproduced.",
        bad="def split(data):\n    return train_test_split(data, test_size=0.2)",
        good="def split(data, seed):\n    return train_test_split(data, test_size=0.2, random_state=seed)",
        find=told(
            _unseeded_estimators, "{seen} gives another result in each try.", "pass `random_state` from a parameter"
        ),
    ),
    Rule(
        code="ALOFT-P06",
        name="set-order",
        family=FAMILY,
        severity=Severity.INFO,
        summary="A node that makes a list of a set without sorting it.",
        why="The order of texts in a set differs from process to process (Python's hash seed), so columns or rows come "
        "in another order in each task.",
        bad="def features(data):\n    return data[list(set(data.columns) - {'target'})]",
        good="def features(data):\n    return data[sorted(set(data.columns) - {'target'})]",
        find=told(_set_order, "{seen} has another order in each process.", "use `sorted(…)`"),
    ),
    Rule(
        code="ALOFT-P07",
        name="environment-in-node",
        family=FAMILY,
        severity=Severity.INFO,
        summary="A node that reads an environment variable that `env_vars` does not give to its task.",
        why="A worker's environment is not yours: the variable is missing there, or has another value on each machine.",
        bad="def fetch(rows):\n    return rows[: int(os.environ['ROW_LIMIT'])]",
        good="def fetch(rows, row_limit):\n    return rows[:row_limit]",
        find=told(
            _environment,
            "The environment variable {seen} may be missing or different on a worker.",
            "take the value as a parameter, or set the variable with `env_vars` in airflow.yml",
        ),
    ),
)
