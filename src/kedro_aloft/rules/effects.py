"""Purity: functions of nodes that reach past their inputs and outputs. Read from their syntax, never run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from kedro_aloft.rules import vocabulary as words
from kedro_aloft.rules.finding import Hit, Severity, file
from kedro_aloft.rules.pattern import Pattern
from kedro_aloft.rules.purity import FAMILY
from kedro_aloft.rules.reading import Sight, told
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.subject import listed
from kedro_aloft.rules.syntax import argument_names, is_unconditional, nodes_below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.rules.subject import Subject
    from kedro_aloft.rules.syntax import Call, Code, Scope

_TEMPORARY = Pattern(r"tempfile\.\w+\(\).*|os\.devnull|io\.(BytesIO|StringIO|TextIOWrapper)\(\).*")
_PATH_ARGUMENT = Pattern(r"(^|_)(path|file|filename|filepath|dir|directory|folder)$")
_WRITING_MODE = Pattern(r"[wax+]")


class _Paths:
    """What is a path in a function: texts, paths, and arguments that are called or annotated so.

    Temporary files are none, and neither are files of the package itself (`__file__`).
    """

    def __init__(self, scope: Scope, arguments: dict[str, str]) -> None:
        self._scope = scope
        self._arguments = arguments

    def is_path(self, expression: ast.expr | None) -> bool:
        """Whether an expression is surely the path of a file that lasts."""
        if expression is None or self._is_temporary(expression):
            return False
        value = self._scope.origin(expression)
        if isinstance(value, ast.Constant):
            return isinstance(value.value, str) and value.value != ":memory:"
        if isinstance(value, ast.JoinedStr) or words.PATHS.fullmatch(self._scope.full_name(value)):
            return True
        if isinstance(value, ast.BinOp):
            return self.is_path(value.left) or (isinstance(value.op, ast.Add) and self.is_path(value.right))
        return isinstance(value, ast.Name) and self._is_path_argument(value.id)

    def may_be_path(self, expression: ast.expr | None) -> bool:
        """Whether an expression is not surely something else; for what takes nothing but files."""
        return expression is not None and not self._is_temporary(expression)

    def _is_path_argument(self, name: str) -> bool:
        annotation = self._arguments.get(name)
        return annotation is not None and bool(
            _PATH_ARGUMENT.search(name) if annotation in {"", "str"} else "Path" in annotation
        )

    def _is_temporary(self, expression: ast.expr) -> bool:
        for one in nodes_below([expression]):
            if isinstance(one, ast.Name | ast.Attribute | ast.Call):
                value = self._scope.origin(one) if isinstance(one, ast.Name) else one
                if isinstance(value, ast.Name) and value.id == "__file__":
                    return True
                if _TEMPORARY.fullmatch(self._scope.full_name(value)):
                    return True
                if value is not one and self._is_temporary(value):
                    return True
        return False


def _file_writes(code: Code, _: Subject) -> Iterator[Sight]:
    yield from file_uses(code.scope, argument_names(code.definition), writing=True)


def _file_reads(code: Code, _: Subject) -> Iterator[Sight]:
    yield from file_uses(code.scope, argument_names(code.definition), writing=False)


def file_uses(scope: Scope, arguments: dict[str, str], *, writing: bool) -> Iterator[Sight]:
    """Return where files are written, or read, that are neither temporary nor files of the package.

    Args:
        scope: A function or the top level of a module.
        arguments: Its arguments with their annotations as text.
        writing: Which of the two.
    """
    paths = _Paths(scope, arguments)
    for call in scope.calls_of("file"):
        if _is_file_call(call, paths, writing=writing):
            yield Sight(call.line, f"{call.name.replace('()', '')}(…)")
    for method in sorted(words.FRAME_WRITES & scope.methods.keys()) if writing else ():
        for node in scope.methods[method]:
            if paths.is_path(_first(node)):
                yield Sight(node.lineno, f".{method}(…)")


def _is_file_call(call: Call, paths: _Paths, *, writing: bool) -> bool:
    first = _first(call.node)
    if call.name in {"open", "io.open", "codecs.open"}:
        return _writes(call, 1) is writing and paths.may_be_path(first)
    base, _, method = call.name.rpartition(".")
    if words.PATHS.fullmatch(base):
        return _is_path_method(call, method, writing=writing) and _lasts(call, paths)
    if writing:
        return call.name in words.FILE_WRITES and any(paths.is_path(one) for one in call.node.args[:2])
    if words.FRAME_READS.fullmatch(call.name):
        return paths.is_path(first) and not words.FRAME_READS_NO_FILE.fullmatch(call.name)
    return call.name in words.FILE_READS and paths.is_path(first)


def _is_path_method(call: Call, method: str, *, writing: bool) -> bool:
    if method == "open":
        return _writes(call, 0) is writing
    return method in (words.PATH_WRITES if writing else words.PATH_READS)


def _lasts(call: Call, paths: _Paths) -> bool:
    return isinstance(call.node.func, ast.Attribute) and paths.may_be_path(call.node.func.value)


def _first(node: ast.Call) -> ast.expr | None:
    named = {"file", "filepath_or_buffer", "fname", "io", "path", "path_or_buf", "source"}
    return node.args[0] if node.args else next((one.value for one in node.keywords if one.arg in named), None)


def _writes(call: Call, position: int) -> bool:
    mode = call.node.args[position] if len(call.node.args) > position else call.keyword("mode")
    return isinstance(mode, ast.Constant) and bool(_WRITING_MODE.search(str(mode.value)))


def _network(code: Code, _: Subject) -> Iterator[Sight]:
    for call in code.scope.calls_of("network"):
        yield Sight(call.line, f"{call.name.replace('()', '')}(…)")


def _sendings(code: Code, subject: Subject) -> Iterator[Sight]:
    calls = code.scope.calls_of("sending")
    if calls and any(subject.tasks_by_node[name].retries for name in code.nodes):
        yield from (Sight(call.line, f"{call.name.replace('()', '')}(…)") for call in calls)


def _programs(code: Code, _: Subject) -> Iterator[Sight]:
    for call in code.scope.calls_of("program"):
        yield Sight(call.line, f"{call.name}(…)")


def _exits(code: Code, _: Subject) -> Iterator[Sight]:
    for call in code.scope.calls_of("exit"):
        yield Sight(call.line, f"{call.name}()")
    for one in code.scope.facts.all(ast.Raise):
        raised = one.exc.func if isinstance(one.exc, ast.Call) else one.exc
        name = code.scope.full_name(raised) if raised is not None else ""
        if name in {"KeyboardInterrupt", "SystemExit"}:
            yield Sight(one.lineno, f"raise {name}")


def _questions(code: Code, _: Subject) -> Iterator[Sight]:
    for call in code.scope.calls_of("question"):
        certain = is_unconditional(code.definition, call.node) and code.direct
        yield Sight(call.line, f"{call.name}()", None if certain else Severity.WARNING)


def _endless_loops(code: Code, _: Subject) -> Iterator[Sight]:
    """Silent where anything may leave the loop, an exception that stands around it included."""
    facts = code.scope.facts
    forever = [one for one in facts.all(ast.While) if isinstance(one.test, ast.Constant) and one.test.value]
    if not forever or facts.has(ast.Yield, ast.YieldFrom):
        return
    guarded = {id(one) for block in facts.all(ast.Try) for one in nodes_below(block.body) if block.handlers}
    for loop in forever:
        if id(loop) not in guarded and not _is_left(loop) and not _is_nested(code, loop):
            certain = is_unconditional(code.definition, loop) and code.direct
            yield Sight(loop.lineno, "This loop", None if certain else Severity.WARNING)


def _is_nested(code: Code, wanted: ast.AST) -> bool:
    inner = (*code.scope.facts.all(ast.FunctionDef), *code.scope.facts.all(ast.AsyncFunctionDef))
    return any(below is wanted for one in inner for below in ast.walk(one))


def _is_left(loop: ast.While) -> bool:
    """Whether something leaves a loop; a `break` of a loop inside counts too, which errs on the silent side."""
    return any(isinstance(one, ast.Break | ast.Return | ast.Raise) for one in nodes_below(loop.body))


def _bare_handlers(code: Code, _: Subject) -> Iterator[Sight]:
    for handler in code.scope.facts.all(ast.ExceptHandler):
        name = "" if handler.type is None else code.scope.full_name(handler.type)
        if (handler.type is None or name == "BaseException") and not _raises(handler):
            yield Sight(handler.lineno, "except BaseException" if name else "A bare `except`")


def _swallowed(code: Code, _: Subject) -> Iterator[Sight]:
    """Only handlers of `Exception` that do nothing but log: one that gives a substitute has decided something."""
    for handler in code.scope.facts.all(ast.ExceptHandler):
        wide = handler.type is not None and code.scope.full_name(handler.type) == "Exception"
        if wide and all(_does_nothing(one) for one in handler.body):
            yield Sight(handler.lineno, "`except Exception`")


def _raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(one, ast.Raise) for one in nodes_below(handler.body))


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value
    if isinstance(value, ast.Call):
        return getattr(value.func, "attr", getattr(value.func, "id", "")) in words.LOG_METHODS
    return isinstance(value, ast.Constant)


def _airflow_imports(subject: Subject) -> Iterator[Hit]:
    """At the top of a module, and in functions of nodes."""
    tops = [(path, nodes, module.top) for path, (nodes, module) in subject.modules.items()]
    for path, nodes, scope in (*tops, *((code.file, code.nodes, code.scope) for code in subject.code)):
        for line, module in _airflow_modules(scope):
            yield Hit(
                message=f"The module imports {module}.",
                spot=file(path, line),
                where=f"node{'s' * (len(nodes) > 1)} {listed(nodes)}",
                remedy="take what you need as a parameter, with `runtime_params` in airflow.yml",
            )


def _airflow_modules(scope: Scope) -> Iterator[tuple[int, str]]:
    lines = {line: module for line, module in reversed(scope.import_lines) if _is_airflow(module)}
    yield from sorted(lines.items())


def _is_airflow(module: str) -> bool:
    return module.partition(".")[0] == "airflow" or module.startswith("kedro_aloft.airflow")


def _process_state(code: Code, _: Subject) -> Iterator[Sight]:
    for call in code.scope.calls_of("process"):
        yield Sight(call.line, f"{call.name}(…)")
    for one in code.scope.facts.all(ast.Subscript):
        if not isinstance(one.ctx, ast.Load) and code.scope.is_environment(one.value):
            yield Sight(one.lineno, "os.environ[…] = …")


def _kedro_inside(code: Code, _: Subject) -> Iterator[Sight]:
    for call in code.scope.calls_of("kedro"):
        yield Sight(call.line, f"{call.name.removeprefix('kedro.')}()")


def _polling(code: Code, _: Subject) -> Iterator[Sight]:
    waits = {id(call.node) for call in code.scope.calls_of("sleep")}
    for loop in code.scope.facts.all(ast.While) if waits else ():
        if any(id(one) in waits for one in nodes_below(loop.body)):
            yield Sight(loop.lineno, "This loop")


RULES = (
    Rule(
        code="ALOFT-P08",
        name="file-written-in-node",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that writes, moves or deletes files itself.",
        why="Kedro and Airflow do not know of the file: no task waits for it, a retry finds what the failed try left, "
        "and on another machine it is not there. Temporary files are not meant.",
        bad="def report(data):\n    data.to_csv('data/08_reporting/report.csv')",
        good="def report(data):\n    return data  # report: {type: pandas.CSVDataset, filepath: …}",
        find=told(
            _file_writes,
            "{seen} writes a file that the catalog does not know.",
            "return the data, and let a dataset of the catalog save it",
        ),
    ),
    Rule(
        code="ALOFT-P09",
        name="file-read-in-node",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that reads files which are no inputs of it.",
        why="No task waits for who writes the file, and on another machine it may be missing or old. Files of the "
        "package itself (`__file__`) are not meant.",
        bad="def enrich(orders):\n    rates = pd.read_csv('data/01_raw/rates.csv')\n    return orders.merge(rates)",
        good="def enrich(orders, rates):\n    return orders.merge(rates)",
        find=told(
            _file_reads,
            "{seen} reads a file that the catalog does not know.",
            "make the file a dataset of the catalog and an input of the node",
        ),
    ),
    Rule(
        code="ALOFT-P10",
        name="network-in-node",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that talks to other machines without the catalog.",
        why="The catalog is where credentials, environments and tests change what is on the other side; inside a "
        "function all tasks talk to one fixed place, tests included, and a failure after half of the work repeats it.",
        bad="def fetch(city):\n    return requests.get(f'https://weather.example/{city}').json()",
        good="def fetch(weather):  # weather: {type: api.APIDataset, url: …, credentials: weather}\n"
        "    return weather.json()",
        find=told(
            _network,
            "{seen} opens a connection that the catalog does not know.",
            "make it a dataset, for example `api.APIDataset` or one of your own",
        ),
    ),
    Rule(
        code="ALOFT-P11",
        name="sending-with-retries",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that sends or posts something and is tried again after a failure.",
        why="A try that fails after it has sent sends again: two mails, two orders, two messages.",
        bad="def announce(metrics):\n    requests.post('https://chat.example/hook', json=metrics)",
        good="def announce(metrics):\n    return metrics  # sent by a dataset, or `retries: 0` under `tasks`",
        find=told(
            _sendings,
            "{seen} sends once more with each retry.",
            "set `retries: 0` for this node under `tasks`, or send a key that the other side knows again",
        ),
    ),
    Rule(
        code="ALOFT-P12",
        name="program-in-node",
        family=FAMILY,
        severity=Severity.INFO,
        summary="A node that starts another program.",
        why="The program must be on each worker in the same version, what it reads and writes is outside of the "
        "catalog, and a task that is stopped has to stop it too.",
        bad="def convert(path):\n    subprocess.run(['ffmpeg', '-i', path, 'out.wav'], check=True)",
        good="def convert(sound):\n    return resample(sound, 16_000)",
        find=told(
            _programs, "{seen} needs a program on each worker.", "use a library, or put the program into the image"
        ),
    ),
    Rule(
        code="ALOFT-P13",
        name="exit-in-node",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that ends the process.",
        why="`sys.exit()` fails the task whatever its code is, although `kedro run` ends well with 0, and the other "
        "nodes of the task do not run. After `os._exit(0)` Airflow shows success for a task that saved nothing.",
        bad="def load(rows):\n    if not rows:\n        sys.exit(0)\n    return rows",
        good="def load(rows):\n    if not rows:\n        raise ValueError('no rows')\n    return rows",
        find=told(_exits, "{seen} ends the process of the task.", "return what is right, or raise an exception"),
    ),
    Rule(
        code="ALOFT-P14",
        name="question-in-node",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A node that asks somebody, or stops in a debugger.",
        why="Nobody sits at a worker: `input()` fails with EOFError, `breakpoint()` with BdbQuit. Where it stands in a "
        "branch it is a warning.",
        bad="def approve(model):\n    breakpoint()\n    return model",
        good="def approve(model, approved):  # params:approved\n    return model if approved else None",
        find=told(_questions, "{seen} waits for somebody; nobody is there.", "take the answer as a parameter"),
    ),
    Rule(
        code="ALOFT-P15",
        name="endless-loop",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A node with a loop that nothing leaves.",
        why="A task ends or is of no use: what comes after it never runs, and its slot is taken until a timeout. "
        "Streams belong elsewhere.",
        bad="def consume(queue):\n    while True:\n        print(queue.get())",
        good="def consume(queue):\n    while True:\n        item = queue.get()\n        if item is None:\n"
        "            break\n        print(item)",
        find=told(_endless_loops, "{seen} never ends.", "leave it when the work of this run is done"),
    ),
    Rule(
        code="ALOFT-P16",
        name="bare-except",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that catches everything, `except:` or `except BaseException:`.",
        why="Airflow ends a task by exceptions that are no `Exception`: at its timeout, and when somebody stops it. A "
        "handler of everything keeps the task running, or turns the end into wrong data.",
        bad="def parse(text):\n    try:\n        return json.loads(text)\n    except:\n        return {}",
        good="def parse(text):\n    try:\n        return json.loads(text)\n    except ValueError:\n        return {}",
        find=told(
            _bare_handlers,
            "{seen} also catches what Airflow stops the task with.",
            "catch the exceptions that you expect, or raise again",
        ),
    ),
    Rule(
        code="ALOFT-P17",
        name="swallowed-error",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that catches `Exception` and only goes on.",
        why="The task is green and its output incomplete: no retry, no notification, and the next task works with what "
        "is there.",
        bad="def download(urls):\n    for url in urls:\n        try:\n            fetch(url)\n"
        "        except Exception:\n            logger.warning('no %s', url)",
        good="def download(urls):\n    for url in urls:\n        fetch(url)  # a failure fails the task",
        find=told(
            _swallowed,
            "{seen} goes on as if nothing had happened.",
            "catch the exceptions that you expect, count what is left out, or let the task fail",
        ),
    ),
    Rule(
        code="ALOFT-P18",
        name="airflow-in-node",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="The module of a node imports Airflow.",
        why="`kedro run` then needs Airflow too, and a function that reads its task's context or Airflow's variables "
        "gives other results outside of Airflow.",
        bad="from airflow.sdk import get_current_context\n\ndef label(rows):\n"
        "    return rows.assign(day=get_current_context()['ds'])",
        good="def label(rows, day):  # `runtime_params: {day: '{{ ds }}'}`\n    return rows.assign(day=day)",
        find=_airflow_imports,
    ),
    Rule(
        code="ALOFT-P19",
        name="process-state",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that changes its process: folder, environment, logging, signals.",
        why="Nodes that share a task find it changed: after `os.chdir` the relative paths of the catalog lead "
        "elsewhere. Nodes in other tasks do not find it changed, although under `kedro run` they do.",
        bad="def train(data):\n    os.environ['OMP_NUM_THREADS'] = '4'\n    return fit(data)",
        good="def train(data, threads):  # or `env_vars: {OMP_NUM_THREADS: '4'}` in airflow.yml\n"
        "    return fit(data, n_jobs=threads)",
        find=told(
            _process_state,
            "{seen} changes the process for the nodes that share it, and for no other.",
            "pass it as an argument, or set it with `env_vars` in airflow.yml",
        ),
    ),
    Rule(
        code="ALOFT-P20",
        name="session-in-node",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that opens a Kedro session, catalog or configuration of its own.",
        why="What it loads and saves there is in no pipeline: no task waits for it, the run's versions and parameters "
        "do not hold, and hooks run twice.",
        bad="def load(name):\n    with KedroSession.create() as session:\n"
        "        return session.load_context().catalog.load(name)",
        good="def load(orders):\n    return orders",
        find=told(
            _kedro_inside,
            "{seen} opens what the pipeline does not know.",
            "make what it loads inputs of the node, and what it saves outputs",
        ),
    ),
    Rule(
        code="ALOFT-P21",
        name="polling-in-node",
        family=FAMILY,
        severity=Severity.INFO,
        summary="A node that waits in a loop with `time.sleep`.",
        why="The task holds its slot, and its memory, while it does nothing; with as many such tasks as slots nothing "
        "else runs.",
        bad="def wait(job):\n    while job.state() != 'done':\n        time.sleep(30)",
        good="def start(job):\n    return job.id  # and `wait_for` in airflow.yml where another DAG makes the data",
        find=told(
            _polling,
            "{seen} waits and holds a slot.",
            "let the schedule or `wait_for` wait, or bound the wait with `timeout` under `tasks`",
        ),
    ),
)
