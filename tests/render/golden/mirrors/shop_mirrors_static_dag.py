"""Kedro pipeline `mirrors_static` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 1f610be128f0cdb7
Fingerprint: 638dbca7c79197dc

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG, TaskGroup
from kedro_aloft.airflow import KedroOperator, KedroPipeline, duration, fused, instant

DOC = """\
Kedro pipeline `mirrors_static` of `shop`, environment `local`: 7 nodes in 3 tasks.

| task | nodes |
|---|---|
| `long.step_0__step_2` | `long.step_0`, `long.step_1`, `long.step_2` |
| `long.step_3__step_3__last` | `long.step_3`, `a b`, `step_3__last` |

```mermaid
flowchart LR
    t0["long.step_0__step_2<br/>• long.step_0<br/>• long.step_1<br/>• long.step_2"]
    t1["long.step_3__step_3__last<br/>• long.step_3<br/>• a b<br/>• step_3__last"]
    t2["alone"]
    t0 -->|"d3"| t1
    t1 -->|"x<br/>y"| t2
```

Plan `1f610be128f0cdb7` · kedro-aloft fingerprint `638dbca7c79197dc`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="mirrors_static",
    env="local",
)

with DAG(
    dag_id="shop-mirrors_static",
    description="Kedro pipeline 'mirrors_static' of shop, env 'local'",
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
            mirrors="static",
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

    long_step_3_step_3_last = fused(
        task_id="long.step_3__step_3__last",
        kedro=kedro,
        nodes={"long.step_3": [], "a b": ["long.step_3"], "step_3__last": ["long.step_3"]},
        mirrors="static",
        ids={"a b": "a_b-c8687a08"},
        doc_md=(
            "Kedro nodes, one after the other:\n"
            "\n"
            "- `long.step_3`: function `step_3` in `src/shop/nodes.py`\n"
            "- `a b`: function `a b` in `src/shop/nodes.py`\n"
            "- `step_3__last`: function `step_3__last` in `src/shop/nodes.py`\n"
            "\n"
            "In one task because: group_by: memory\n"
            "\n"
            "Reads `d3`. Writes `d4`, `x`, `y`.\n"
        ),
    )

    alone = KedroOperator(
        task_id="alone",
        kedro=kedro,
        nodes=["alone"],
        doc_md=(
            "Kedro node `alone`: function `alone` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `x`, `y`. Writes `z`.\n"
        ),
    )

    long_step_0_step_2 >> long_step_3_step_3_last
    long_step_3_step_3_last >> alone
