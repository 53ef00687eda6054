"""What heals is tried again; what does not fails at once, and says in which node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.errors import HandoffError, NodeError
from kedro_aloft.runtime.failure import describe_failure, is_deterministic, mark_node

if TYPE_CHECKING:
    from conftest import Worker
    from support.projects import ProjectBuilder


class DatasetError(Exception):
    """Named as Kedro's, which is known by its name."""


def raised(error: Exception, cause: BaseException | None = None) -> Exception:
    """Return an error that was raised from another one."""
    error.__cause__ = cause
    return error


IN_NODES = [
    (ValueError("no data yet"), None, False),
    (KeyError("column"), None, False),
    (TypeError("str"), None, False),
    (ConnectionError("reset"), None, False),
    (TimeoutError(), None, False),
    (OSError("disk"), None, False),
    (MemoryError(), None, False),
    (RuntimeError("x"), None, False),
    (ImportError("numpyy"), None, True),
    (ModuleNotFoundError("x"), None, True),
    (NameError("x"), None, True),
    (NotImplementedError(), None, True),
    (SyntaxError("x"), None, True),
    (RuntimeError("x"), ImportError("y"), True),
    (DatasetError("cannot save"), AttributeError("no to_csv"), True),
    (DatasetError("cannot save"), TypeError("bytes"), True),
    (DatasetError("cannot load"), OSError("reset"), False),
    (DatasetError("cannot load"), ConnectionError("reset"), False),
    (DatasetError("cannot load"), None, False),
    (HandoffError("cannot be pickled"), None, True),
    (DatasetError("cannot save"), HandoffError("cannot be pickled"), True),
    (NodeError("may pass"), None, False),
]


@pytest.mark.parametrize(("error", "cause", "deterministic"), IN_NODES)
def test_failures_of_nodes(error: Exception, cause: Exception | None, *, deterministic: bool) -> None:
    assert is_deterministic(raised(error, cause), started=True) is deterministic


BEFORE_NODES = [
    (ValueError("no such pipeline"), True),
    (KeyError("credentials"), True),
    (AttributeError("settings"), True),
    (TypeError("settings"), True),
    (OSError("network drive"), False),
    (RuntimeError("x"), False),
    (type("MissingConfigException", (Exception,), {})(), True),
    (type("Special", (DatasetError,), {})("unknown type"), True),
]


@pytest.mark.parametrize(("error", "deterministic"), BEFORE_NODES)
def test_failures_before_the_first_node_are_configuration(error: Exception, *, deterministic: bool) -> None:
    assert is_deterministic(raised(error), started=False) is deterministic


def test_a_dataset_that_does_not_reach_its_server_may_do_so_later() -> None:
    error = raised(DatasetError("cannot be made"), ConnectionError("refused"))
    assert is_deterministic(error, started=False) is False


def test_our_own_error_speaks_for_the_one_that_wraps_it() -> None:
    ours = HandoffError("Dataset 'a' cannot be handed over.", remedy="do this")
    failure = describe_failure(raised(DatasetError("wrapped"), ours), node="n", started=True)
    assert failure.type == "kedro_aloft.errors.HandoffError"
    assert failure.message == str(ours)
    assert "DatasetError: wrapped" in failure.traceback


def test_a_note_on_the_exception_names_the_node_that_nobody_else_saw() -> None:
    error = raised(ValueError("x"))
    mark_node(error, "far away")
    assert describe_failure(error, node=None, started=True).node == "far away"
    assert describe_failure(raised(RuntimeError("y"), error), node=None, started=True).node == "far away"
    assert describe_failure(error, node="near", started=True).node == "near"


def test_circles_of_causes_end() -> None:
    one, two = ValueError("1"), ValueError("2")
    one.__cause__, two.__cause__ = two, one
    assert is_deterministic(one, started=True) is False


FUNCTIONS = """
    def good(): return 1

    def bad(_): raise ValueError("not today")

    def missing(_): import no_such_module

    def exits(_): raise SystemExit(3)
"""
NODES = ", ".join(
    [
        "node(good, None, 'one', name='good')",
        *(f"node({name}, 'one', None, name={name!r})" for name in ("bad", "missing", "exits")),
    ]
)


@pytest.mark.parametrize("runner", ["SequentialRunner", "ThreadRunner", "ParallelRunner"])
@pytest.mark.parametrize(("node", "deterministic"), [("bad", False), ("missing", True)])
def test_a_failed_node_is_named_with_every_runner(
    worker: Worker, builder: ProjectBuilder, runner: str, node: str, *, deterministic: bool
) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).build()
    ran = worker.task(project, "good", node, runner=runner)
    failure = ran.failure()
    assert (failure.node, failure.deterministic) == (node, deterministic)
    assert ("not today" if node == "bad" else "no_such_module") in failure.message
    assert f"Task 'good' failed: {failure.message}" in ran.text


def test_the_nodes_before_the_failed_one_are_reported_as_done(worker: Worker, builder: ProjectBuilder) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).build()
    ran = worker.task(project, "good", "bad")
    assert ran.report is not None
    assert [(node.name, node.state) for node in ran.report.nodes] == [("good", "success"), ("bad", "failed")]


def test_the_end_of_the_process_is_not_held_up(worker: Worker, builder: ProjectBuilder) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).build()
    ran = worker.task(project, "good", "exits")
    assert ran.report is None
    assert "SystemExit: 3" in ran.text


BROKEN = {
    "broken catalog": ({"conf/base/catalog.yml": "a: [1"}, {}, "catalog.yml"),
    "missing credentials": (
        {"conf/base/catalog.yml": "one: {type: text.TextDataset, filepath: a, credentials: nope}"},
        {},
        "nope",
    ),
    "unknown dataset type": (
        {"conf/base/catalog.yml": "one: {type: nope.NopeDataset, filepath: a}"},
        {},
        "nope.NopeDataset",
    ),
    "missing library": (
        {"conf/base/catalog.yml": "one: {type: nolib.Data}", "src/nolib.py": "import no_such_lib"},
        {},
        "nolib",
    ),
    "broken registry": ({"src/{package}/pipeline_registry.py": "import no_such_module"}, {}, "no_such_module"),
    "unknown node": ({}, {"nodes": ("gone",)}, "gone"),
    "unknown pipeline": ({}, {"pipeline": "gone"}, "gone"),
    "unknown runner": ({}, {"runner": "GoneRunner"}, "GoneRunner"),
    "unknown env": ({}, {"env": "gone"}, "gone"),
    "unknown project": ({}, {"package": "gone", "project_path": "/"}, "gone"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_before_any_node_fails_at_once_and_says_what(
    worker: Worker, builder: ProjectBuilder, case: str
) -> None:
    files, fields, word = BROKEN[case]
    builder.functions(FUNCTIONS).pipeline("__default__", NODES).pickles("one")
    for name, text in files.items():
        builder.file(name.replace("{package}", builder.package), text)
    project = builder.build()
    if "conf/base/catalog.yml" in files:
        project.write("conf/base/catalog.yml", files["conf/base/catalog.yml"])
    nodes = fields.pop("nodes", ("good",)) if "nodes" in fields else ("good",)
    failure = worker.task(project, *nodes, **fields).failure()
    assert word in failure.message, failure
    assert failure.deterministic, failure
    assert failure.node is None
