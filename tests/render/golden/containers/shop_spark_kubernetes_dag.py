"""Kedro pipeline `spark_kubernetes` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 1b67a7c5fe8e12d9
Fingerprint: fe0f32fb02237bb1

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

import json
from datetime import timedelta

import pendulum
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG, TaskGroup

DOC = """\
Kedro pipeline `spark_kubernetes` of `shop`, environment `local`: 8 nodes in 6 tasks.

| task | nodes |
|---|---|
| `count__join` | `count`, `between`, `join` |

```mermaid
flowchart LR
    t0["load"]
    t1["count__join<br/>• count<br/>• between<br/>• join"]
    t2["fit"]
    t3["split"]
    t4["report.score"]
    t5["show"]
    t0 -->|"clean"| t1
    t1 -->|"joined"| t2
    t0 -->|"clean"| t3
    t2 -.->|"model"| t4
    t3 -->|"test"| t4
    t2 -.->|"model"| t5
    t4 -->|"scores"| t5
```

Dotted arrows hand over data that lives in memory.

Plan `1b67a7c5fe8e12d9` · kedro-aloft fingerprint `fe0f32fb02237bb1`
"""

KEDRO = {
    "package": "shop",
    "pipeline": "spark_kubernetes",
    "env": "local",
    "handoff_uri": "gs://shop/handoff",
    "selective": True,
    "runner": "SequentialRunner",
    "skip_plugin_hooks": ["kedro-mlflow", "kedro-telemetry", "kedro-viz"],
}
RUN = (
    '{"dag_id": {{ ti.dag_id | tojson }},\n'
    '"run_id": {{ ti.run_id | tojson }},\n'
    '"task_id": {{ ti.task_id | tojson }},\n'
    '"try_number": {{ ti.try_number }},\n'
    '"clear_number": {{ dag_run.clear_number | default(0, true) }},\n'
    '"run_after": {{ dag_run.run_after.isoformat() | tojson }},\n'
    '"conf": {{ (dag_run.conf or {}) | tojson }},\n'
    '"defaults": {{ dict(dag.params.dump().items() | selectattr(0, "in", dag_run.conf or {})) | tojson }}}'
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


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "namespace": "shop",
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
        },
    },
    "spec": {
        "serviceAccountName": "spark",
        "imagePullSecrets": [{"name": "registry"}],
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "base",
                "image": "registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "imagePullPolicy": "IfNotPresent",
                "command": ["python", "-m", "kedro_aloft.runtime"],
            },
        ],
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
POD_SPARK = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "namespace": "shop",
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
        },
    },
    "spec": {
        "serviceAccountName": "spark",
        "imagePullSecrets": [{"name": "registry"}],
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "base",
                "image": "registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "imagePullPolicy": "IfNotPresent",
                "command": ["python", "-m", "kedro_aloft.runtime"],
                "env": [
                    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {
                        "name": "POD_NAMESPACE",
                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
                    },
                    {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                ],
            },
        ],
    },
}

with DAG(
    dag_id="shop-spark_kubernetes",
    description="Kedro pipeline 'spark_kubernetes' of shop, env 'local'",
    schedule=None,
    start_date=pendulum.datetime(2023, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "retry_delay": timedelta(seconds=30)},
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    load = PodOperator(
        task_id="load",
        pod_template_dict=POD,
        env_vars=kedro_environment({"STAGE": "{{ var.value.stage }}"}, nodes=["load"]),
        doc_md=(
            "Kedro node `load`: function `load` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `raw`. Writes `clean`.\n"
        ),
        **POD_OPTIONS,
    )

    count_join = PodOperator(
        task_id="count__join",
        pod_template_dict=POD_SPARK,
        env_vars=kedro_environment(
            {
                "PYSPARK_SUBMIT_ARGS": "--master k8s://https://kubernetes.default.svc --packages org.apache.spark:spark-avro_2.12:3.5.1 --jars gs://shop/jars/shop.jar --conf 'spark.driver.host=$(POD_IP)' --conf spark.executor.memory=4g --conf spark.kubernetes.authenticate.executor.serviceAccountName=spark --conf spark.kubernetes.container.image=registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000 --conf spark.kubernetes.container.image.pullSecrets=registry --conf 'spark.kubernetes.driver.pod.name=$(POD_NAME)' --conf 'spark.kubernetes.namespace=$(POD_NAMESPACE)' pyspark-shell",
                "STAGE": "{{ var.value.stage }}",
            },
            nodes=["count", "between", "join"],
        ),
        retries=3,
        doc_md=(
            "Kedro nodes, one after the other:\n"
            "\n"
            "- `count`: function `count` in `src/shop/nodes.py`\n"
            "- `between`: function `between` in `src/shop/nodes.py`\n"
            "- `join`: function `join` in `src/shop/nodes.py`\n"
            "\n"
            "In one task because: spark: count (tag airflow.spark), between (tag airflow.spark), join (tag airflow.spark)\n"
            "\n"
            "Reads `clean`. Writes `counts`, `joined`, `shares`.\n"
        ),
        **POD_OPTIONS,
    )

    fit = PodOperator(
        task_id="fit",
        pod_template_dict=POD,
        env_vars=kedro_environment(
            {"STAGE": "{{ var.value.stage }}"},
            nodes=["fit"],
            gives=["model"],
        ),
        doc_md=(
            "Kedro node `fit`: function `fit` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `joined`. Writes `model`.\n"
        ),
        **POD_OPTIONS,
    )

    split = PodOperator(
        task_id="split",
        pod_template_dict=POD,
        env_vars=kedro_environment({"STAGE": "{{ var.value.stage }}"}, nodes=["split"]),
        doc_md=(
            "Kedro node `split`: function `split` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `clean`. Writes `test`.\n"
        ),
        **POD_OPTIONS,
    )

    with TaskGroup("report"):
        report_score = PodOperator(
            task_id="score",
            pod_template_dict=POD_SPARK,
            env_vars=kedro_environment(
                {
                    "PYSPARK_SUBMIT_ARGS": "--master k8s://https://kubernetes.default.svc --packages org.apache.spark:spark-avro_2.12:3.5.1 --jars gs://shop/jars/shop.jar --conf 'spark.driver.host=$(POD_IP)' --conf spark.executor.memory=4g --conf spark.kubernetes.authenticate.executor.serviceAccountName=spark --conf spark.kubernetes.container.image=registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000 --conf spark.kubernetes.container.image.pullSecrets=registry --conf 'spark.kubernetes.driver.pod.name=$(POD_NAME)' --conf 'spark.kubernetes.namespace=$(POD_NAMESPACE)' pyspark-shell",
                    "STAGE": "{{ var.value.stage }}",
                },
                nodes=["report.score"],
                takes=["model"],
            ),
            retries=3,
            doc_md=(
                "Kedro node `report.score`: function `score` in `src/shop/nodes.py`.\n"
                "\n"
                "Reads `model`, `test`. Writes `scores`.\n"
            ),
            **POD_OPTIONS,
        )

    show = PodOperator(
        task_id="show",
        pod_template_dict=POD,
        env_vars=kedro_environment(
            {"STAGE": "{{ var.value.stage }}"},
            nodes=["show"],
            takes=["model"],
        ),
        doc_md=(
            "Kedro node `show`: function `show` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `model`, `scores`. Writes `chart`.\n"
        ),
        **POD_OPTIONS,
    )

    clean_up_handoff = PodOperator(
        task_id="clean_up_handoff",
        pod_template_dict=POD,
        cmds=["python", "-m", "kedro_aloft.runtime", "clean"],
        env_vars={
            "STAGE": "{{ var.value.stage }}",
            "KEDRO_ALOFT_TASK": '{"handoff_uri": "gs://shop/handoff", "keep": "on_failure", "ttl_s": 604800}',
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
        **POD_OPTIONS,
    ).as_teardown()

    load >> [count_join, split]
    count_join >> fit
    [fit, split] >> report_score
    [fit, report_score] >> show
    [fit, report_score, show] >> clean_up_handoff
