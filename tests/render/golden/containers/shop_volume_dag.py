"""Kedro pipeline `volume` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 5a67926c5366fd00
Fingerprint: a89901f32f34d256

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

import json
from datetime import timedelta

import pendulum
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.pod_generator import make_safe_label_value
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, Param, TaskGroup
from airflow.timetables.interval import CronDataIntervalTimetable
from kubernetes.client.exceptions import ApiException

DOC = """\
Kedro pipeline `volume` of `shop`, environment `local`: 4 nodes in 4 tasks.

```mermaid
flowchart LR
    t0["load"]
    t1["split"]
    t2["fit"]
    t3["report.score"]
    t0 -->|"clean"| t1
    t1 -.->|"train"| t2
    t1 -.->|"test"| t3
    t2 -.->|"model"| t3
```

Dotted arrows hand over data that lives in memory.

Plan `5a67926c5366fd00` · kedro-aloft fingerprint `a89901f32f34d256`
"""

KEDRO = {
    "package": "shop",
    "pipeline": "volume",
    "env": "local",
    "handoff_uri": "data/.handoff",
    "selective": True,
    "runner": "SequentialRunner",
    "skip_plugin_hooks": ["kedro-mlflow", "kedro-telemetry", "kedro-viz"],
    "runtime_params": {"day": "{{ ds }}", "braces": "{{ '{{' }} and {x}", "n": 3},
}
RUN = (
    '{"dag_id": {{ ti.dag_id | tojson }},\n'
    '"run_id": {{ ti.run_id | tojson }},\n'
    '"task_id": {{ ti.task_id | tojson }},\n'
    '"try_number": {{ ti.try_number }},\n'
    '"clear_number": {{ dag_run.clear_number | default(0, true) }},\n'
    '"run_after": {{ dag_run.run_after.isoformat() | tojson }},\n'
    '"conf": {{ (dag_run.conf or {}) | tojson }},\n'
    '"defaults": {{ dict(dag.params.dump().items() | selectattr(0, "in", dag_run.conf or {})) | tojson }},\n'
    '"runtime_params": {"day": {% filter tojson %}{{ ds }}{% endfilter %}, "braces": {% filter tojson %}{{ \'{{\' }} and {x}{% endfilter %}, "n": 3 }}'
)


def kedro_environment(variables=None, /, **task):
    """Return the environment of a container: what it runs, and for which DAG run."""
    work = json.dumps({**KEDRO, **task})
    return {
        **(variables or {}),
        "KEDRO_ALOFT_TASK": "{% raw %}" + work + "{% endraw %}",
        "KEDRO_ALOFT_RUN": RUN,
    }


class PodOperator(KubernetesPodOperator):
    """The stock operator, with an error that says why the pod failed."""

    # Else the folder of this file would be part of the DAG's version.
    __module__ = KubernetesPodOperator.__module__

    def cleanup(self, pod, remote_pod, **options):
        """Ask the cluster before the pod is deleted."""
        failed = remote_pod and remote_pod.status.phase != "Succeeded"
        said = self.said_of(pod) if failed else []
        try:
            super().cleanup(pod=pod, remote_pod=remote_pod, **options)
        except Exception as error:
            error.args = ("\n".join([*map(str, error.args), *said]),)
            raise

    def said_of(self, pod):
        """Return what the cluster says of a pod and its containers, and its warnings."""
        try:
            status = self.pod_manager.read_pod(pod).status
            events = self.pod_manager.read_pod_events(pod).items
        except Exception as error:
            return [f"The cluster says of the pod: {getattr(error, 'reason', error)}"]
        said = [("pod", status.reason, status.message)] if status.reason else []
        containers = [*(status.init_container_statuses or []), *(status.container_statuses or [])]
        for one in containers:
            if waits := one.state.waiting:
                said.append((f"container {one.name} waits", waits.reason, waits.message))
            if ended := one.state.terminated:
                ended = (ended.reason, f"exit code {ended.exit_code}")
                said.append((f"container {one.name} ended", *ended))
        said += [(f"event {one.reason}", one.message) for one in events if one.type == "Warning"]
        return [": ".join(part for part in parts if part) for parts in said]


def create_claim(claim, beside, dag, ti):
    """Create the claim of a run where the pods of a task will be; one that is there already will do."""
    pod = dag.get_task(beside)
    namespace = pod.build_pod_request_obj().metadata.namespace
    run = {"dag_id": make_safe_label_value(ti.dag_id), "run_id": make_safe_label_value(ti.run_id)}
    labels = {**claim["metadata"]["labels"], **run}
    claim = {**claim, "metadata": {**claim["metadata"], "labels": labels}}
    name = claim["metadata"]["name"]
    try:
        pod.client.create_namespaced_persistent_volume_claim(namespace, claim)
    except ApiException as error:
        if error.status != 409:
            raise
        there = pod.client.read_namespaced_persistent_volume_claim(name, namespace)
        if there.metadata.deletion_timestamp:
            raise RuntimeError(f"The claim {name} is still being deleted.") from None
    print(f"Claim {name} in namespace {namespace}.")


def delete_claim(claim, beside, keep, dag, ti):
    """Delete the claim of a run, or keep it to be looked at; one that is gone already is fine."""
    pod, name = dag.get_task(beside), claim["metadata"]["name"]
    namespace = pod.build_pod_request_obj().metadata.namespace
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    bad = {"failed", "upstream_failed"} & set(states.values())
    if keep == "always" or (keep == "on_failure" and bad):
        print(f"Keeping the claim {name} in namespace {namespace}.")
        return
    try:
        pod.client.delete_namespaced_persistent_volume_claim(name, namespace)
    except ApiException as error:
        if error.status != 404:
            raise


VOLUME = "shop-{{ macros.uuid.uuid5(macros.uuid.NAMESPACE_OID, ti.dag_id ~ '/' ~ ti.run_id) }}"
POD_DEFAULT = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
        },
    },
    "spec": {
        "securityContext": {"fsGroup": 1000},
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "base",
                "image": "registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "imagePullPolicy": "IfNotPresent",
                "command": ["python", "-m", "kedro_aloft.runtime"],
                "resources": {
                    "requests": {"cpu": "250m", "memory": "512Mi"},
                    "limits": {"memory": "2Gi"},
                },
                "volumeMounts": [{"name": "run", "mountPath": "/home/kedro/project/data"}],
            },
        ],
        "volumes": [{"name": "run", "persistentVolumeClaim": {"claimName": VOLUME}}],
    },
}
POD_OPTIONS = {
    "startup_timeout_seconds": 600,
    "startup_check_interval_seconds": 1,
    "deferrable": False,
    "base_container_status_polling_interval": 1.0,
    "on_finish_action": "delete_pod",
    "termination_message_policy": "FallbackToLogsOnError",
    "log_events_on_failure": True,
    "log_pod_spec_on_failure": False,
    "do_xcom_push": False,
}
POD_GPU = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
            "cost-centre": "research",
        },
        "annotations": {"profile": "gpu"},
    },
    "spec": {
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "securityContext": {"fsGroup": 1000},
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "base",
                "image": "registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "imagePullPolicy": "IfNotPresent",
                "command": ["python", "-m", "kedro_aloft.runtime"],
                "resources": {
                    "requests": {"cpu": "4"},
                    "limits": {"memory": "16Gi", "cpu": "8", "nvidia.com/gpu": "1"},
                },
                "volumeMounts": [{"name": "run", "mountPath": "/home/kedro/project/data"}],
            },
        ],
        "volumes": [{"name": "run", "persistentVolumeClaim": {"claimName": VOLUME}}],
    },
}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {
        "name": VOLUME,
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
        },
    },
    "spec": {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "20Gi"}},
    },
}
POD_DEFAULT_2 = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
        },
    },
    "spec": {
        "securityContext": {"fsGroup": 1000},
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "base",
                "image": "registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "imagePullPolicy": "IfNotPresent",
                "command": ["python", "-m", "kedro_aloft.runtime"],
                "resources": {
                    "requests": {"cpu": "250m", "memory": "512Mi"},
                    "limits": {"memory": "2Gi"},
                },
                "volumeMounts": [{"name": "run", "mountPath": "/kedro-aloft/volume"}],
            },
        ],
        "volumes": [{"name": "run", "persistentVolumeClaim": {"claimName": VOLUME}}],
    },
}

with DAG(
    dag_id="shop-volume",
    description="Kedro pipeline 'volume' of shop, env 'local'",
    schedule=CronDataIntervalTimetable("0 6 * * *", timezone="Europe/Zurich"),
    start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Zurich"),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=[SmtpNotifier(to="a@b.c")],
    params={"size": Param(0.2, type="number")},
    default_args={"owner": "airflow", "retries": 2, "retry_delay": timedelta(seconds=30)},
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    create_volume = PythonOperator(
        task_id="create_volume",
        python_callable=create_claim,
        op_args=[CLAIM, "load"],
    ).as_setup()

    fill_volume = PodOperator(
        task_id="fill_volume",
        pod_template_dict=POD_DEFAULT_2,
        cmds=[
            "python",
            "-m",
            "kedro_aloft.runtime",
            "fill",
            "/home/kedro/project/data",
            "/kedro-aloft/volume",
        ],
        env_vars={"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
        **POD_OPTIONS,
    ).as_setup()

    wait_for_ingest_orders = ExternalTaskSensor(
        task_id="wait_for_ingest_orders",
        external_dag_id="ingest",
        external_task_id="orders",
        failed_states=["failed", "upstream_failed", "skipped"],
        check_existence=True,
        deferrable=True,
        timeout=timedelta(days=1),
        execution_delta=timedelta(hours=1),
    )

    load = PodOperator(
        task_id="load",
        pod_template_dict=POD_DEFAULT,
        env_vars=kedro_environment(
            {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
            nodes=["load"],
            pinned=["clean"],
            versioned=["clean"],
        ),
        execution_timeout=timedelta(hours=1),
        doc_md=(
            "Kedro node `load`: function `load` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `raw`. Writes `clean`.\n"
        ),
        **POD_OPTIONS,
    )

    split = PodOperator(
        task_id="split",
        pod_template_dict=POD_DEFAULT,
        env_vars=kedro_environment(
            {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
            nodes=["split"],
            gives=["test", "train"],
            pinned=["clean"],
        ),
        execution_timeout=timedelta(hours=1),
        doc_md=(
            "Kedro node `split`: function `split` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `clean`. Writes `test`, `train`.\n"
        ),
        **POD_OPTIONS,
    )

    fit = PodOperator(
        task_id="fit",
        pod_template_dict=POD_GPU,
        env_vars=kedro_environment(
            {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
            nodes=["fit"],
            gives=["model"],
            takes=["train"],
        ),
        retries=0,
        execution_timeout=timedelta(hours=1),
        pool="gpu",
        doc_md=(
            "Kedro node `fit`: function `fit` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `train`. Writes `model`.\n"
        ),
        **POD_OPTIONS,
    )

    with TaskGroup("report"):
        report_score = PodOperator(
            task_id="score",
            pod_template_dict=POD_DEFAULT,
            env_vars=kedro_environment(
                {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
                nodes=["report.score"],
                takes=["model", "test"],
            ),
            execution_timeout=timedelta(hours=1),
            doc_md=(
                "Kedro node `report.score`: function `score` in `src/shop/nodes.py`.\n"
                "\n"
                "Reads `model`, `test`. Writes `scores`.\n"
            ),
            **POD_OPTIONS,
        )

    delete_volume = PythonOperator(
        task_id="delete_volume",
        python_callable=delete_claim,
        op_args=[CLAIM, "load", "on_failure"],
    ).as_teardown()

    wait_for_ingest_orders >> load
    load >> split
    split >> fit
    [split, fit] >> report_score
    create_volume >> fill_volume
    fill_volume >> load
    [create_volume, load, split, fit, report_score] >> delete_volume
