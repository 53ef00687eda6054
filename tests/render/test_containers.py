"""DAG files whose tasks are containers: what they say, what they import, and what stock operators make of them."""

from __future__ import annotations

import ast
import json
import re
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.providers.docker")
pytest.importorskip("airflow.providers.cncf.kubernetes")

from kedro_aloft.contract.keys import RUN_VARIABLE, TASK_VARIABLE
from kedro_aloft.errors import RenderError
from kedro_aloft.render import was_edited
from kedro_aloft.settings import DagSettings
from kedro_aloft.settings.execution import EXECUTION_SECTIONS
from render.conftest import GOLDEN
from render.container_samples import CONTAINER_SAMPLES
from render.samples import HOSTILE, Sample, node, snapshot
from support.airflow import load_dags

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = GOLDEN / "containers"
ALL = pytest.mark.parametrize("sample", CONTAINER_SAMPLES.values(), ids=CONTAINER_SAMPLES.keys())
PARSED = ("docker", "kubernetes", "volume", "mixed")
"""The others need the large providers of clouds: tests/providers."""


@ALL
def test_a_golden_file_has_not_changed(sample: Sample, regenerate: bool) -> None:
    path, source = FOLDER / sample.file_name, sample.render().source
    if regenerate:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8", newline="")
    assert path.read_bytes().decode() == source
    assert not was_edited(source)


def test_golden_files_are_as_the_formatter_and_the_linter_want_them(complaints: Callable[..., str]) -> None:
    assert complaints(FOLDER) == ""


@ALL
def test_a_file_of_containers_needs_nothing_of_ours(sample: Sample) -> None:
    source = sample.render().source
    modules = {one.module or "" for one in ast.walk(ast.parse(source)) if isinstance(one, ast.ImportFrom)}
    names = {name.name for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Import) for name in one.names}
    ours = {module for module in modules | names if module.startswith("kedro")}
    assert ours == ({"kedro_aloft.airflow"} if sample is CONTAINER_SAMPLES["mixed"] else set())


def test_every_key_of_every_section_is_used_by_a_sample() -> None:
    used: dict[str, set[str]] = {section: set() for section in EXECUTION_SECTIONS}
    for sample in CONTAINER_SAMPLES.values():
        for holder in (sample.settings, *sample.settings.tasks):
            for section in EXECUTION_SECTIONS:
                found = getattr(holder, section)
                used[section] |= set(found.model_fields_set) if found is not None else set()
    for section, keys in used.items():
        missing = set(DagSettings.model_fields[section].annotation.model_fields) - keys  # type: ignore[union-attr]
        assert missing <= {"cache", "python", "launch_type", "public_ip"}, section


