"""Kedro pipeline `kubernetes` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 1ff40b37625145fe
Fingerprint: e95e01e4f866a624

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

import json
from datetime import timedelta

import pendulum
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, Param, TaskGroup
from airflow.timetables.interval import CronDataIntervalTimetable

DOC = """\
Kedro pipeline `kubernetes` of `shop`, environment `local`: 4 nodes in 4 tasks.

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

Plan `1ff40b37625145fe` · kedro-aloft fingerprint `e95e01e4f866a624`
"""

KEDRO = {
    "package": "shop",
    "pipeline": "kubernetes",
    "env": "local",
    "handoff_uri": "s3://shop/handoff",
    "selective": True,
    "runner": "SequentialRunner",
    "skip_plugin_hooks": ["kedro-mlflow", "kedro-telemetry", "kedro-viz"],
    "runtime_params": {"day": "{{ ds }}", "braces": "{{ '{{' }} and {x}", "n": 3},
    "mlflow": True,
    "pipeline_hooks": "per_run",
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


POD_DEFAULT = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "annotations": {
            "vault.hashicorp.com/agent-inject-template": '{% raw %}{{- with secret "db" }}{{ .Data }}{{- end }}{% endraw %}',
            "sidecar.istio.io/inject": "false",
        },
        "namespace": "shop",
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
            "team": "data",
        },
    },
    "spec": {
        "priorityClassName": "batch",
        "containers": [
            {
                "name": "base",
                "env": [
                    {"name": "TZ", "value": "UTC"},
                    {
                        "name": "DB_PASSWORD",
                        "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}},
                    },
                ],
                "volumeMounts": [
                    {"name": "scratch", "mountPath": "/scratch"},
                    {"name": "secret-certs", "mountPath": "/etc/certs", "readOnly": True},
                    {"name": "secret-token-jwt", "mountPath": "/etc/token", "readOnly": True},
                ],
                "image": "registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "imagePullPolicy": "Always",
                "command": ["python", "-m", "kedro_aloft.runtime"],
                "envFrom": [
                    {"configMapRef": {"name": "shop"}},
                    {"prefix": "KEY_", "secretRef": {"name": "keys"}},
                ],
                "resources": {
                    "requests": {"cpu": "250m", "memory": "512Mi"},
                    "limits": {"memory": "2Gi"},
                },
            },
            {"name": "proxy", "image": "proxy:1"},
        ],
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            {"name": "secret-certs", "secret": {"secretName": "certs"}},
            {
                "name": "secret-token-jwt",
                "secret": {"secretName": "token", "items": [{"key": "jwt", "path": "jwt"}]},
            },
        ],
        "serviceAccountName": "runner",
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"arch": "amd64"},
        "tolerations": [{"key": "batch", "operator": "Exists"}],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []},
            },
        },
        "securityContext": {"runAsNonRoot": True, "fsGroup": 1000},
        "restartPolicy": "Never",
    },
}
POD_OPTIONS = {
    "kubernetes_conn_id": "cluster",
    "in_cluster": False,
    "cluster_context": "prod",
    "config_file": "/etc/kubeconfig",
    "startup_timeout_seconds": 1200,
    "startup_check_interval_seconds": 5,
    "deferrable": True,
    "poll_interval": 10.0,
    "base_container_status_polling_interval": 10.0,
    "on_finish_action": "delete_succeeded_pod",
    "termination_message_policy": "FallbackToLogsOnError",
    "log_events_on_failure": True,
    "log_pod_spec_on_failure": False,
    "do_xcom_push": False,
}
POD_GPU = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "annotations": {
            "vault.hashicorp.com/agent-inject-template": '{% raw %}{{- with secret "db" }}{{ .Data }}{{- end }}{% endraw %}',
            "sidecar.istio.io/inject": "false",
            "profile": "gpu",
        },
        "namespace": "shop",
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
            "team": "data",
            "cost-centre": "research",
        },
    },
    "spec": {
        "priorityClassName": "batch",
        "containers": [
            {
                "name": "base",
                "env": [
                    {"name": "TZ", "value": "UTC"},
                    {
                        "name": "DB_PASSWORD",
                        "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}},
                    },
                ],
                "volumeMounts": [
                    {"name": "scratch", "mountPath": "/scratch"},
                    {"name": "secret-certs", "mountPath": "/etc/certs", "readOnly": True},
                    {"name": "secret-token-jwt", "mountPath": "/etc/token", "readOnly": True},
                ],
                "image": "registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "imagePullPolicy": "Always",
                "command": ["python", "-m", "kedro_aloft.runtime"],
                "envFrom": [
                    {"configMapRef": {"name": "shop"}},
                    {"prefix": "KEY_", "secretRef": {"name": "keys"}},
                ],
                "resources": {
                    "requests": {"cpu": "4"},
                    "limits": {"memory": "16Gi", "cpu": "8", "nvidia.com/gpu": "1"},
                },
            },
            {"name": "proxy", "image": "proxy:1"},
        ],
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            {"name": "secret-certs", "secret": {"secretName": "certs"}},
            {
                "name": "secret-token-jwt",
                "secret": {"secretName": "token", "items": [{"key": "jwt", "path": "jwt"}]},
            },
        ],
        "serviceAccountName": "runner",
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"arch": "amd64", "pool": "gpu"},
        "tolerations": [
            {"key": "batch", "operator": "Exists"},
            {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"},
        ],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []},
            },
        },
        "securityContext": {"runAsNonRoot": True, "fsGroup": 1000},
        "restartPolicy": "Never",
    },
}

with DAG(
    dag_id="shop-kubernetes",
    description="Kedro pipeline 'kubernetes' of shop, env 'local'",
    schedule=CronDataIntervalTimetable("0 6 * * *", timezone="Europe/Zurich"),
    start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Zurich"),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=[SmtpNotifier(to="a@b.c")],
    params={"size": Param(0.2, type="number")},
    default_args={
        "owner": "airflow",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "depends_on_past": True,
    },
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
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

    start_run = PodOperator(
        task_id="start_run",
        pod_template_dict=POD_DEFAULT,
        cmds=["python", "-m", "kedro_aloft.runtime", "start"],
        env_vars=kedro_environment(
            {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
            nodes=["load", "split", "fit", "report.score"],
        ),
        execution_timeout=timedelta(hours=1),
        retries=0,
        doc_md="Makes the MLflow run of the DAG run. Calls the hooks `before_pipeline_run`.",
        **POD_OPTIONS,
    ).as_setup()

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

    finish_run = PodOperator(
        task_id="finish_run",
        pod_template_dict=POD_DEFAULT,
        cmds=["python", "-m", "kedro_aloft.runtime", "finish"],
        env_vars=dict(
            kedro_environment(
                {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
                nodes=["load", "split", "fit", "report.score"],
            ),
            KEDRO_ALOFT_RUN=(
                '{"dag_id": {{ ti.dag_id | tojson }},\n'
                '"run_id": {{ ti.run_id | tojson }},\n'
                '"task_id": {{ ti.task_id | tojson }},\n'
                '"try_number": {{ ti.try_number }},\n'
                '"clear_number": {{ dag_run.clear_number | default(0, true) }},\n'
                '"run_after": {{ dag_run.run_after.isoformat() | tojson }},\n'
                '"conf": {{ (dag_run.conf or {}) | tojson }},\n'
                '"defaults": {{ dict(dag.params.dump().items() | selectattr(0, "in", dag_run.conf or {})) | tojson }},\n'
                '"runtime_params": {"day": {% filter tojson %}{{ ds }}{% endfilter %}, "braces": {% filter tojson %}{{ \'{{\' }} and {x}{% endfilter %}, "n": 3 },\n'
                '"states": {{ ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]) | tojson }},\n'
                '"teardowns": {{ dag.tasks | selectattr("is_teardown") | map(attribute="task_id") | list | tojson }}}'
            ),
        ),
        execution_timeout=timedelta(hours=1),
        retries=0,
        depends_on_past=False,
        doc_md="Gives the MLflow run of the DAG run its final state. Calls the hooks `after_pipeline_run` or `on_pipeline_error`.",
        **POD_OPTIONS,
    ).as_teardown()

    clean_up_handoff = PodOperator(
        task_id="clean_up_handoff",
        pod_template_dict=POD_DEFAULT,
        cmds=["python", "-m", "kedro_aloft.runtime", "clean"],
        env_vars={
            "OMP_NUM_THREADS": "2",
            "STAGE": "{{ var.value.stage }}",
            "KEDRO_ALOFT_TASK": '{"handoff_uri": "s3://shop/handoff", "keep": "on_failure", "ttl_s": 604800}',
            "KEDRO_ALOFT_RUN": (
                '{"dag_id": {{ ti.dag_id | tojson }},\n'
                '"run_id": {{ ti.run_id | tojson }},\n'
                '"task_id": {{ ti.task_id | tojson }},\n'
                '"try_number": {{ ti.try_number }},\n'
                '"clear_number": {{ dag_run.clear_number | default(0, true) }},\n'
                '"run_after": {{ dag_run.run_after.isoformat() | tojson }},\n'
                '"conf": {{ (dag_run.conf or {}) | tojson }},\n'
                '"defaults": {{ dict(dag.params.dump().items() | selectattr(0, "in", dag_run.conf or {})) | tojson }},\n'
                '"states": {{ ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]) | tojson }},\n'
                '"teardowns": {{ dag.tasks | selectattr("is_teardown") | map(attribute="task_id") | list | tojson }}}'
            ),
        },
        retries=0,
        depends_on_past=False,
        **POD_OPTIONS,
    ).as_teardown()

    wait_for_ingest_orders >> start_run
    start_run >> load
    load >> split
    split >> fit
    [split, fit] >> report_score
    [start_run, fit, report_score] >> finish_run
    [split, fit, report_score] >> clean_up_handoff
