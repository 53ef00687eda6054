"""Kedro pipeline `minimal` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 860fe4a839961304
Fingerprint: a7290b2a8f570355

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG
from kedro_aloft.airflow import KedroOperator, KedroPipeline, duration, instant

DOC = """\
Kedro pipeline `minimal` of `shop`, environment `local`: 1 node in 1 task.

```mermaid
flowchart LR
    t0["load"]
```

Plan `860fe4a839961304` · kedro-aloft fingerprint `a7290b2a8f570355`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="minimal",
    env="local",
)

with DAG(
    dag_id="shop-minimal",
    description="Kedro pipeline 'minimal' of shop, env 'local'",
    schedule=None,
    start_date=instant("2023-01-01T00:00:00+00:00"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "retry_delay": duration("30s")},
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
