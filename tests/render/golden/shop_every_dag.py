"""Kedro pipeline `every` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: cc233cb6b53b0f55
Fingerprint: 7d3302d6b19b1cb1

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG
from kedro_aloft.airflow import KedroOperator, KedroPipeline, duration, instant

DOC = """\
Kedro pipeline `every` of `shop`, environment `local`: 1 node in 1 task.

```mermaid
flowchart LR
    t0["only"]
```

Plan `cc233cb6b53b0f55` · kedro-aloft fingerprint `7d3302d6b19b1cb1`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="every",
    env="local",
)

with DAG(
    dag_id="shop-every",
    description="Kedro pipeline 'every' of shop, env 'local'",
    schedule=duration("15m"),
    start_date=instant("2023-01-01T00:00:00+00:00"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=duration("1h"),
    default_args={
        "owner": "airflow",
        "retries": 1,
        "retry_delay": duration("30s"),
        "queue": "large",
    },
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    only = KedroOperator(
        task_id="only",
        kedro=kedro,
        nodes=["only"],
        doc_md=(
            "Kedro node `only`: function `only` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `raw`. Writes `out`.\n"
        ),
    )
