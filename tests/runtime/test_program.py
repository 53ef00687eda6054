"""The runtime as the program of a container."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.contract.keys import JOURNAL_MARK, REPORT_MARK, RUN_VARIABLE, TASK_VARIABLE
from support.commands import user_environment
from support.runs import wait_until

if TYPE_CHECKING:
    from support.projects import Project, ProjectBuilder

_SOURCE = Path(__file__).parents[2] / "src"
RUN = {"dag_id": "shop", "run_id": "r1", "task_id": "t", "try_number": 1, "run_after": "2026-01-02T03:04:05+00:00"}
FUNCTIONS = """
    import logging, time

    def double(x):
        logging.getLogger("shop").warning("careful")
        return 2 * x

    def fail(x): raise ValueError("not today")

    def give(x):
        note("give")
        return 2 * x

    def once(x):
        note("once")
        if (PROJECT / "notes.txt").read_text().count("once") == 1: raise OSError("comes back")
        return x

    def wait(x):
        note("waiting")
        while True:
            time.sleep(0.05)
"""
NODES = """
    node(double, "params:x", "doubled", name="double"),
    node(fail, "doubled", "never", name="fail"),
    node(wait, "params:x", "waited", name="wait"),
    node(give, "params:x", "in_memory", name="give"),
    node(once, "in_memory", "kept", name="once"),
"""


def journal_of(text: str) -> dict[str, Any]:
    """The newest entry of each node in the journal of a container's log."""
    news = [json.loads(line.removeprefix(JOURNAL_MARK)) for line in text.splitlines() if line.startswith(JOURNAL_MARK)]
    return {name: entry for one in news for name, entry in one.items()}


def build(builder: ProjectBuilder) -> Project:
    return builder.functions(FUNCTIONS).pipeline("__default__", NODES).pickles("doubled").parameters(x=4).build()


def environment(project: Project, *nodes: str, **task: Any) -> dict[str, str]:
    work = {"package": project.package, "pipeline": "__default__", "nodes": list(nodes), **task}
    variables = {TASK_VARIABLE: json.dumps(work), RUN_VARIABLE: json.dumps(RUN), "PYTHONPATH": str(_SOURCE)}
    return user_environment(**variables)


