"""Any names and values that Kedro accepts: the file loads in a real Airflow, and what went in arrives unchanged."""

from __future__ import annotations

import ast
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from kedro_aloft.graph.snapshot import NodeInfo
from kedro_aloft.render import looks_secret
from kedro_aloft.render.groups import shown_groups
from kedro_aloft.settings import DagSettings
from render.samples import HOSTILE, Sample, snapshot
from support.airflow import edges, kedro_tasks, load_dags, nodes_by_task

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore:Generating overly large repr")]

SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}
MANY = {**SLOW, "phases": (Phase.explicit, Phase.generate)}
"""To shrink a folder of files takes minutes, and the message names the file that failed."""
FILES_PER_LOAD = 12

any_text = (st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=30)).filter(lambda text: not looks_secret(text))
names = any_text.filter(lambda text: bool(text.strip()))
settable = names.filter(lambda text: "\ud800" not in text)
namespaces = st.none() | st.lists(
    st.sampled_from(["a", "b", "upstream_join_id", "clean_up_handoff"]) | names.filter(lambda text: "." not in text),
    min_size=1,
    max_size=18,
).map(".".join)
numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
zones = st.sampled_from(["UTC", "Europe/Zurich"])


def full_name(name: str, namespace: str | None) -> str:
    return f"{namespace}.{name}" if namespace else name


def full_name_of(pair: tuple[str, str | None]) -> str:
    return full_name(*pair)


def dag_id_of(sample: Sample) -> str:
    return sample.dag_id


@st.composite
def samples(draw: Any) -> Sample:
    """A random pipeline with hostile names everywhere, and settings with hostile texts."""
    found = draw(st.lists(st.tuples(names, namespaces), min_size=1, max_size=6, unique_by=full_name_of))
    nodes: list[NodeInfo] = []
    written: list[str] = []
    for number, (name, namespace) in enumerate(found):
        inputs = draw(st.lists(st.sampled_from(written), max_size=3, unique=True)) if written else []
        output = f"{number} {draw(names)}".replace("@", "")
        nodes.append(
            NodeInfo(
                name=full_name(name, namespace),
                func=name,
                namespace=namespace,
                inputs=tuple(inputs),
                outputs=(output,),
                tags=(draw(names),),
            )
        )
        written.append(output)
    memory = set(draw(st.lists(st.sampled_from(written), unique=True)))
    parameters = draw(st.dictionaries(names, values, max_size=4))
    return Sample(
        snapshot(nodes, memory=memory, parameters=parameters, pipeline=draw(names), env=draw(names)),
        draw(hostile_settings()),
        command=draw(any_text),
    )


@st.composite
def hostile_settings(draw: Any) -> DagSettings:
    """Settings with a hostile text wherever one is allowed."""
    return DagSettings(
        group_by=draw(st.sampled_from(["none", "memory", "namespace", "chain", "tag"])),
        owner=draw(settable),
        description=draw(settable),
        display_name=draw(settable),
        doc=draw(settable),
        tags=draw(st.lists(settable.map(lambda text: text[:100]), max_size=3)),
        pool=draw(settable.map(lambda text: text[:256])),
        assets=draw(st.booleans()),
        timezone=draw(zones),
        schedule=draw(st.sampled_from([None, "@daily", "5 4 * * *"])),
        interval=draw(st.sampled_from(["auto", "trigger", "data"])),
        runtime_params=draw(st.dictionaries(settable, settable | st.lists(settable, max_size=2), max_size=3)),
        env_vars=draw(st.dictionaries(st.sampled_from(["A", "_b", "import"]), settable, max_size=2)),
        load_versions=draw(st.dictionaries(settable, settable, max_size=2)),
        wait_for=draw(
            st.lists(st.sampled_from(["a", "clean_up_handoff", "b.c"]).map(lambda one: {"dag_id": one}), max_size=3)
        ),
    )


