"""Kedro pipeline `spaceflights` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: e3b637b83c2edd8a
Fingerprint: dae085aaeacc8808

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG, Asset, Param, TaskGroup
from kedro_aloft.airflow import KedroCleanup, KedroOperator, KedroPipeline, duration, instant

DOC = """\
Ask **#data** before use.

Kedro pipeline `spaceflights` of `shop`, environment `local`: 6 nodes in 6 tasks.

```mermaid
flowchart LR
    t0["prepare.companies"]
    t1["prepare.shuttles"]
    t2["prepare.join.table"]
    t3["split"]
    t4["train"]
    t5["evaluate"]
    t0 -->|"clean_companies"| t2
    t1 -->|"clean_shuttles"| t2
    t2 -->|"model_input"| t3
    t3 -.->|"x_train<br/>y_train"| t4
    t3 -.->|"x_test<br/>y_test"| t5
    t4 -->|"regressor"| t5
```

Dotted arrows hand over data that lives in memory.

Plan `e3b637b83c2edd8a` · kedro-aloft fingerprint `dae085aaeacc8808`
"""

kedro = KedroPipeline(
    package="shop",
    pipeline="spaceflights",
    env="local",
)

with DAG(
    dag_id="shop-spaceflights",
    description="Kedro pipeline 'spaceflights' of shop, env 'local'",
    schedule=None,
    start_date=instant("2023-01-01T00:00:00+00:00"),
    catchup=False,
    max_active_runs=1,
    params={
        "split.test_size": Param(0.2, type="number", section="split"),
        "split.random_state": Param(3, type="integer", section="split"),
        "split.features": Param(
            ["engines", "crew"],
            type="array",
            items={"type": "string"},
            section="split",
        ),
        "model.deep": Param({"layers": [1, 2], "name": None}, type="object", section="model"),
        "model.verbose": Param(False, type="boolean", section="model"),
        "model.note": Param(
            "first line\nsecond line",
            type="string",
            format="multiline",
            section="model",
        ),
        "model.start": Param(
            None,
            type=["null", "string", "number", "boolean", "object", "array"],
            section="model",
        ),
        "model.limit": Param(
            None,
            type=["null", "string", "number", "boolean", "object", "array"],
            description_md="Its default is `inf`, which the form cannot hold. Empty keeps it.",
            section="model",
        ),
    },
    default_args={"owner": "airflow", "retries": 1, "retry_delay": duration("30s")},
    tags=["kedro", "kedro-aloft", "demo"],
    doc_md=DOC,
):
    with TaskGroup("prepare"):
        prepare_companies = KedroOperator(
            task_id="companies",
            kedro=kedro,
            nodes=["prepare.companies"],
            outlets=[Asset(name="shop/clean_companies", uri="kedro://shop/clean_companies")],
            doc_md=(
                "Kedro node `prepare.companies`: function `companies` in `src/shop/nodes.py`.\n"
                "\n"
                "Reads `companies`. Writes `clean_companies`.\n"
            ),
        )

        prepare_shuttles = KedroOperator(
            task_id="shuttles",
            kedro=kedro,
            nodes=["prepare.shuttles"],
            outlets=[Asset(name="shop/clean_shuttles", uri="kedro://shop/clean_shuttles")],
            doc_md=(
                "Kedro node `prepare.shuttles`: function `shuttles` in `src/shop/nodes.py`.\n"
                "\n"
                "Reads `shuttles`. Writes `clean_shuttles`.\n"
            ),
        )

        with TaskGroup("join"):
            prepare_join_table = KedroOperator(
                task_id="table",
                kedro=kedro,
                nodes=["prepare.join.table"],
                outlets=[Asset(name="shop/model_input", uri="kedro://shop/model_input")],
                doc_md=(
                    "Kedro node `prepare.join.table`: function `table` in `src/shop/nodes.py`.\n"
                    "\n"
                    "Reads `clean_companies`, `clean_shuttles`, `reviews`. Writes `model_input`.\n"
                ),
            )

    split = KedroOperator(
        task_id="split",
        kedro=kedro,
        nodes=["split"],
        gives=["x_test", "x_train", "y_test", "y_train"],
        doc_md=(
            "Kedro node `split`: function `split` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `model_input`. Writes `x_test`, `x_train`, `y_test`, `y_train`.\n"
        ),
    )

    train = KedroOperator(
        task_id="train",
        kedro=kedro,
        nodes=["train"],
        takes=["x_train", "y_train"],
        pinned=["regressor"],
        versioned=["regressor"],
        outlets=[Asset(name="shop/regressor", uri="kedro://shop/regressor")],
        pool="gpu",
        doc_md=(
            "Kedro node `train`: function `train` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `x_train`, `y_train`. Writes `regressor`.\n"
        ),
    )

    evaluate = KedroOperator(
        task_id="evaluate",
        kedro=kedro,
        nodes=["evaluate"],
        takes=["x_test", "y_test"],
        pinned=["regressor"],
        outlets=[Asset(name="shop/metrics", uri="kedro://shop/metrics")],
        doc_md=(
            "Kedro node `evaluate`: function `evaluate` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `regressor`, `x_test`, `y_test`. Writes `metrics`.\n"
        ),
    )

    clean_up_handoff = KedroCleanup(kedro=kedro)

    [prepare_companies, prepare_shuttles] >> prepare_join_table
    prepare_join_table >> split
    split >> train
    [split, train] >> evaluate
    [split, train, evaluate] >> clean_up_handoff
