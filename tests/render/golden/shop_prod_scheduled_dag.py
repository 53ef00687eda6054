"""Kedro pipeline `scheduled` of `shop` (env `prod`) as an Airflow DAG.

Made by: kedro airflow create --pipelines=scheduled --env=prod
Plan: eceecf0be37a4646
Fingerprint: 0d1061fed6ce72ec

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG
from kedro_aloft.airflow import (
    KedroCleanup,
    KedroOperator,
    KedroPipeline,
    data_interval_schedule,
    duration,
    instant,
    notifier,
    wait_for,
)

DOC = """\
Kedro pipeline `scheduled` of `shop`, environment `prod`: 3 nodes in 3 tasks.

```mermaid
flowchart LR
    t0["a"]
    t1["b"]
    t2["c"]
    t0 -.->|"x"| t1
    t0 -.->|"x"| t2
    t1 -->|"y"| t2
```

Dotted arrows hand over data that lives in memory.

Plan `eceecf0be37a4646` · kedro-aloft fingerprint `0d1061fed6ce72ec`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="scheduled",
    env="prod",
    conf_source="/etc/shop/conf",
    project_path="/opt/shop",
    handoff="s3://shop/handoff",
    handoff_ttl=172800,
    handoff_keep="never",
    runner="ThreadRunner",
    skip_plugin_hooks=("kedro-telemetry", "kedro-viz"),
    runtime_params={
        "day": "{{ data_interval_start | ds }}",
        "model": {"alpha": 0.1, "names": ["a", "b"]},
    },
    load_versions={"raw": "2024-01-31T06.00.00.000Z"},
)

with DAG(
    dag_id="shop-scheduled-prod",
    description="Kedro pipeline 'scheduled' of shop, env 'prod'",
    schedule=data_interval_schedule("0 6 * * *", timezone="Europe/Zurich"),
    start_date=instant("2024-01-01T00:00:00+01:00", timezone="Europe/Zurich"),
    catchup=True,
    max_active_runs=3,
    end_date=instant("2030-12-31T00:00:00+01:00", timezone="Europe/Zurich"),
    dagrun_timeout=duration("6h"),
    on_failure_callback=[
        notifier(
            "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
            to="team@example.org",
            from_email="airflow@example.org",
            subject="{{ dag.dag_id }} failed",
        ),
    ],
    on_success_callback=[
        notifier(
            "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
            to="team@example.org",
            from_email="airflow@example.org",
            subject="{{ dag.dag_id }} failed",
        ),
    ],
    default_args={
        "owner": "airflow",
        "retries": 3,
        "retry_delay": duration("5m"),
        "pool": "training",
        "env_vars": {"OMP_NUM_THREADS": "2"},
        "retry_exponential_backoff": True,
        "depends_on_past": True,
        "on_retry_callback": [
            notifier(
                "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
                to="team@example.org",
                from_email="airflow@example.org",
                subject="{{ dag.dag_id }} failed",
            ),
        ],
    },
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    wait_for_ingest = wait_for(
        task_id="wait_for_ingest",
        dag_id="ingest",
        timeout=duration("1d"),
    )

    wait_for_ingest_orders = wait_for(
        task_id="wait_for_ingest_orders",
        dag_id="ingest",
        external_task_id="orders",
        timeout=duration("6h"),
        execution_delta=duration("1h"),
    )

    a = KedroOperator(
        task_id="a",
        kedro=kedro,
        nodes=["a"],
        gives=["x"],
        execution_timeout=duration("1h30m"),
        doc_md="Kedro node `a`: function `a` in `src/shop/nodes.py`.\n\nReads `raw`. Writes `x`.\n",
    )

    b = KedroOperator(
        task_id="b",
        kedro=kedro,
        nodes=["b"],
        takes=["x"],
        execution_timeout=duration("1h30m"),
        doc_md="Kedro node `b`: function `b` in `src/shop/nodes.py`.\n\nReads `x`. Writes `y`.\n",
    )

    c = KedroOperator(
        task_id="c",
        kedro=kedro,
        nodes=["c"],
        takes=["x"],
        pool_slots=2,
        env_vars={"CUDA": "1", "OMP_NUM_THREADS": "2"},
        doc_md=(
            "Kedro node `c`: function `c` in `src/shop/nodes.py`.\n\nReads `x`, `y`. Writes `z`.\n"
        ),
    )

    clean_up_handoff = KedroCleanup(kedro=kedro, depends_on_past=False)

    wait_for_ingest >> a
    wait_for_ingest_orders >> a
    a >> b
    [a, b] >> c
    [a, b, c] >> clean_up_handoff