# --- what Airflow loads


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAGs of the golden files that the providers at hand can load, by pipeline."""
    folder = tmp_path_factory.mktemp("dags")
    for name in PARSED:
        shutil.copy(FOLDER / CONTAINER_SAMPLES[name].file_name, folder)
    found, errors = load_dags(folder)
    assert not errors, errors
    return {name: found[CONTAINER_SAMPLES[name].dag_id] for name in PARSED}


def test_the_folder_of_a_file_is_no_part_of_its_version(dags: dict[str, Any]) -> None:
    """Airflow names the module of a DAG file by its path, and keeps the modules of operators with the DAG."""
    modules = {type(task).__module__.partition(".")[0] for dag in dags.values() for task in dag.tasks}
    assert modules == {"airflow", "kedro_aloft"}


@pytest.mark.parametrize("name", PARSED)
def test_airflow_has_the_tasks_and_edges_of_the_plan(dags: dict[str, Any], name: str) -> None:
    plan, dag = CONTAINER_SAMPLES[name].plan(), dags[name]
    tasks = {task.task_id: task for task in dag.tasks}
    assert {task.id for task in plan.tasks} <= set(tasks)
    for task in plan.tasks:
        assert set(task.upstream) <= tasks[task.id].upstream_task_ids
    assert tasks["delete_volume" if name == "volume" else "clean_up_handoff"].is_teardown
    assert tasks["load"].execution_timeout == timedelta(hours=1)
    if name != "mixed":
        assert (tasks["fit"].retries, tasks["fit"].pool) == (0, "gpu")


def environment_of(task: Any) -> dict[str, Any]:
    variables: dict[str, Any] = task.environment if hasattr(task, "environment") else task.env_vars
    if isinstance(variables, list):
        return {one.name: one.value for one in variables}
    return variables


@pytest.mark.parametrize("name", ["docker", "kubernetes"])
def test_a_container_is_told_its_nodes(dags: dict[str, Any], name: str) -> None:
    tasks = {task.task_id: task for task in dags[name].tasks}
    plan = CONTAINER_SAMPLES[name].plan()
    for task in plan.tasks:
        variables = environment_of(tasks[task.id])
        work = json.loads(variables[TASK_VARIABLE].removeprefix("{% raw %}").removesuffix("{% endraw %}"))
        assert work["nodes"] == list(task.nodes)
        assert work.get("gives", []) == list(plan.gives(task.id))
        assert "{{ ti.run_id | tojson }}" in variables[RUN_VARIABLE]
        assert variables["OMP_NUM_THREADS"] == "2"


def test_docker_gets_what_the_settings_say(dags: dict[str, Any]) -> None:
    task = dags["docker"].get_task("fit")
    assert task.command == ["python", "-m", "kedro_aloft.runtime"]
    assert (task.user, task.network_mode, task.force_pull, task.auto_remove) == ("1000:1000", "shop", True, "never")
    assert (task.mem_limit, task.cpus, task.shm_size) == (16 * 2**30, 8, 2**30)
    assert task.device_requests[0]["Count"] == 1
    assert [(one["Target"], one["Type"], one.get("ReadOnly", False)) for one in task.mounts] == [
        ("/home/kedro/project/data", "bind", False),
        ("/etc/shop", "bind", True),
        ("/cache", "volume", False),
        ("/home/kedro/project/.airflow/handoff", "volume", False),
    ]
    assert task.environment["API_KEY"] == "{{ var.value.get('api_key') }}"
    assert task.environment["DB"] == "{{ conn.get('db').get_uri() }}"
    assert "TOKEN" not in task.environment
    assert "TOKEN" in task._private_environment
    assert dags["docker"].get_task("load").mem_limit == 2 * 2**30


def test_a_pod_is_what_the_settings_say_and_the_official_client_knows_all_of_it(dags: dict[str, Any]) -> None:
    from kubernetes.client import ApiClient

    task = dags["kubernetes"].get_task("fit")
    rendered = json.loads(_rendered(json.dumps(task.pod_template_dict)))
    client = ApiClient()
    model = client._ApiClient__deserialize(rendered, "V1Pod")
    assert _without_nulls(client.sanitize_for_serialization(model)) == _without_nulls(rendered)
    base, proxy = rendered["spec"]["containers"]
    assert proxy["name"] == "proxy"
    assert base["name"] == "base"
    assert base["resources"] == {
        "requests": {"cpu": "4"},
        "limits": {"memory": "16Gi", "cpu": "8", "nvidia.com/gpu": "1"},
    }
    assert {"name": "TZ", "value": "UTC"} in base["env"]
    assert rendered["spec"]["nodeSelector"] == {"arch": "amd64", "pool": "gpu"}
    assert len(rendered["spec"]["tolerations"]) == 2
    assert rendered["spec"]["priorityClassName"] == "batch"
    assert rendered["metadata"]["annotations"]["vault.hashicorp.com/agent-inject-template"].startswith("{{- with")
    assert {one["mountPath"] for one in base["volumeMounts"]} == {"/scratch", "/etc/certs", "/etc/token"}
    assert task.deferrable
    assert task.on_finish_action.value == "delete_succeeded_pod"
    assert task.startup_timeout_seconds == 1200


def test_a_claim_is_there_before_its_pods_and_gone_after_them(dags: dict[str, Any]) -> None:
    from kubernetes.client import ApiClient

    tasks = {task.task_id: task for task in dags["volume"].tasks}
    create, fill, delete = (tasks[name] for name in ("create_volume", "fill_volume", "delete_volume"))
    assert [one.is_setup for one in (create, fill)] == [True, True]
    assert fill.upstream_task_ids == {"create_volume"}
    assert tasks["load"].upstream_task_ids >= {"fill_volume"}
    assert delete.upstream_task_ids == {"create_volume", "load", "split", "fit", "report.score"}
    assert "clean_up_handoff" not in tasks
    claim, beside, keep = delete.op_args
    assert (beside, keep) == ("load", "on_failure")
    client = ApiClient()
    model = client._ApiClient__deserialize(claim, "V1PersistentVolumeClaim")
    assert _without_nulls(client.sanitize_for_serialization(model)) == claim
    name = claim["metadata"]["name"]
    for task in (fill, tasks["load"], tasks["fit"]):
        pod = task.pod_template_dict
        assert pod["spec"]["volumes"] == [{"name": "run", "persistentVolumeClaim": {"claimName": name}}]
        assert pod["spec"]["securityContext"] == {"fsGroup": 1000}
        assert client._ApiClient__deserialize(pod, "V1Pod").spec.volumes[0].persistent_volume_claim.claim_name == name
    mounts = [one.pod_template_dict["spec"]["containers"][0]["volumeMounts"] for one in (fill, tasks["load"])]
    assert [one["mountPath"] for (one,) in mounts] == ["/kedro-aloft/volume", "/home/kedro/project/data"]


def test_what_is_handed_over_elsewhere_is_removed_without_the_claim() -> None:
    volume, handoff = CONTAINER_SAMPLES["volume"], CONTAINER_SAMPLES["kubernetes"].settings.handoff
    source = Sample(volume.snapshot, volume.settings.model_copy(update={"handoff": handoff})).render().source
    cleanup = source[source.index("clean_up_handoff = ") :]
    (pod,) = re.findall(r"pod_template_dict=(\w+)", cleanup[: cleanup.index("env_vars")])
    template = source[source.index(f"\n{pod} = ") :]
    assert "claimName" not in template[: template.index("\n}\n")]
    assert source.count('"claimName": VOLUME') == 3


def _rendered(text: str) -> str:
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment().from_string(text).render()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def test_pods_of_one_profile_share_their_template_in_the_file() -> None:
    source = CONTAINER_SAMPLES["kubernetes"].render().source
    assert source.count("\nPOD_DEFAULT = {") == 1
    assert source.count("\nPOD_GPU = {") == 1
    assert source.count("pod_template_dict=POD_GPU") == 1


def test_whatever_a_node_is_called_its_container_is_told_so(tmp_path: Path) -> None:
    names = [text for text in HOSTILE if text.strip() and "{%" not in text]
    sample = Sample(
        snapshot([node(text, f"in {number}", f"out {number}") for number, text in enumerate(names)]),
        DagSettings.model_validate({"execution": "kubernetes", "image": "a:1"}),
    )
    (tmp_path / "dag.py").write_text(sample.render().source, encoding="utf-8")
    found, errors = load_dags(tmp_path)
    assert not errors
    told = set()
    for task in found[sample.dag_id].tasks:
        work = json.loads(_rendered(environment_of(task)[TASK_VARIABLE]))
        told |= set(work["nodes"])
    assert told == set(names)


def test_jinjas_own_word_is_refused() -> None:
    sample = Sample(
        snapshot([node("{% endraw %}", "a", "b")]), DagSettings.model_validate({"execution": "docker", "image": "a:1"})
    )
    with pytest.raises(RenderError, match="endraw"):
        sample.render()


@pytest.mark.parametrize(
    ("keep", "operator", "auto_remove"),
    [
        ("never", "DockerOperator", "force"),
        ("on_failure", "KeptContainerOperator", "never"),
        ("always", "DockerOperator", "never"),
    ],
)
def test_docker_keeps_the_containers_that_it_shall(keep: str, operator: str, auto_remove: str) -> None:
    """`success` of the stock operator would remove failed ones as well."""
    settings = DagSettings.model_validate({"execution": "docker", "image": "a:1", "docker": {"keep": keep}})
    source = Sample(snapshot([node("fit", "a", "b")]), settings).render().source
    (call,) = [
        one
        for one in ast.walk(ast.parse(source))
        if isinstance(one, ast.Call) and any(word.arg == "task_id" for word in one.keywords)
    ]
    assert ast.unparse(call.func) == operator
    assert next(ast.literal_eval(word.value) for word in call.keywords if word.arg == "auto_remove") == auto_remove
