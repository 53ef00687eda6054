"""Kedro pipeline `spark_dataproc_pods` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: ae7a4818f3434d14
Fingerprint: a295eaaae8d075a8

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

import json
from datetime import timedelta

import pendulum
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.google.cloud.operators.dataproc import (
    DataprocCreateClusterOperator,
    DataprocDeleteClusterOperator,
    DataprocSubmitJobOperator,
)
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, TaskGroup

DOC = """\
Kedro pipeline `spark_dataproc_pods` of `shop`, environment `local`: 8 nodes in 6 tasks.

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

Plan `ae7a4818f3434d14` · kedro-aloft fingerprint `a295eaaae8d075a8`
"""

KEDRO = {
    "package": "shop",
    "pipeline": "spark_dataproc_pods",
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


def spark_job(variables, *words):
    """Return a Dataproc job that runs nodes, and is told which by its arguments."""
    arguments = [*words, *(f"{name}={value}" for name, value in variables.items())]
    return {
        "placement": {"cluster_name": SPARK_CLUSTER},
        "pyspark_job": {**PYSPARK, "args": arguments},
    }


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "labels": {
            "app.kubernetes.io/managed-by": "kedro-aloft",
            "app.kubernetes.io/part-of": "shop",
        },
    },
    "spec": {
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
SPARK_CLUSTER = "kedro-shop-{{ macros.uuid.uuid5(macros.uuid.NAMESPACE_URL, dag.dag_id ~ ' ' ~ run_id).hex[:20] }}"
PYSPARK = {
    "main_python_file_uri": "gs://shop/spark/0123456789ab/launch.py",
    "python_file_uris": ["gs://shop/spark/0123456789ab/project.zip"],
    "jar_file_uris": ["gs://shop/jars/shop.jar"],
    "properties": {
        "spark.jars.packages": "org.apache.spark:spark-avro_2.12:3.5.1",
        "spark.executor.memory": "4g",
    },
}
DATAPROC = {
    "project_id": "shop-prod",
    "region": "europe-west1",
    "gcp_conn_id": "google",
    "impersonation_chain": "runner@shop-prod.iam.gserviceaccount.com",
    "deferrable": True,
}

with DAG(
    dag_id="shop-spark_dataproc_pods",
    description="Kedro pipeline 'spark_dataproc_pods' of shop, env 'local'",
    schedule=None,
    start_date=pendulum.datetime(2023, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "retry_delay": timedelta(seconds=30)},
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    wait_for_ingest = ExternalTaskSensor(
        task_id="wait_for_ingest",
        external_dag_id="ingest",
        failed_states=["failed"],
        check_existence=True,
        deferrable=True,
        timeout=timedelta(days=1),
    )

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

    count_join = DataprocSubmitJobOperator(
        task_id="count__join",
        job=spark_job(
            kedro_environment(
                {"STAGE": "{{ var.value.stage }}"},
                nodes=["count", "between", "join"],
            ),
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
        **DATAPROC,
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
        report_score = DataprocSubmitJobOperator(
            task_id="score",
            job=spark_job(
                kedro_environment(
                    {"STAGE": "{{ var.value.stage }}"},
                    nodes=["report.score"],
                    takes=["model"],
                ),
            ),
            retries=3,
            doc_md=(
                "Kedro node `report.score`: function `score` in `src/shop/nodes.py`.\n"
                "\n"
                "Reads `model`, `test`. Writes `scores`.\n"
            ),
            **DATAPROC,
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

    create_spark_cluster = DataprocCreateClusterOperator(
        task_id="create_spark_cluster",
        cluster_name=SPARK_CLUSTER,
        cluster_config={
            "master_config": {"num_instances": 1, "machine_type_uri": "n2-standard-4"},
            "initialization_actions": [
                {"executable_file": "gs://shop/proxy.sh"},
                {
                    "executable_file": "gs://shop/spark/0123456789ab/init.sh",
                    "execution_timeout": {"seconds": 1800},
                },
            ],
            "lifecycle_config": {"idle_delete_ttl": {"seconds": 1800}},
        },
        labels={"created-by": "kedro-aloft", "team": "data"},
        **DATAPROC,
    ).as_setup()

    delete_spark_cluster = DataprocDeleteClusterOperator(
        task_id="delete_spark_cluster",
        cluster_name=SPARK_CLUSTER,
        **DATAPROC,
    ).as_teardown()

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

    wait_for_ingest >> load
    load >> [count_join, split]
    count_join >> fit
    [fit, split] >> report_score
    [fit, report_score] >> show
    [fit, report_score, show] >> clean_up_handoff
    load >> create_spark_cluster
    create_spark_cluster >> [count_join, delete_spark_cluster]
    report_score >> delete_spark_cluster
    delete_spark_cluster >> clean_up_handoff