def load(found: list[Sample]) -> tuple[list[Any], str]:
    """Load all samples from one folder; return their DAGs in order, and what the formatter wants otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        for number, sample in enumerate(found):
            path = Path(folder, f"{number:03}_dag.py")
            path.write_text(sample.render().source, encoding="utf-8")
        dags, errors = load_dags(Path(folder))
        assert not errors, errors
        return [dags[sample.dag_id] for sample in found], folder


@settings(max_examples=5, **MANY)
@given(st.lists(samples(), min_size=FILES_PER_LOAD, max_size=FILES_PER_LOAD, unique_by=dag_id_of))
def test_every_value_arrives_unchanged(found: list[Sample]) -> None:
    dags, _ = load(found)
    for sample, dag in zip(found, dags, strict=True):
        check_graph(sample, dag)
        check_values(sample, dag)
        check_ids(dag)


def check_graph(sample: Sample, dag: Any) -> None:
    plan = sample.plan()
    assert nodes_by_task(dag) == {task.id: list(task.nodes) for task in plan.tasks}
    assert edges(dag) == {(parent, task.id) for task in plan.tasks for parent in task.upstream}
    shown = shown_groups(plan)
    for task_id, task in kedro_tasks(dag).items():
        assert (task.task_group.group_id or "") == ".".join(shown[task_id])
        assert (task.gives, task.takes) == (plan.gives(task_id), plan.takes(task_id))
    sensors = {task.task_id for task in dag.tasks if type(task).__name__ == "ExternalTaskSensor"}
    assert len(sensors) == len(sample.settings.wait_for)
    roots = {task.id for task in plan.tasks if not task.upstream}
    assert all(dag.get_task(sensor).downstream_task_ids == roots for sensor in sensors)


def check_values(sample: Sample, dag: Any) -> None:
    wanted = sample.settings
    assert (dag.description, dag.dag_display_name) == (wanted.description, wanted.display_name)
    assert set(dag.tags) == {"kedro", "kedro-aloft", *wanted.tags}
    assert wanted.doc.strip("\n") in dag.doc_md if wanted.doc else True
    form = dag.params.dump()
    for parameter in sample.plan().parameters:
        assert same(form[parameter.name], parameter.default) or (
            form[parameter.name] is None and unstorable(parameter.default)
        )
    for task in kedro_tasks(dag).values():
        assert (task.owner, task.pool) == (wanted.owner, wanted.pool)
        assert (task.runtime_params, task.env_vars) == (dict(wanted.runtime_params), dict(wanted.env_vars))
        assert task.kedro.load_versions == dict(wanted.load_versions)
        assert (task.kedro.pipeline, task.kedro.env) == (sample.snapshot.pipeline, sample.snapshot.env)


def check_ids(dag: Any) -> None:
    """Airflow checks tasks' own ids; the limit is for the whole id with its groups."""
    assert len(dag.dag_id) <= 250
    assert all(len(task_id) <= 250 for task_id in dag.task_ids)
    assert all(len(group_id or "") <= 250 for group_id in dag.task_group.get_task_group_dict())


def same(left: Any, right: Any) -> bool:
    return repr(left) == repr(right)


def unstorable(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    return any(mark in repr(value) for mark in ("\\x00", "\\ud800"))


@settings(max_examples=5, **MANY)
@given(found=st.lists(samples(), min_size=FILES_PER_LOAD, max_size=FILES_PER_LOAD))
def test_every_file_is_as_the_formatter_and_the_linter_want_it(
    found: list[Sample], complaints: Callable[..., str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, sample in enumerate(found):
            Path(folder, f"file_{number}.py").write_text(sample.render().source, encoding="utf-8")
        said = complaints(Path(folder))
    assert not said, said


@settings(max_examples=60, **SLOW)
@given(samples())
def test_only_names_that_we_wrote_are_called(sample: Sample) -> None:
    """No value becomes code, whatever it says."""
    tree = ast.parse(sample.render().source)
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    ours = {"DAG", "Asset", "Param", "TaskGroup", "KedroPipeline", "KedroOperator", "KedroCleanup", "fused"}
    assert called <= {*ours, "instant", "duration", "wait_for", "data_interval_schedule"}


@settings(max_examples=60, **SLOW)
@given(samples())
def test_the_same_sample_gives_the_same_bytes(sample: Sample) -> None:
    assert sample.render() == sample.render()


@settings(max_examples=40, **SLOW)
@given(settable, settable)
def test_a_dag_id_that_is_set_is_taken_as_it_is(pipeline: str, env: str) -> None:
    dag_id = "schön-é_1.x"
    assume(pipeline != env)
    sample = Sample(
        snapshot([NodeInfo(name="a", outputs=("x",))], pipeline=pipeline, env=env), DagSettings(dag_id=dag_id)
    )
    assert sample.dag_id == dag_id
    assert f"dag_id={dag_id!r}".replace("'", '"') in sample.render().source