def start(project: Project, env: dict[str, str], *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kedro_aloft.runtime", *words]
    return subprocess.Popen(command, cwd=project.path, env=env, stdout=subprocess.PIPE, text=True)


def run(project: Project, env: dict[str, str], *words: str) -> tuple[int, list[str]]:
    with start(project, env, *words) as process:
        out = process.communicate()[0]
        return process.returncode, out.splitlines()


def test_nodes_run_and_the_report_is_the_last_line(builder: ProjectBuilder) -> None:
    project = build(builder)
    code, lines = run(project, environment(project, "double"))
    assert code == 0, lines
    assert project.pickled("doubled") == 8
    assert any(line.startswith("WARNING") and "shop: careful" in line for line in lines)
    report = json.loads(lines[-1].removeprefix(REPORT_MARK))
    (node,) = report["nodes"]
    assert (node["name"], node["outputs"][0]["kept_in"]) == ("double", "catalog")
    assert node["seconds"] > 0
    assert node["peak_memory_mib"] > 10
    assert report["failure"] is None


def test_a_failed_node_ends_with_1_and_its_error_in_log_and_report(builder: ProjectBuilder) -> None:
    project = build(builder)
    code, lines = run(project, environment(project, "double", "fail"))
    assert code == 1
    assert any("ValueError: not today" in line for line in lines)
    failure = json.loads(lines[-1].removeprefix(REPORT_MARK))["failure"]
    assert (failure["node"], failure["message"]) == ("fail", "not today")


def test_a_request_that_cannot_be_served_ends_with_2(builder: ProjectBuilder) -> None:
    project = build(builder)
    code, lines = run(project, {**environment(project, "double"), RUN_VARIABLE: ""})
    assert code == 2
    assert any(f"{RUN_VARIABLE} is not set" in line for line in lines)


def test_sigterm_ends_it(builder: ProjectBuilder) -> None:
    project = build(builder)
    with start(project, environment(project, "wait")) as process:
        wait_until(project.notes, "the node waits")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 143


def test_clean_removes_what_the_run_handed_over(builder: ProjectBuilder) -> None:
    project = build(builder)
    given = environment(project, "give", gives=["in_memory"], handoff_uri="store")
    assert run(project, given)[0] == 0
    kept = list((project.path / "store" / "shop" / "r1").iterdir())
    assert kept
    env = environment(project)
    for states, left in (({"give": "failed"}, True), ({"give": "success"}, False)):
        env[TASK_VARIABLE] = json.dumps({"handoff_uri": "store", "keep": "on_failure", "ttl_s": 60})
        env[RUN_VARIABLE] = json.dumps({**RUN, "states": {"r1": {**states, "t": "running"}}})
        assert run(project, env, "clean")[0] == 0
        assert os.path.exists(kept[0]) is left  # noqa: PTH110


# --- the claim of a run


def fill(image: Path, claim: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kedro_aloft.runtime", "fill", image, claim],
        env=user_environment(PYTHONPATH=str(_SOURCE)), check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def files(folder: Path) -> dict[str, str]:
    return {str(one.relative_to(folder)): one.read_text() for one in folder.rglob("*") if one.is_file()}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "image"
    (folder / "01_raw" / "deep").mkdir(parents=True)
    (folder / "01_raw" / "deep" / "a.csv").write_text("a")
    (folder / "b.csv").write_text("b")
    (folder / "link").symlink_to("b.csv")
    return folder


def test_an_empty_claim_gets_what_the_image_has(image: Path, tmp_path: Path) -> None:
    claim = tmp_path / "claim"
    (claim / "lost+found").mkdir(parents=True)
    fill(image, claim)
    assert files(claim) == files(image)
    assert (claim / "link").is_symlink()


def test_what_a_run_wrote_is_not_overwritten(image: Path, tmp_path: Path) -> None:
    claim = tmp_path / "claim"
    claim.mkdir()
    fill(image, claim)
    (claim / "b.csv").write_text("new")
    assert "nothing is copied" in fill(image, claim)
    assert (claim / "b.csv").read_text() == "new"


def test_a_copy_that_was_interrupted_begins_anew(image: Path, tmp_path: Path) -> None:
    claim = tmp_path / "claim"
    (claim / "01_raw").mkdir(parents=True)
    (claim / "01_raw" / "half").write_text("ha")
    (claim / "link").symlink_to("b.csv")
    (claim / ".kedro-aloft-filling").touch()
    fill(image, claim)
    assert files(claim) == files(image)


def test_an_image_without_the_folder_leaves_the_claim_empty(tmp_path: Path) -> None:
    claim = tmp_path / "claim"
    claim.mkdir()
    fill(tmp_path / "missing", claim)
    assert not list(claim.iterdir())


def test_the_log_has_the_journal_of_several_nodes(builder: ProjectBuilder) -> None:
    project = build(builder)
    with start(project, environment(project, "double", "fail")) as process:
        text, _ = process.communicate()
    assert process.returncode == 1
    journal = journal_of(text)
    assert {name: entry[0] for name, entry in journal.items()} == {"double": "ok", "fail": "failed"}
    assert journal["double"][3]["outputs"] == {"doubled": "catalog"}
    assert text.splitlines()[-1].startswith(REPORT_MARK), "the report is the last word"
    with start(project, environment(project, "double")) as process:
        text, _ = process.communicate()
    assert not journal_of(text), "one node needs none"


@pytest.mark.parametrize("shared", [True, False], ids=["a-store-for-all", "a-store-in-the-container"])
def test_the_next_container_goes_on_where_the_store_is_shared(builder: ProjectBuilder, shared: bool) -> None:
    project = build(builder)

    def start_try(number: int) -> tuple[int, str]:
        uri = "store" if shared else f"disk-of-{number}"
        env = environment(project, "give", "once", handoff_uri=uri)
        code, lines = run(project, {**env, RUN_VARIABLE: json.dumps({**RUN, "try_number": number})})
        return code, "\n".join(lines)

    assert start_try(1)[0] == 1
    code, text = start_try(2)
    assert code == 0, text
    assert project.notes() == (["give", "once", "once"] if shared else ["give", "once", "give", "once"])
    assert ("Resuming: 1 of 2 nodes are done. To run: once" in text) is shared
    assert ("no earlier try has left" in text) is not shared
    states = {name: entry[0] for name, entry in journal_of(text).items()}
    assert states == {"give": "kept" if shared else "ok", "once": "ok"}
