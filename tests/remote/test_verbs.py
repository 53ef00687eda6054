"""Each verb against a second real Airflow with Celery, a password and roles, from the project's own folder."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from remote.conftest import invoke
from support.commands import Done, program, run_command, user_environment

if TYPE_CHECKING:
    from pathlib import Path

    from remote.conftest import Operated

pytestmark = pytest.mark.e2e


def states(outcome: dict[str, Any]) -> dict[str, str]:
    return {node["name"]: node["state"] for task in outcome["tasks"] for node in task["nodes"]}


@pytest.fixture(scope="module", autouse=True)
def _unpaused(operated: Operated) -> None:
    """The DAGs are new and therefore paused: a trigger says so, and what to do."""
    refused = operated.kedro("trigger")
    assert refused.code == 2, refused.text
    assert "--unpause" in refused.err
    operated.operate("unpause").ok()


@pytest.fixture(scope="module")
def green(operated: Operated) -> dict[str, Any]:
    """A run that succeeded."""
    done = operated.kedro("trigger", "--wait", "--params=start=5", "--json").ok()
    outcome: dict[str, Any] = done.json()
    return outcome


@pytest.fixture(scope="module")
def failed(operated: Operated) -> Done:
    """What the command says of a run whose last node failed."""
    return operated.operate("trigger", "--wait", "--params=fail=true")


def test_trigger_follows_a_run_to_green_and_its_parameters_count(operated: Operated, green: dict[str, Any]) -> None:
    outcome = green
    assert (outcome["dag_id"], outcome["state"]) == (operated.project.package, "success")
    assert states(outcome) == dict.fromkeys(["first.begin", "double", "finish"], "success")
    assert operated.project.pickled("finished") == 11


def test_a_failed_run_is_told_node_by_node_and_watch_repeats_it(operated: Operated, failed: Done) -> None:
    assert failed.code == 1
    assert "ValueError: asked to fail" in failed.err
    assert "✗ finish  failed" in failed.err
    outcome = operated.outcome("watch")
    assert outcome["state"] == "failed"
    assert states(outcome) == {"first.begin": "success", "double": "success", "finish": "failed"}


def test_clear_of_a_failed_run_runs_one_node_and_leaves_the_others(operated: Operated, failed: Done) -> None:
    run = next(word for word in failed.err.split() if word.startswith("manual__"))
    before = operated.project.notes()
    asked = operated.operate("clear", run, "--nodes=finish")
    assert asked.code == 2
    assert "There is nobody to ask" in asked.err
    assert "finish  failed  nodes finish" in asked.err
    assert operated.project.notes() == before
    outcome = operated.outcome("clear", run, "--nodes=finish", "--yes", "--wait")
    assert outcome["state"] == "failed"
    assert operated.project.notes() == [*before, "finish"]


def test_clear_of_a_green_run_makes_again_what_was_handed_over_in_memory(
    operated: Operated, green: dict[str, Any]
) -> None:
    run = green["run_id"]
    before = operated.project.notes()
    outcome = operated.outcome("clear", run, "--dataset=doubled", "--only", "--yes", "--wait")
    assert outcome["state"] == "success"
    assert sorted(operated.project.notes()[len(before) :]) == ["begin", "double"]


def test_clear_takes_what_comes_after_along(operated: Operated, green: dict[str, Any]) -> None:
    run = green["run_id"]
    for words, expected in (
        (["--node=double"], {"first.begin", "double", "finish"}),
        (["--from-node=double", "--downstream"], {"first.begin", "double", "finish"}),
        (["--namespace=first"], {"first.begin", "double", "finish"}),
        (["--namespace=first", "--only"], {"first.begin"}),
        (["--task=finish"], {"finish"}),
    ):
        done = operated.operate("clear", run, *words)
        assert done.code == 2
        listed = {line.split()[0] for line in done.err.splitlines() if "  nodes " in line}
        assert listed == expected, words


@pytest.mark.parametrize(
    ("word", "said"),
    [("--node=doubl", "Did you mean 'double'?"), ("--dataset=begum", "Did you mean 'begun'?"), ("--wait", "Nothing")],
)
def test_clear_of_what_does_not_exist_is_refused(operated: Operated, word: str, said: str) -> None:
    done = operated.operate("clear", word, "--yes")
    assert done.code == 2
    assert said in done.err


def test_logs_of_a_node_are_what_it_logged(operated: Operated, green: dict[str, Any]) -> None:
    run = green["run_id"]
    out = operated.operate("logs", run, "--node=first.begin").ok().out
    assert "beginning with 5" in out
    assert all(line.startswith("first.begin │") for line in out.splitlines())
    everything = operated.operate("logs", run).ok().out
    assert {line.split(" │")[0] for line in everything.splitlines()} >= {"first.begin", "double", "finish"}


def test_run_once_waits_for_no_sensor_and_logs_follow_it_while_it_runs(operated: Operated) -> None:
    project, remote = operated.project, operated.remote
    words = (f"--on={remote.url}", "--username=admin", "--pipeline=gated")
    environment = user_environment(**operated.login())
    argv = [program("kedro"), "airflow", "run-once", *words, "--unpause"]
    with subprocess.Popen(
        argv, cwd=project.path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        try:
            assert any("does not wait" in line for line in iter(running.stderr.readline, ""))
            _follow_to_the_gate(operated, words)
        finally:
            (project.path / "gate").touch()
            out, err = running.communicate(timeout=300)
    assert running.returncode == 0, out + err


def _follow_to_the_gate(operated: Operated, words: tuple[str, ...]) -> None:
    """Open the gate when the log says that the node waits for it; the command ends with the run."""
    argv = [program("kedro"), "airflow", "logs", *words, "--node=wait", "-f"]
    environment = user_environment(**operated.login())
    with subprocess.Popen(
        argv, cwd=operated.project.path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        assert following.stderr is not None
        lines = iter(following.stdout.readline, "")
        seen = next((line for line in lines if "waiting for the gate" in line), "")
        (operated.project.path / "gate").touch()
        rest = "".join(lines)
        assert seen, rest + following.stderr.read()
    assert following.returncode == 0
    assert "the gate is open" in rest


def test_list_shows_only_ours_with_version_and_last_run(operated: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    (operated.remote.dags / "foreign.py").write_text('from airflow.sdk import DAG\nDAG("foreign")\n')
    dags = {one["dag_id"]: one for one in operated.operate("list", "--json").ok().json()}
    package = operated.project.package
    assert "foreign" not in dags
    assert {package, f"{package}-daily", f"{package}-gated"} <= set(dags)
    daily = dags[f"{package}-daily"]
    assert (daily["package"], daily["pipeline"], daily["env"]) == (package, "daily", "local")
    assert daily["fingerprint"] in (operated.remote.dags / f"{package}_daily_dag.py").read_text()
    assert daily["paused"]
    monkeypatch.setenv("COLUMNS", "200")
    assert package in operated.operate("list").ok().out


def test_pause_and_unpause(operated: Operated) -> None:
    api, dag = operated.remote.api(), operated.project.package
    operated.operate("pause").ok()
    assert api.dag_details(dag)["is_paused"]  # type: ignore[index]
    operated.operate("unpause").ok()
    assert not api.dag_details(dag)["is_paused"]  # type: ignore[index]


def test_backfill_lists_the_dates_and_then_runs_them(operated: Operated) -> None:
    words = ("--from=2026-01-02", "--to=2026-01-03")
    listed = operated.operate("backfill", *words, "--dry-run", pipeline="daily").ok().out.split()
    assert [date[:10] for date in listed] == ["2026-01-02", "2026-01-03"]
    assert operated.remote.api().runs(f"{operated.project.package}-daily") == ()
    made = operated.kedro("backfill", "--pipeline=daily", *words, "--json", "--params=name=tuesday").ok().json()
    assert isinstance(made["backfill"], int)
    runs = operated.remote.api().runs(f"{operated.project.package}-daily")
    assert [run.run_id[:10] for run in runs] == ["backfill__"] * 2


def test_ui_prints_the_address_and_opens_it(operated: Operated, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    environment = {**operated.login(), "BROWSER": str(browser)}
    words = (f"--on={operated.remote.url}", "--username=admin", operated.project.package)
    url = f"{operated.remote.url}/dags/{operated.project.package}"
    assert _without_project("ui", *words, cwd=tmp_path, env=environment).ok().out.strip() == url
    assert opened.read_text() == url
    opened.unlink()
    assert _without_project("ui", *words, "--no-open", cwd=tmp_path, env=environment).ok().out.strip() == url
    assert not opened.exists()


def test_status_and_doctor_of_another_airflow(operated: Operated) -> None:
    status = operated.operate("status", "--json").ok().json()
    assert (status["up"], status["url"]) == (True, operated.remote.url)
    assert operated.operate("doctor").code == 0


def test_a_target_of_airflow_yml_names_its_airflow_and_how_to_log_in(operated: Operated) -> None:
    kept = (operated.project.path / "conf/base/airflow.yml").read_text()
    auth = "{kind: token, token_env: SHOP_TOKEN}"
    target = (
        f"\ntargets:\n  prod: {{kind: folder, path: /dags, airflow: {{url: '{operated.remote.url}', auth: {auth}}}}}\n"
    )
    operated.project.write("conf/base/airflow.yml", kept + target)
    try:
        missing = operated.project.airflow("list", "--on=prod")
        assert (missing.code, "SHOP_TOKEN" in missing.err) == (2, True)
        word = operated.project.airflow("list", "--on=prodd")
        assert (word.code, "Did you mean 'prod'?" in word.err) == (2, True)
        environment = {"SHOP_TOKEN": operated.remote.token()}
        assert operated.project.package in operated.project.airflow("list", "--on=prod", env=environment).ok().out
    finally:
        operated.project.write("conf/base/airflow.yml", kept)


def test_a_viewer_may_watch_and_is_told_that_he_may_not_trigger(operated: Operated) -> None:
    assert operated.operate("list", user="viewer").ok()
    refused = operated.operate("trigger", user="viewer")
    assert refused.code == 3
    assert "403" in refused.err
    assert operated.remote.password("viewer") not in refused.text


def _without_project(*words: str, cwd: Path, env: dict[str, str]) -> Done:
    """The browser is a program of its own, so the command is one, too."""
    return run_command(sys.executable, "-m", "kedro_aloft", *words, cwd=cwd, env=env)


def test_what_is_not_there_is_said(operated: Operated) -> None:
    unknown = operated.operate("trigger", pipeline="nobody")
    assert (unknown.code, "knows no DAG" in unknown.err) == (2, True)
    nobody = invoke("list", "--on=http://127.0.0.1:9", "--username=x", env=operated.login())
    assert nobody.code == 3
    here = operated.project.airflow("trigger")
    assert here.code == 1
    assert "--on" in here.err
