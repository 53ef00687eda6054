"""Kedro pipeline `spark_dataproc` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 86d3762c5596ff3b
Fingerprint: ab121e38e6badb65

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

import json

from airflow.providers.google.cloud.operators.dataproc import (
    DataprocCreateClusterOperator,
    DataprocDeleteClusterOperator,
    DataprocSubmitJobOperator,
)
from airflow.sdk import DAG, TaskGroup
from kedro_aloft.airflow import KedroCleanup, KedroOperator, KedroPipeline, duration, instant

DOC = """\
Kedro pipeline `spark_dataproc` of `shop`, environment `local`: 8 nodes in 6 tasks.

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

Plan `86d3762c5596ff3b` · kedro-aloft fingerprint `ab121e38e6badb65`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="spark_dataproc",
    env="local",
    handoff="gs://shop/handoff",
)

KEDRO = {
    "package": "shop",
    "pipeline": "spark_dataproc",
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


def spark_job(variables, *words):
    """Return a Dataproc job that runs nodes, and is told which by its arguments."""
    arguments = [*words, *(f"{name}={value}" for name, value in variables.items())]
    return {
        "placement": {"cluster_name": SPARK_CLUSTER},
        "pyspark_job": {**PYSPARK, "args": arguments},
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
    dag_id="shop-spark_dataproc",
    description="Kedro pipeline 'spark_dataproc' of shop, env 'local'",
    schedule=None,
    start_date=instant("2023-01-01T00:00:00+00:00"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "airflow",
        "retries": 1,
        "retry_delay": duration("30s"),
        "depends_on_past": True,
    },
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    load = KedroOperator(
        task_id="load",
        kedro=kedro,
        nodes=["load"],
        env_vars={"STAGE": "{{ var.value.stage }}"},
        doc_md=(
            "Kedro node `load`: function `load` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `raw`. Writes `clean`.\n"
        ),
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

    fit = KedroOperator(
        task_id="fit",
        kedro=kedro,
        nodes=["fit"],
        gives=["model"],
        env_vars={"STAGE": "{{ var.value.stage }}"},
        doc_md=(
            "Kedro node `fit`: function `fit` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `joined`. Writes `model`.\n"
        ),
    )

    split = KedroOperator(
        task_id="split",
        kedro=kedro,
        nodes=["split"],
        env_vars={"STAGE": "{{ var.value.stage }}"},
        doc_md=(
            "Kedro node `split`: function `split` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `clean`. Writes `test`.\n"
        ),
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

    show = KedroOperator(
        task_id="show",
        kedro=kedro,
        nodes=["show"],
        takes=["model"],
        env_vars={"STAGE": "{{ var.value.stage }}"},
        doc_md=(
            "Kedro node `show`: function `show` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `model`, `scores`. Writes `chart`.\n"
        ),
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
        depends_on_past=False,
        **DATAPROC,
    ).as_teardown()

    clean_up_handoff = KedroCleanup(kedro=kedro, depends_on_past=False)

    load >> [count_join, split]
    count_join >> fit
    [fit, split] >> report_score
    [fit, report_score] >> show
    [fit, report_score, show] >> clean_up_handoff
    load >> create_spark_cluster
    create_spark_cluster >> [count_join, delete_spark_cluster]
    report_score >> delete_spark_cluster
    delete_spark_cluster >> clean_up_handoff
