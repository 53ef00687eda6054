"""Kedro pipeline `grouped` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 493aac8f5537524c
Fingerprint: 52f67f528aeaf742

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG, TaskGroup
from kedro_aloft.airflow import KedroPipeline, duration, fused, instant

DOC = """\
Kedro pipeline `grouped` of `shop`, environment `local`: 5 nodes in 2 tasks.

| task | nodes |
|---|---|
| `long.step_0__step_2` | `long.step_0`, `long.step_1`, `long.step_2` |
| `long.step_3__last` | `long.step_3`, `last` |

```mermaid
flowchart LR
    t0["long.step_0__step_2<br/>• long.step_0<br/>• long.step_1<br/>• long.step_2"]
    t1["long.step_3__last<br/>• long.step_3<br/>• last"]
    t0 -->|"d3"| t1
```

Plan `493aac8f5537524c` · kedro-aloft fingerprint `52f67f528aeaf742`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="grouped",
    env="local",
)

with DAG(
    dag_id="shop-grouped",
    description="Kedro pipeline 'grouped' of shop, env 'local'",
    schedule=None,
    start_date=instant("2023-01-01T00:00:00+00:00"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "retry_delay": duration("30s")},
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    with TaskGroup("long"):
        long_step_0_step_2 = fused(
            task_id="step_0__step_2",
            kedro=kedro,
            nodes={
                "long.step_0": [],
                "long.step_1": ["long.step_0"],
                "long.step_2": ["long.step_1"],
            },
            mirrors="live",
            doc_md=(
                "Kedro nodes, one after the other:\n"
                "\n"
                "- `long.step_0`: function `step_0` in `src/shop/nodes.py`\n"
                "- `long.step_1`: function `step_1` in `src/shop/nodes.py`\n"
                "- `long.step_2`: function `step_2` in `src/shop/nodes.py`\n"
                "\n"
                "In one task because: group_by: memory\n"
                "\n"
                "Reads `d0`. Writes `d1`, `d2`, `d3`.\n"
            ),
        )

    long_step_3_last = fused(
        task_id="long.step_3__last",
        kedro=kedro,
        nodes={"long.step_3": [], "last": ["long.step_3"]},
        mirrors="live",
        doc_md=(
            "Kedro nodes, one after the other:\n"
            "\n"
            "- `long.step_3`: function `step_3` in `src/shop/nodes.py`\n"
            "- `last`: function `last` in `src/shop/nodes.py`\n"
            "\n"
            "In one task because: group_by: memory\n"
            "\n"
            "Reads `d3`. Writes `d4`, `end`.\n"
        ),
    )

    long_step_0_step_2 >> long_step_3_last
