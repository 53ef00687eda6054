"""Kedro pipeline `spark_local` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 8f160e9b99753beb
Fingerprint: 0600ffd12d572567

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG, TaskGroup
from kedro_aloft.airflow import KedroCleanup, KedroOperator, KedroPipeline, duration, fused, instant

DOC = """\
Kedro pipeline `spark_local` of `shop`, environment `local`: 8 nodes in 6 tasks.

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

Plan `8f160e9b99753beb` · kedro-aloft fingerprint `0600ffd12d572567`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="spark_local",
    env="local",
    handoff="gs://shop/handoff",
)

with DAG(
    dag_id="shop-spark_local",
    description="Kedro pipeline 'spark_local' of shop, env 'local'",
    schedule=None,
    start_date=instant("2023-01-01T00:00:00+00:00"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "airflow",
        "retries": 1,
        "retry_delay": duration("30s"),
        "env_vars": {"STAGE": "{{ var.value.stage }}"},
    },
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    load = KedroOperator(
        task_id="load",
        kedro=kedro,
        nodes=["load"],
        doc_md=(
            "Kedro node `load`: function `load` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `raw`. Writes `clean`.\n"
        ),
    )

    count_join = fused(
        task_id="count__join",
        kedro=kedro,
        nodes={"count": [], "between": ["count"], "join": ["count", "between"]},
        mirrors="live",
        retries=3,
        env_vars={
            "PYSPARK_SUBMIT_ARGS": "--packages org.apache.spark:spark-avro_2.12:3.5.1 --jars gs://shop/jars/shop.jar --conf spark.executor.memory=4g pyspark-shell",
            "STAGE": "{{ var.value.stage }}",
        },
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
    )

    fit = KedroOperator(
        task_id="fit",
        kedro=kedro,
        nodes=["fit"],
        gives=["model"],
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
        doc_md=(
            "Kedro node `split`: function `split` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `clean`. Writes `test`.\n"
        ),
    )

    with TaskGroup("report"):
        report_score = KedroOperator(
            task_id="score",
            kedro=kedro,
            nodes=["report.score"],
            takes=["model"],
            retries=3,
            env_vars={
                "PYSPARK_SUBMIT_ARGS": "--packages org.apache.spark:spark-avro_2.12:3.5.1 --jars gs://shop/jars/shop.jar --conf spark.executor.memory=4g pyspark-shell",
                "STAGE": "{{ var.value.stage }}",
            },
            doc_md=(
                "Kedro node `report.score`: function `score` in `src/shop/nodes.py`.\n"
                "\n"
                "Reads `model`, `test`. Writes `scores`.\n"
            ),
        )

    show = KedroOperator(
        task_id="show",
        kedro=kedro,
        nodes=["show"],
        takes=["model"],
        doc_md=(
            "Kedro node `show`: function `show` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `model`, `scores`. Writes `chart`.\n"
        ),
    )

    clean_up_handoff = KedroCleanup(kedro=kedro)

    load >> [count_join, split]
    count_join >> fit
    [fit, split] >> report_score
    [fit, report_score] >> show
    [fit, report_score, show] >> clean_up_handoff
