"""`execution: kubernetes` for real: Airflow's pod operator on the double of the API, whose pods are real containers.

One project, one image, two runs: one that works on a claim of its own, and one in which each task meets another fault.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.images.dockerfile import write_dockerfile
from kedro_aloft.testing.kube import KubeDouble
from support.airflow import share_airflow, task_log
from support.engine import write_pins
from support.images import build_image
from support.kube import NAMESPACE, Cluster
from support.projects import ProjectBuilder
from support.runs import tasks_of, unpickle, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kedro_aloft.client.api import AirflowApi
    from kedro_aloft.embedded import EmbeddedAirflow
    from support.engine import Engine
    from support.projects import Project

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.e2e]

FUNCTIONS = """
import time

OUT = Path("/exports")

def tell(name):
    with (OUT / name).open("a") as file:
        file.write("x")
    return (OUT / name).stat().st_size

def clean(text): return [int(word) for word in text.split()]
def fit(numbers): return {"mean": sum(numbers) / len(numbers)}
def score(model, numbers): return [number - model["mean"] for number in numbers]

def idle(x): return x
def eat(x): return len(b"x" * 400_000_000)

def leave(x):
    print("last words", flush=True)
    os._exit(3)

def heal(x):
    if tell("healed") == 1:
        os._exit(3)

def wait(name):
    tell(name)
    while not (OUT / "go").exists():
        time.sleep(0.05)

def taken(x):
    if tell("taken") == 1:
        time.sleep(600)

def bereft(x): wait("bereft")
"""
FAULTS = {
    "no_image": "idle", "no_memory": "eat", "exit_three": "leave", "no_claim": "idle", "no_machine": "idle",
    "healed": "heal", "taken": "taken", "bereft": "bereft",
}  # fmt: skip
RED = {
    "no_image": ("container base waits: ", "nowhere.example/lost:1"),
    "no_memory": ("container base ended: OOMKilled: exit code 137",),
    "exit_three": ("container base ended: Error: exit code 3", "last words"),
    "no_claim": ("event FailedScheduling: ", 'persistentvolumeclaim "lost" not found'),
    "no_machine": ("event FailedScheduling: ", "didn't match Pod's node affinity/selector"),
}
"""Task → what its error says."""
REATTACHED = "Reusing existing pod"
AROUND = ("create_volume", "fill_volume", "delete_volume")
GREEN = ("healed", "taken", "bereft")
"""Tasks whose second try is good."""


def settings(cluster: Cluster, exports: Path) -> dict[str, Any]:
    template = {
        "spec": {
            "containers": [{"name": "base", "volumeMounts": [{"name": "exports", "mountPath": "/exports"}]}],
            "volumes": [{"name": "exports", "hostPath": {"path": str(exports)}}],
        }
    }
    lost = {"spec": {"volumes": [{"name": "lost", "persistentVolumeClaim": {"claimName": "lost"}}]}}
    pods = {
        "namespace": NAMESPACE,
        "config_file": str(cluster.kube.kubeconfig),
        "poll": "500ms",
        "pod_template": template,
        "volume": {"owner": 10001},
    }
    late = {"startup_timeout": "5s"}
    return {
        "default": {
            "execution": "kubernetes",
            "image": "built",
            "handoff": "data/.handoff",
            "retries": 1,
            "retry_delay": "1s",
            "kubernetes": pods,
            "resource_profiles": {"small": {"limits": {"memory": "200Mi"}}},
            "tasks": [
                {"select": "no_image", "image": "nowhere.example/lost:1"},
                {"select": "no_memory", "resource_profile": "small", "kubernetes": {"keep": "on_failure"}},
                {"select": "no_claim", "kubernetes": {"pod_template": lost, **late}},
                {"select": "no_machine", "kubernetes": {"node_selector": {"disk": "fast"}, "deferrable": True, **late}},
            ],
        },
        "faults": {"kubernetes": {**pods, "volume": None}},
    }


@pytest.fixture(scope="module")
def cluster(engine: Engine) -> Iterator[Cluster]:
    with KubeDouble(engine.url) as kube:
        yield Cluster(kube, engine.base_image())


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this machine that pods write into."""
    path = tmp_path_factory.mktemp("exports")
    path.chmod(0o777)
    return path


