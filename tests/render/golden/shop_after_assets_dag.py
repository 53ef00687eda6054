"""Kedro pipeline `after_assets` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 2577944c0181d03f
Fingerprint: 772b64eb73573154

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG, Asset
from kedro_aloft.airflow import KedroOperator, KedroPipeline, duration, instant

DOC = """\
Kedro pipeline `after_assets` of `shop`, environment `local`: 1 node in 1 task.

```mermaid
flowchart LR
    t0["only"]
```

Plan `2577944c0181d03f` · kedro-aloft fingerprint `772b64eb73573154`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="after_assets",
    env="local",
)

with DAG(
    dag_id="shop-after-assets",
    description="Kedro pipeline 'after_assets' of shop, env 'local'",
    schedule=[Asset.ref(name="shop/orders"), Asset.ref(uri="s3://shop/prices")],
    start_date=instant("2023-01-01T00:00:00+00:00"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "retry_delay": duration("30s")},
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
