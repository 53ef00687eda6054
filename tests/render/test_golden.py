"""The golden files: what `create` writes, byte for byte, and what a real Airflow makes of it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.render import recorded_fingerprint, was_edited
from kedro_aloft.render.groups import shown_groups
from render.conftest import GOLDEN
from render.samples import SAMPLES
from support.airflow import edges, kedro_tasks, nodes_by_task, serialize

if TYPE_CHECKING:
    from collections.abc import Callable

    from render.samples import Sample

ALL = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


@ALL
def test_a_golden_file_has_not_changed(sample: Sample, regenerate: bool) -> None:
    path = GOLDEN / sample.file_name
    source = sample.render().source
    if regenerate:
        path.write_text(source, encoding="utf-8", newline="")
    assert path.read_bytes().decode() == source


def test_every_golden_file_has_its_sample() -> None:
    assert {path.name for path in GOLDEN.glob("*.py")} == {sample.file_name for sample in SAMPLES.values()}


def test_golden_files_are_never_rewritten_in_ci(tmp_path: Path) -> None:
    tests = Path(__file__).parents[1]
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::{ALL_TEST}"]
    environment = {**os.environ, "CI": "1"}
    before = {path.name: path.read_bytes() for path in GOLDEN.glob("*.py")}
    done = subprocess.run(
        [*words, "--regenerate-golden", f"--basetemp={tmp_path}"],
        cwd=tests.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stdout
    assert "never regenerated in CI" in done.stdout + done.stderr
    assert {path.name: path.read_bytes() for path in GOLDEN.glob("*.py")} == before


ALL_TEST = test_a_golden_file_has_not_changed.__name__


def test_golden_files_are_as_the_formatter_and_the_linter_want_them(complaints: Callable[..., str]) -> None:
    assert complaints(GOLDEN) == ""


@ALL
def test_a_file_imports_airflow_sdk_and_ours_alone(sample: Sample) -> None:
    tree = ast.parse(sample.render().source)
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == {"airflow.sdk", "kedro_aloft.airflow"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


@ALL
def test_a_file_has_one_statement_per_task_and_visible_edges(sample: Sample) -> None:
    plan, tree = sample.plan(), ast.parse(sample.render().source)
    assigned = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.value, "func", None) is not None
    ]
    tasks = [node for node in assigned if node.value.func.id in ("KedroOperator", "fused")]  # type: ignore[attr-defined]
    assert len(tasks) == len(plan.tasks)
    shifts = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift)]
    assert bool(shifts) == any(task.upstream for task in plan.tasks) or sample.settings.wait_for


@ALL
def test_the_docstring_tells_what_it_is_and_how_it_was_made(sample: Sample) -> None:
    rendered, plan = sample.render(), sample.plan()
    docstring = ast.get_docstring(ast.parse(rendered.source)) or ""
    assert f"`{plan.pipeline}`" in docstring
    assert f"(env `{plan.env}`)" in docstring
    assert f"Plan: {plan.hash}" in docstring
    assert f"Fingerprint: {rendered.fingerprint}" in docstring
    assert "Made by: kedro airflow create" in docstring


@ALL
def test_the_same_input_gives_the_same_bytes(sample: Sample) -> None:
    assert sample.render() == sample.render()


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import hashlib\nfrom render.samples import SAMPLES\n"
        "print(hashlib.sha256(''.join(one.render().source for one in SAMPLES.values()).encode()).hexdigest())"
    )
    tests, source = Path(__file__).parents[1], Path(__file__).parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{source}"}
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={**environment, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


@ALL
def test_the_fingerprint_tells_whether_somebody_edited_the_file(sample: Sample) -> None:
    rendered = sample.render()
    assert recorded_fingerprint(rendered.source) == rendered.fingerprint
    assert not was_edited(rendered.source)
    assert was_edited(rendered.source.replace("catchup=", "catchup = "))
    assert was_edited(rendered.source + "\n")
    assert was_edited("print()\n")


@ALL
def test_nothing_of_the_settings_is_in_the_docs_that_a_secret_could_be_in(sample: Sample) -> None:
    rendered = sample.render()
    assert "hunter2" not in rendered.source
    docs = ast.literal_eval(next(_assigned(rendered.source, "DOC")))
    hidden = [*sample.settings.env_vars.values(), sample.settings.handoff.uri, *sample.settings.email]
    assert not [text for text in hidden if len(text) > 3 and text in docs]


def _assigned(source: str, name: str) -> Any:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            yield ast.unparse(node.value)


# --- in a real Airflow


@pytest.mark.airflow
@ALL
def test_airflow_sees_the_tasks_of_the_plan(sample: Sample, golden_dags: dict[str, Any]) -> None:
    plan, dag = sample.plan(), golden_dags[sample.dag_id]
    assert nodes_by_task(dag) == {task.id: list(task.nodes) for task in plan.tasks}
    assert edges(dag) == {(parent, task.id) for task in plan.tasks for parent in task.upstream}
    for task in plan.tasks:
        loaded = dag.get_task(task.id)
        assert (loaded.gives, loaded.takes) == (plan.gives(task.id), plan.takes(task.id))
        assert (loaded.pinned, loaded.versioned) == (task.pinned, task.versioned)
        assert loaded.owner == sample.settings.owner


@pytest.mark.airflow
@ALL
def test_airflow_shows_the_namespaces_as_task_groups(sample: Sample, golden_dags: dict[str, Any]) -> None:
    plan, dag = sample.plan(), golden_dags[sample.dag_id]
    shown = shown_groups(plan)
    groups = {task_id: (task.task_group.group_id or "") for task_id, task in kedro_tasks(dag).items()}
    assert groups == {task.id: ".".join(shown[task.id]) for task in plan.tasks}
    assert shown == {task.id: task.task_group for task in plan.tasks}


@pytest.mark.airflow
@ALL
def test_the_cleanup_is_a_teardown_after_all_that_touches_the_store(
    sample: Sample, golden_dags: dict[str, Any]
) -> None:
    plan, dag = sample.plan(), golden_dags[sample.dag_id]
    cleanups = [task for task in dag.tasks if type(task).__name__ == "KedroCleanup"]
    assert len(cleanups) == bool(plan.handed_over)
    for cleanup in cleanups:
        before = cleanup.upstream_task_ids
        followed = {parent for task in plan.tasks for parent in task.upstream}
        assert before >= {task.id for task in plan.tasks if task.id not in followed}
        assert before >= {end for one in plan.handed_over for end in (one.source, one.target)}
        assert cleanup.is_teardown
        assert not cleanup.downstream_task_ids
        assert not cleanup.on_failure_fail_dagrun
        assert cleanup.retries == 0
        assert cleanup.depends_on_past is False


@pytest.mark.airflow
@ALL
def test_the_trigger_form_holds_the_parameters(sample: Sample, golden_dags: dict[str, Any]) -> None:
    form = golden_dags[sample.dag_id].params.dump()
    if not sample.settings.params_form:
        assert form == {}
        return
    hidden = {"model.token"}
    infinite = {"model.limit": None, "p \0": None, "p \ud800": None}
    expected = {
        one.name: infinite.get(one.name, one.default) for one in sample.plan().parameters if one.name not in hidden
    }
    assert form == expected


@pytest.mark.airflow
@ALL
def test_the_dag_has_tags_docs_and_picture(sample: Sample, golden_dags: dict[str, Any]) -> None:
    dag = golden_dags[sample.dag_id]
    assert set(dag.tags) == {"kedro", "kedro-aloft", *sample.settings.tags}
    assert "```mermaid\nflowchart LR\n" in dag.doc_md
    assert sample.render().fingerprint in dag.doc_md
    assert not sample.settings.doc or sample.settings.doc in dag.doc_md
    assert dag.description == (sample.settings.description or dag.description)
    assert dag.description


@pytest.mark.airflow
@ALL
def test_loading_twice_stores_the_same_dag(sample: Sample, golden_dags: dict[str, Any], tmp_path: Path) -> None:
    from support.airflow import load_one

    (tmp_path / sample.file_name).write_text(sample.render().source, encoding="utf-8")
    stored = [serialize(dag) for dag in (golden_dags[sample.dag_id], load_one(tmp_path))]
    for content in stored:
        content["dag"].pop("fileloc"), content["dag"].pop("relative_fileloc", None)
        content["dag"].pop("_processor_dags_folder", None)
    assert stored[0] == stored[1]


@pytest.mark.airflow
def test_the_settings_of_a_scheduled_dag_arrive(golden_dags: dict[str, Any]) -> None:
    dag = golden_dags["shop-scheduled-prod"]
    assert (dag.catchup, dag.max_active_runs, dag.dagrun_timeout.total_seconds()) == (True, 3, 21600)
    assert [moment.isoformat() for moment in (dag.start_date, dag.end_date)] == [
        "2023-12-31T23:00:00+00:00",
        "2030-12-30T23:00:00+00:00",
    ]
    assert dag.timezone.name == "Europe/Zurich"
    assert type(dag.timetable).__name__ == "CronDataIntervalTimetable"
    assert len(dag.on_failure_callback) == len(dag.on_success_callback) == 1
    a, c = dag.get_task("a"), dag.get_task("c")
    assert (a.retries, a.retry_delay.total_seconds(), a.retry_exponential_backoff) == (3, 300, True)
    assert (a.execution_timeout.total_seconds(), c.execution_timeout) == (5400, None)
    assert (a.pool, a.pool_slots, c.pool_slots, a.depends_on_past) == ("training", 1, 2, True)
    assert (a.env_vars, c.env_vars) == ({"OMP_NUM_THREADS": "2"}, {"OMP_NUM_THREADS": "2", "CUDA": "1"})
    assert a.runtime_params == {"day": "{{ data_interval_start | ds }}", "model": {"alpha": 0.1, "names": ["a", "b"]}}
    assert len(a.on_retry_callback) == 1
    kedro = a.kedro
    assert (kedro.package, kedro.pipeline, kedro.env) == ("shop", "scheduled", "prod")
    assert (kedro.handoff, kedro.handoff_ttl, kedro.handoff_keep) == ("s3://shop/handoff", 172800, "never")
    assert (kedro.project_path, kedro.conf_source, kedro.runner) == ("/opt/shop", "/etc/shop/conf", "ThreadRunner")
    assert kedro.skip_plugin_hooks == ("kedro-telemetry", "kedro-viz")
    assert kedro.load_versions == {"raw": "2024-01-31T06.00.00.000Z"}


@pytest.mark.airflow
def test_sensors_come_before_the_first_tasks_with_their_own_limit(golden_dags: dict[str, Any]) -> None:
    dag = golden_dags["shop-scheduled-prod"]
    whole, one = dag.get_task("wait_for_ingest"), dag.get_task("wait_for_ingest_orders")
    assert (whole.external_dag_id, whole.external_task_id, whole.timeout) == ("ingest", None, 86400)
    assert (one.external_task_id, one.timeout, one.execution_delta.total_seconds()) == ("orders", 21600, 3600)
    assert whole.downstream_task_ids == one.downstream_task_ids == {"a"}
    assert whole.execution_timeout is None


@pytest.mark.airflow
def test_a_dag_waits_for_assets_and_makes_them(golden_dags: dict[str, Any]) -> None:
    waiting = serialize(golden_dags["shop-after-assets"])
    assert "shop/orders" in str(waiting)
    assert "s3://shop/prices" in str(waiting)
    train = golden_dags["shop-spaceflights"].get_task("train")
    assert [(one.name, one.uri) for one in train.outlets] == [("shop/regressor", "kedro://shop/regressor")]
    assert golden_dags["shop-spaceflights"].get_task("split").outlets == []


@pytest.mark.airflow
def test_a_schedule_by_elapsed_time_arrives(golden_dags: dict[str, Any]) -> None:
    dag = golden_dags["shop-every"]
    assert dag.schedule.total_seconds() == 900
    assert dag.get_task("only").queue == "large"


def test_importing_a_file_costs_no_kedro(tmp_path: Path) -> None:
    code = (
        "import runpy, sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('kedro', 'kedro_datasets', 'pandas', 'numpy'):\n"
        "            raise ImportError(f'{name} was asked for')\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "for path in sys.argv[1:]:\n"
        "    runpy.run_path(path)\n"
        "ours = {name.split('.')[1] for name in sys.modules if name.startswith('kedro_aloft.')}\n"
        "print(sorted(ours))\n"
    )
    paths = [str(path) for path in GOLDEN.glob("*.py")]
    done = subprocess.run(
        [sys.executable, "-c", code, *paths],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(ast.literal_eval(done.stdout.splitlines()[-1])) <= {"airflow", "compat", "contract", "errors", "graph"}
