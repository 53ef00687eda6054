"""A warm task leaves and tells what a task in its own process does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.warm.kernel import children
from support.warm import memory, names_of, wait_until, without_figures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.projects import Project, ProjectBuilder
    from support.warm import Warm

FUNCTIONS = """
    import gc, logging, multiprocessing, os, random, resource, signal, sys, tempfile, time, warnings
    import numpy
    import pandas

    logging.getLogger("at.import").warning("imported")

    def frame(x):
        logging.getLogger("my.library").debug("detail")
        logging.getLogger("my.library").info("notice", extra={"colour": "red"})
        logging.getLogger("my.library").warning("beware")
        warnings.warn("careful", FutureWarning)
        print("printed")
        print("complaint", file=sys.stderr)
        return pandas.DataFrame({"a": [x, 2, 3], "b": list("xyz")})

    def total(frame): return int(frame["a"].sum())

    class Odd(Exception):
        pass

    def bad(x):
        try:
            {}["key"]
        except KeyError as error:
            raise Odd("not today") from error

    def surroundings(x):
        umask = os.umask(0)
        os.umask(umask)
        return {
            "env": {k: v for k, v in os.environ.items() if k.startswith("SHOP_")},
            "umask": umask,
            "argv": sys.argv[0],
            "tmp": tempfile.gettempdir(),
            "open": sorted(os.readlink(path) for name in range(99) if os.path.lexists(path := f"/proc/self/fd/{name}")),
            "tz": time.tzname[0],
            "limit": resource.getrlimit(resource.RLIMIT_CORE),
            "names": sorted(os.environ),
            "directory": os.getcwd(),
            "path": [path for path in sys.path if path],
            "main": sys.modules["__main__"].__name__,
            "collector": (gc.isenabled(), gc.get_threshold()),
            "processes": (multiprocessing.get_start_method(allow_none=True), multiprocessing.current_process().daemon),
            "signals": [str(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE)],
            "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        }

    def draw(x): return [random.random(), float(numpy.random.rand()), float(numpy.random.default_rng().random())]

    def wait(x):
        note("waiting")
        while True:
            time.sleep(1)

    def end(x):
        if x == "segv": import ctypes; ctypes.string_at(0)
        if x == "kill": os.kill(os.getpid(), 9)
        if x == "hard": os._exit(7)
        raise SystemExit(x)
"""
NODES = """
    node(frame, "params:x", "table", name="frame"),
    node(total, "table", "sum", name="total"),
    node(bad, "params:x", "never", name="bad"),
    node(surroundings, "params:x", "around", name="surroundings"),
    node(draw, "params:x", "drawn", name="draw"),
    node(wait, "params:x", "waited", name="wait"),
    node(end, "params:end", "nothing", name="end"),
"""


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    """A project with versioned datasets and nodes that look around."""
    return (
        module_builder("shop")
        .functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .pickles("table", "sum", versioned=True)
        .pickles("around", "drawn")
        .parameters(x=1, end=0)
        .build()
    )


def test_same_report_and_same_files(shared_warm: Warm, project: Project) -> None:
    fields: dict[str, Any] = {"versioned": ("table", "sum"), "pinned": ()}
    trees = []
    for mode in ("warm", "fresh"):
        done = shared_warm.run(project, "frame", "total", mode=mode, **fields).ok()
        trees.append((project.tree("__pycache__"), without_figures(done.report)))
        assert len(list((project.path / "data" / "sum.pkl").iterdir())) == 1
    assert trees[0] == trees[1]
    assert any("sum.pkl" in name for name in trees[0][0])


def test_same_failure(shared_warm: Warm, project: Project) -> None:
    warm, fresh = (shared_warm.run(project, "bad", mode=mode) for mode in ("warm", "fresh"))
    assert without_figures(warm.report) == without_figures(fresh.report)
    assert warm.failure().type.endswith(".functions.Odd")


def test_same_log_in_the_same_order(shared_warm: Warm, project: Project) -> None:
    texts = []
    for mode in ("warm", "fresh"):
        nodes = ("frame", "frame", "bad")  # the second one finds a version to replace, warm and fresh
        ran = [shared_warm.run(project, node, mode=mode, versioned=("table",)).err for node in nodes]
        lines = "".join(ran[1:]).splitlines()
        lines = [line for line in lines if " in 0." not in line and "complaint" not in line]
        assert lines.count("WARNING at.import imported") == 2
        texts.append([line for line in lines if line != "WARNING at.import imported"])
    assert texts[0] == texts[1]
    text = "\n".join(texts[0])
    for words in (
        "INFO my.library notice",
        "WARNING my.library beware",
        "FutureWarning: careful",
        "INFO kedro_aloft.runtime.meter ::group::Node frame",
        "KeyError: 'key'",
        "The above exception was the direct cause",
        "Odd: not today",
    ):
        assert words in text
    assert "detail" not in text


def test_what_a_node_prints_arrives_where_it_was_printed(shared_warm: Warm, project: Project) -> None:
    done = shared_warm.run(project, "frame", versioned=("table",)).ok()
    assert done.out == "printed\n"
    assert "complaint" in done.err.splitlines()


@pytest.mark.parametrize(("end", "code"), [(7, 7), (0, 0), ("sorry", 1)])
def test_system_exit_leaves_the_task(shared_warm: Warm, project: Project, end: Any, code: int) -> None:
    codes = []
    for mode in ("warm", "fresh"):
        done = shared_warm.run(project, "end", mode=mode, runtime_params={"end": end})
        assert (done.report, done.fresh) == (None, "")
        codes.append(done.code)
        assert ("sorry" in done.err) == (end == "sorry")
    assert codes == [code, code]


@pytest.mark.parametrize(
    ("end", "words"), [("segv", "SIGSEGV"), ("kill", "SIGKILL, perhaps for want of memory"), ("hard", "exit code 7")]
)
def test_a_process_that_ends_early_is_a_failure_that_may_heal(
    shared_warm: Warm, project: Project, end: str, words: str
) -> None:
    failure = shared_warm.run(project, "end", runtime_params={"end": end}).failure()
    assert words in failure.message
    assert (failure.type, failure.deterministic) == ("kedro_aloft.errors.RunError", False)
    shared_warm.run(project, "draw").ok()


def test_each_task_has_its_own_surroundings(shared_warm: Warm, project: Project, tmp_path: Path) -> None:
    def look(name: str, zone: str, umask: int, *, mode: str = "warm") -> Any:
        (tmp_path / name).mkdir(exist_ok=True)
        env = {"SHOP_NAME": name, "TMPDIR": str(tmp_path / name), "TZ": zone, f"SHOP_{name.upper()}": "1"}
        limit = 1000 if name == "one" else 2000
        options = {"umask": umask, "cwd": tmp_path / name, "preexec_fn": lambda: _limit(limit)}
        shared_warm.run(project, "surroundings", mode=mode, env=env, options=options).ok()
        return project.pickled("around")

    shared_warm.run(project, "draw").ok()  # the server has our limits; a process cannot raise what it was born with
    one, two = look("one", "UTC", 0o022), look("two", "Asia/Tokyo", 0o077)
    assert one["env"] == {"SHOP_NAME": "one", "SHOP_ONE": "1"}
    assert two["env"] == {"SHOP_NAME": "two", "SHOP_TWO": "1"}
    assert (one["umask"], two["umask"]) == (0o022, 0o077)
    assert (one["tz"], two["tz"]) == ("UTC", "JST")
    assert (one["limit"], two["limit"]) == ((1000, 1000), (2000, 2000))
    fresh = look("two", "Asia/Tokyo", 0o077, mode="fresh")
    ours, theirs = two.pop("open"), fresh.pop("open")
    assert [name.partition(":")[0] for name in ours] == ["/dev/null", "pipe", "pipe", "socket"]  # its channel
    assert [name.partition(":")[0] for name in theirs] == ["/dev/null", "pipe", "pipe"]
    assert two == fresh


def _limit(size: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (size, size))


def test_every_task_draws_its_own_numbers(shared_warm: Warm, project: Project) -> None:
    draws = []
    for _ in range(3):
        shared_warm.run(project, "draw").ok()
        draws += project.pickled("drawn")
    assert len(set(draws)) == 9


def test_nothing_is_left_in_the_server(shared_warm: Warm, project: Project) -> None:
    shared_warm.run(project, "draw").ok()
    server = shared_warm.server
    before = names_of(server)
    for end in ("segv", "kill", "hard"):
        shared_warm.run(project, "end", runtime_params={"end": end}).failure()
    wait_until(lambda: len(names_of(server)) <= len(before), "closed files")  # one more may have been closing then
    assert children(server) == []
    assert shared_warm.server == server


def test_tasks_share_the_memory_of_the_server(shared_warm: Warm, project: Project) -> None:
    tasks = [shared_warm.start(project, "wait") for _ in range(4)]
    try:
        server = wait_until(lambda: len(shared_warm.servers) == 1 and shared_warm.server, "the server")
        pids = wait_until(lambda: len(found := children(server)) == 4 and found, "four forks")
        wait_until(lambda: project.notes().count("waiting") == 4, "four nodes")
        resident, share = (sum(memory(pid, name) for pid in pids) for name in ("Rss", "Pss"))
        assert share < 0.6 * resident
    finally:
        for task in tasks:
            task.process.kill()
            task.end()