@pytest.fixture(scope="module")
def project(
    cluster: Cluster, exports: Path, shared_airflow: EmbeddedAirflow, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    faults = "\n".join(f"node({function}, 'params:x', None, name='{name}')," for name, function in FAULTS.items())
    built = (
        ProjectBuilder(tmp_path_factory.mktemp("pods"), "pods")
        .functions(FUNCTIONS)
        .pipeline("__default__", "node(clean, 'raw', 'numbers'), node(fit, 'numbers', 'model'),"
                  "node(score, ['model', 'numbers'], 'scores')")
        .pipeline("faults", faults)
        .catalog("""
            raw: {type: text.TextDataset, filepath: data/raw.txt}
            numbers: {type: pickle.PickleDataset, filepath: data/numbers.pkl}
            scores: {type: pickle.PickleDataset, filepath: /exports/scores.pkl}
        """)
        .parameters(x=1)
        .airflow_yml(json.dumps(settings(cluster, exports)))
        .file("seed/raw.txt", "1 2 3 4")
        .build()
    )  # fmt: skip
    write_pins(built.path / "requirements.lock", ["kedro", "kedro-datasets"])
    write_dockerfile(built.path)
    with (built.path / "Dockerfile.airflow").open("a") as file:
        file.write("RUN cp -r seed/. data/\n")
    return share_airflow(built, shared_airflow.project_path)


@pytest.fixture(scope="module")
def image(project: Project, engine: Engine) -> str:
    return build_image(project, engine)["image"]


def test_pods_share_a_claim_and_leave_what_kedro_run_leaves(
    project: Project, image: str, engine: Engine, cluster: Cluster, exports: Path, api: AirflowApi, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    volume = f"--volume={tmp_path}:/exports"
    engine.docker("run", "--rm", "--network=none", volume, image, "kedro", "run")
    outcome = project.run()
    assert outcome["state"] == "success", outcome
    states = {task.task_id: task.state for task in api.tasks(outcome["dag_id"], outcome["run_id"])}
    assert {name: states.get(name) for name in AROUND} == dict.fromkeys(AROUND, "success")
    assert unpickle(exports / "scores.pkl") == unpickle(tmp_path / "scores.pkl") == [-1.5, -0.5, 0.5, 1.5]
    assert cluster.api.list_namespaced_persistent_volume_claim(NAMESPACE).items == []
    assert cluster.api.list_namespaced_pod(NAMESPACE).items == []


# --- faults


@pytest.fixture(scope="module")
def faults(
    project: Project, image: str, cluster: Cluster, exports: Path, shared_airflow: EmbeddedAirflow
) -> dict[str, Any]:
    """One run in which each task meets a fault; it ends when the last second try has ended."""
    assert image
    home = shared_airflow.project_path / ".airflow" / "home"
    breakers = [
        threading.Thread(target=_take_pod_away, args=(cluster, exports), daemon=True),
        threading.Thread(target=_kill_worker, args=(home, project.package, exports), daemon=True),
    ]
    for one in breakers:
        one.start()
    outcome = project.run("-p", "faults")
    for one in breakers:
        one.join(timeout=1)
    return outcome


def _take_pod_away(cluster: Cluster, exports: Path) -> None:
    wait_until((exports / "taken").exists, "the node runs")
    (pod,) = cluster.api.list_namespaced_pod(NAMESPACE, label_selector="task_id=taken").items
    cluster.api.delete_namespaced_pod(pod.metadata.name, NAMESPACE, grace_period_seconds=0)


def _kill_worker(home: Path, package: str, exports: Path) -> None:
    """Kill the process of the task while its pod runs; let the pod end when the second try has found it."""
    wait_until((exports / "bereft").exists, "the node runs")
    with closing(sqlite3.connect(f"file:{home / 'airflow.db'}?mode=ro", uri=True, timeout=30)) as connection:
        query = "SELECT pid FROM task_instance WHERE task_id = 'bereft' AND dag_id = ?"
        ((pid,),) = connection.execute(query, (f"{package}-faults",)).fetchall()
    os.kill(pid, signal.SIGKILL)
    logs = home / "logs" / f"dag_id={package}-faults"
    pattern = "run_id=*/task_id=bereft/attempt=2.log"
    wait_until(lambda: any(REATTACHED in one.read_text() for one in logs.glob(pattern)), "the second try")
    (exports / "go").touch()


def log_of(api: AirflowApi, outcome: dict[str, Any], task_id: str, try_number: int) -> str:
    return json.dumps(task_log(api, outcome["dag_id"], outcome["run_id"], task_id, try_number))


def error_of(api: AirflowApi, outcome: dict[str, Any], task_id: str, try_number: int) -> str:
    """Return the error that a task ended with; those that it was raised from stand behind it."""
    entries = task_log(api, outcome["dag_id"], outcome["run_id"], task_id, try_number)
    return str([entry["error_detail"][0] for entry in entries if entry.get("error_detail")][-1]["exc_value"])


@pytest.mark.parametrize("task_id", RED)
def test_a_fault_is_a_red_task_that_names_it(faults: dict[str, Any], api: AirflowApi, task_id: str) -> None:
    task = tasks_of(faults)[task_id]
    assert (task["state"], task["tries"]) == ("failed", 2), task
    error = error_of(api, faults, task_id, 2)
    assert [words for words in RED[task_id] if words not in error] == [], error


def test_a_pod_that_somebody_deleted_is_missed(faults: dict[str, Any], api: AirflowApi) -> None:
    """Whoever asks for it first, Airflow's operator or ours, has it in its error."""
    assert "not found" in error_of(api, faults, "taken", 1).lower()


@pytest.mark.parametrize("task_id", GREEN)
def test_a_second_try_heals_what_can_be_healed(faults: dict[str, Any], task_id: str) -> None:
    task = tasks_of(faults)[task_id]
    assert (task["state"], task["tries"]) == ("success", 2), task


def test_a_pod_outlives_its_worker_and_its_node_is_run_once(
    faults: dict[str, Any], api: AirflowApi, exports: Path
) -> None:
    assert (exports / "bereft").read_text() == "x"
    assert REATTACHED in log_of(api, faults, "bereft", 2)


def test_a_failed_run_stays_red_and_leaves_the_pods_that_it_shall(faults: dict[str, Any], cluster: Cluster) -> None:
    assert faults["state"] == "failed"
    left = {pod.metadata.labels["task_id"] for pod in cluster.api.list_namespaced_pod(NAMESPACE).items}
    assert left == {"no_memory"}


@pytest.mark.parametrize(
    ("task_id", "cause", "text"),
    [
        ("no_memory", "out-of-memory", "more memory than its limit: 200Mi"),
        ("no_image", "image", "'nowhere.example/lost:1' cannot be pulled"),
        ("no_claim", "claim", "the claim 'lost', which is not found"),
        ("no_machine", "selector", "No node has the labels"),
        ("exit_three", "exit-code", "exit code 3"),
    ],
)
def test_diagnose_names_the_cause_whether_the_pod_is_kept_or_gone(
    diagnosed: dict[str, Any], task_id: str, cause: str, text: str
) -> None:
    found = diagnosed[task_id]
    assert (found["cause"], bool(found["pod"])) == (cause, task_id == "no_memory"), found
    assert text in found["hint"]


@pytest.fixture(scope="module")
def diagnosed(project: Project, faults: dict[str, Any]) -> dict[str, Any]:
    """What `diagnose` says of the run, by task."""
    done = project.airflow("diagnose", "--json", faults["dag_id"], faults["run_id"])
    assert done.code == 1, done.text
    return {one["task"]: one for one in done.json()}
