"""DAG files with tasks that need Spark: what they say, and what stock operators make of them."""

from __future__ import annotations

import ast
import json
import shlex
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.providers.cncf.kubernetes")

from kedro_aloft.contract.keys import TASK_VARIABLE
from kedro_aloft.graph.plan import Plan, Task
from kedro_aloft.render import was_edited
from kedro_aloft.render.containers.spark import cluster_name, lifetime
from kedro_aloft.settings import DagSettings
from kedro_aloft.settings.spark import SUBMIT_VARIABLE, DataprocSettings, SparkSettings
from render.conftest import GOLDEN
from render.samples import node, snapshot
from render.spark_samples import DATAPROC, SPARK_SAMPLES, TAG, SparkSample
from render.test_containers import environment_of
from support.airflow import load_dags

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.graph.snapshot import NodeInfo
    from render.samples import Sample

FOLDER = GOLDEN / "containers"
ALL = pytest.mark.parametrize("sample", SPARK_SAMPLES.values(), ids=SPARK_SAMPLES.keys())
PARSED = ("spark_local", "spark_kubernetes", "spark_custom")
"""The others need the provider of Google: tests/providers."""

_FACTORY = """
from airflow.providers.standard.operators.bash import BashOperator

def make_spark_task(*, task_id, command, environment, image, spark, **arguments):
    made = BashOperator(task_id=task_id, bash_command=" ".join(command), env=environment, **arguments)
    made.told = (image, spark)
    return made
"""


@ALL
def test_a_golden_file_has_not_changed(sample: Sample, regenerate: bool) -> None:
    path, source = FOLDER / sample.file_name, sample.render().source
    if regenerate:
        path.write_text(source, encoding="utf-8", newline="")
    assert path.read_bytes().decode() == source
    assert not was_edited(source)


def test_golden_files_are_as_the_formatter_and_the_linter_want_them(complaints: Callable[..., str]) -> None:
    assert complaints(FOLDER) == ""


def test_every_key_is_used_by_a_sample() -> None:
    every = [one.settings.spark for one in SPARK_SAMPLES.values()]
    used = {name for spark in every if spark for name in spark.model_fields_set}
    assert set(SparkSettings.model_fields) - used == {"find", "select", "master"}
    dataproc = {name for spark in every if spark for name in spark.dataproc.model_fields_set}
    assert set(DataprocSettings.model_fields) - dataproc == {"init", "post_init"}


@pytest.mark.parametrize("name", ["spark_dataproc_pods", "spark_kubernetes", "spark_custom"])
def test_where_nothing_runs_in_airflow_a_file_needs_nothing_of_ours(name: str) -> None:
    tree = ast.parse(SPARK_SAMPLES[name].render().source)
    modules = {one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
    assert not [module for module in modules if module.startswith("kedro")]


# --- what Airflow loads


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAGs of the golden files that the providers at hand can load, by pipeline."""
    folder = tmp_path_factory.mktemp("dags")
    (folder / "shop_operators.py").write_text(_FACTORY)
    for name in PARSED:
        shutil.copy(FOLDER / SPARK_SAMPLES[name].file_name, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        found, errors = load_dags(folder)
    assert not errors, errors
    return {name: found[SPARK_SAMPLES[name].dag_id] for name in PARSED}


@pytest.mark.parametrize("name", PARSED)
def test_airflow_has_the_tasks_and_edges_of_the_plan(dags: dict[str, Any], name: str) -> None:
    plan, dag = SPARK_SAMPLES[name].plan(), dags[name]
    tasks = {task.task_id: task for task in dag.tasks}
    assert ("count", "between", "join") in [task.nodes for task in plan.tasks]
    shown = {node for node in ("between", "count", "join", "count__join.gate", "count__join.done") if node in tasks}
    assert bool(shown) == (name == "spark_local")
    assert {task.id for task in plan.tasks} | {"clean_up_handoff"} | shown == set(tasks)
    for task in plan.tasks:
        assert {f"{one}.done" if f"{one}.done" in tasks else one for one in task.upstream} <= (
            tasks[task.id].upstream_task_ids
        )
    assert tasks["count__join"].retries == 3
    assert tasks["fit"].retries == 1


def test_spark_in_the_task_itself_is_told_by_one_variable(dags: dict[str, Any]) -> None:
    tasks = {task.task_id: task for task in dags["spark_local"].tasks}
    words = shlex.split(tasks["count__join"].env_vars[SUBMIT_VARIABLE])
    assert words == [
        *("--packages", "org.apache.spark:spark-avro_2.12:3.5.1", "--jars", "gs://shop/jars/shop.jar"),
        *("--conf", "spark.executor.memory=4g", "pyspark-shell"),
    ]
    assert SUBMIT_VARIABLE not in tasks["load"].env_vars


def test_a_driver_in_a_pod_tells_executors_where_it_is(dags: dict[str, Any]) -> None:
    task = dags["spark_kubernetes"].get_task("count__join")
    (container,) = task.pod_template_dict["spec"]["containers"]
    known = {one["name"]: one["valueFrom"]["fieldRef"]["fieldPath"] for one in container["env"]}
    assert known == {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "POD_IP": "status.podIP"}
    words = shlex.split(environment_of(task)[SUBMIT_VARIABLE])
    assert words[:2] == ["--master", "k8s://https://kubernetes.default.svc"]
    conf = dict(word.split("=", 1) for before, word in pairwise(words) if before == "--conf")
    assert conf["spark.driver.host"] == "$(POD_IP)"
    assert conf["spark.kubernetes.container.image"].startswith("registry.example.org/shop@sha256:")
    assert conf["spark.kubernetes.authenticate.executor.serviceAccountName"] == "spark"
    load = dags["spark_kubernetes"].get_task("load")
    assert "env" not in load.pod_template_dict["spec"]["containers"][0]
    assert SUBMIT_VARIABLE not in environment_of(load)


def test_the_pod_has_its_address_before_the_variable_that_refers_to_it(dags: dict[str, Any]) -> None:
    """Kubernetes fills in `$(…)` for variables that stand earlier in the list."""
    from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
    from kubernetes.client import V1Container, V1EnvVar, V1ObjectMeta, V1Pod, V1PodSpec

    task = dags["spark_kubernetes"].get_task("count__join")
    base = PodGenerator.deserialize_model_dict(task.pod_template_dict)
    told = [V1EnvVar(name=name, value=value) for name, value in environment_of(task).items()]
    ours = V1Pod(metadata=V1ObjectMeta(), spec=V1PodSpec(containers=[V1Container(name="base", env=told)]))
    names = [one.name for one in PodGenerator.reconcile_pods(base, ours).spec.containers[0].env]
    assert max(names.index(one) for one in ("POD_IP", "POD_NAME", "POD_NAMESPACE")) < names.index(SUBMIT_VARIABLE)


def test_a_factory_gets_the_record_that_the_page_describes(dags: dict[str, Any]) -> None:
    task = dags["spark_custom"].get_task("count__join")
    assert task.task_type == "BashOperator"
    assert task.bash_command == "python -m kedro_aloft.runtime"
    image, spark = task.told
    assert image.startswith("registry.example.org/shop@")
    assert spark == {
        "packages": ["org.apache.spark:spark-avro_2.12:3.5.1"],
        "jars": ["gs://shop/jars/shop.jar"],
        "conf": {"spark.executor.memory": "4g"},
        "options": {"pool": "databricks"},
    }
    work = json.loads(task.env[TASK_VARIABLE].removeprefix("{% raw %}").removesuffix("{% endraw %}"))
    assert work["nodes"] == ["count", "between", "join"]


# --- when a cluster is there


def edges_of(source: str) -> set[tuple[str, str]]:
    """Read `a >> [b, c]` in a DAG file."""
    found = set()
    for one in ast.walk(ast.parse(source)):
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.BinOp):
            sides = [side.elts if isinstance(side, ast.List) else [side] for side in (one.value.left, one.value.right)]
            found |= {(ast.unparse(before), ast.unparse(after)) for before in sides[0] for after in sides[1]}
    return found


def rendered(nodes: list[NodeInfo], **settings: Any) -> set[tuple[str, str]]:
    written = {"handoff": "gs://a/b", "spark": {"mode": "dataproc", "dataproc": DATAPROC}, **settings}
    sample = SparkSample(snapshot(nodes, memory={"handed"}), DagSettings.model_validate(written))
    return edges_of(sample.render().source)


def test_what_is_done_once_per_run_is_done_beside_the_cluster_where_there_is_a_place() -> None:
    nodes = [node("s", "in", "out handed", TAG), node("d", "handed", "end")]
    found = rendered(nodes, pipeline_hooks="per_run")
    assert {
        *(("start_run", "create_spark_cluster"), ("create_spark_cluster", "s"), ("s", "delete_spark_cluster")),
        *(("create_spark_cluster", "delete_spark_cluster"), ("delete_spark_cluster", "clean_up_handoff")),
    } <= found
    assert ("finish_run", "delete_spark_cluster") not in found


def test_where_all_runs_on_the_cluster_it_stands_from_the_first_task_to_the_last() -> None:
    nodes = [node("s", "in", "handed", TAG), node("t", "handed", "end", TAG)]
    found = rendered(nodes, pipeline_hooks="per_run", tasks=[{"select": "t", "retries": 7}], wait_for={"dag_id": "x"})
    assert {
        *(("wait_for_x", "create_spark_cluster"), ("create_spark_cluster", "start_run"), ("start_run", "s")),
        *(("finish_run", "delete_spark_cluster"), ("clean_up_handoff", "delete_spark_cluster")),
        *(("create_spark_cluster", "delete_spark_cluster"), ("t", "delete_spark_cluster")),
    } <= found
    assert ("start_run", "create_spark_cluster") not in found


def plan_of(**upstream: str) -> Plan:
    tasks = tuple(Task(id=name, nodes=(name,), upstream=tuple(above.split())) for name, above in upstream.items())
    return Plan(package="shop", pipeline="p", env="local", group_by="none", tasks=tasks)


@pytest.mark.parametrize(
    ("plan", "after", "first", "last"),
    [
        (plan_of(s=""), "", "s", "s"),
        (plan_of(a="", b="a", s="b", c="s"), "b", "s", "s"),
        (plan_of(a="", b="a", s1="b", d="s1", s2="d"), "b", "s1", "s2"),
        (plan_of(a="", s1="a", b="a", c="b", s2="c"), "a", "s1 s2", "s1 s2"),
        (plan_of(a="", b="", s1="a", s2="b"), "", "s1 s2", "s1 s2"),
        (plan_of(a="", b="", s1="a b", s2="a b", s3="s1 s2"), "a b", "s1 s2", "s3"),
    ],
)
def test_a_cluster_comes_as_late_as_keeps_no_spark_task_waiting(plan: Plan, after: str, first: str, last: str) -> None:
    found = lifetime(plan, [task.id for task in plan.tasks if task.id.startswith("s")])
    assert (found.after, found.first, found.last) == (tuple(after.split()), tuple(first.split()), tuple(last.split()))


@pytest.mark.parametrize("package", ["shop", "a_very_long_name_of_a_package_indeed", "größe", "_x_"])
def test_a_clusters_name_is_one_for_dataproc_equal_in_every_try_and_another_in_another_run(package: str) -> None:
    import re
    import uuid
    from types import SimpleNamespace

    from jinja2.sandbox import SandboxedEnvironment

    template = SandboxedEnvironment().from_string(cluster_name(package))

    def name(run_id: str) -> str:
        return template.render(macros={"uuid": uuid}, dag=SimpleNamespace(dag_id="shop"), run_id=run_id)

    assert re.fullmatch(r"[a-z][-a-z0-9]{0,49}[a-z0-9]", name("manual__2024-01-01T00:00:00+00:00"))
    assert name("r1") == name("r1") != name("r2")
