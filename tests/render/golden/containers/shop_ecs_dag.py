"""Kedro pipeline `ecs` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: e6164fedf7759592
Fingerprint: e74354a7420afb8f

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

import json
from datetime import timedelta

import pendulum
from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, Param, TaskGroup
from airflow.timetables.interval import CronDataIntervalTimetable

DOC = """\
Kedro pipeline `ecs` of `shop`, environment `local`: 4 nodes in 4 tasks.

```mermaid
flowchart LR
    t0["load"]
    t1["split"]
    t2["fit"]
    t3["report.score"]
    t0 -->|"clean"| t1
    t1 -.->|"train"| t2
    t1 -.->|"test"| t3
    t2 -.->|"model"| t3
```

Dotted arrows hand over data that lives in memory.

Plan `e6164fedf7759592` · kedro-aloft fingerprint `e74354a7420afb8f`
"""

KEDRO = {
    "package": "shop",
    "pipeline": "ecs",
    "env": "local",
    "handoff_uri": "s3://shop/handoff",
    "selective": True,
    "runner": "SequentialRunner",
    "skip_plugin_hooks": ["kedro-mlflow", "kedro-telemetry", "kedro-viz"],
    "runtime_params": {"day": "{{ ds }}", "braces": "{{ '{{' }} and {x}", "n": 3},
}
RUN = (
    '{"dag_id": {{ ti.dag_id | tojson }},\n'
    '"run_id": {{ ti.run_id | tojson }},\n'
    '"task_id": {{ ti.task_id | tojson }},\n'
    '"try_number": {{ ti.try_number }},\n'
    '"clear_number": {{ dag_run.clear_number | default(0, true) }},\n'
    '"run_after": {{ dag_run.run_after.isoformat() | tojson }},\n'
    '"conf": {{ (dag_run.conf or {}) | tojson }},\n'
    '"defaults": {{ dict(dag.params.dump().items() | selectattr(0, "in", dag_run.conf or {})) | tojson }},\n'
    '"runtime_params": {"day": {% filter tojson %}{{ ds }}{% endfilter %}, "braces": {% filter tojson %}{{ \'{{\' }} and {x}{% endfilter %}, "n": 3 }}'
)


def kedro_environment(variables=None, /, **task):
    """Return the environment of a container: what it runs, and for which DAG run."""
    work = json.dumps({**KEDRO, **task})
    return {
        **(variables or {}),
        "KEDRO_ALOFT_TASK": "{% raw %}" + work + "{% endraw %}",
        "KEDRO_ALOFT_RUN": RUN,
    }


def as_list(variables):
    """Return environment variables as Amazon ECS wants them."""
    return [{"name": name, "value": value} for name, value in variables.items()]


ECS = {
    "cluster": "batch",
    "task_definition": "shop",
    "launch_type": "FARGATE",
    "reattach": True,
    "network_configuration": {
        "awsvpcConfiguration": {
            "subnets": ["subnet-1"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "DISABLED",
        },
    },
    "region_name": "eu-west-1",
    "aws_conn_id": "aws",
    "awslogs_group": "/ecs/shop",
    "awslogs_region": "eu-west-1",
    "awslogs_stream_prefix": "ecs/shop",
}

with DAG(
    dag_id="shop-ecs",
    description="Kedro pipeline 'ecs' of shop, env 'local'",
    schedule=CronDataIntervalTimetable("0 6 * * *", timezone="Europe/Zurich"),
    start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Zurich"),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=[SmtpNotifier(to="a@b.c")],
    params={"size": Param(0.2, type="number")},
    default_args={"owner": "airflow", "retries": 2, "retry_delay": timedelta(seconds=30)},
    tags=["kedro", "kedro-aloft"],
    doc_md=DOC,
):
    wait_for_ingest_orders = ExternalTaskSensor(
        task_id="wait_for_ingest_orders",
        external_dag_id="ingest",
        external_task_id="orders",
        failed_states=["failed", "upstream_failed", "skipped"],
        check_existence=True,
        deferrable=True,
        timeout=timedelta(days=1),
        execution_delta=timedelta(hours=1),
    )

    load = EcsRunTaskOperator(
        task_id="load",
        overrides={
            "containerOverrides": [
                {
                    "name": "shop",
                    "command": ["python", "-m", "kedro_aloft.runtime"],
                    "environment": as_list(
                        kedro_environment(
                            {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
                            nodes=["load"],
                            pinned=["clean"],
                            versioned=["clean"],
                        ),
                    ),
                    "memory": 2048,
                },
            ],
        },
        execution_timeout=timedelta(hours=1),
        doc_md=(
            "Kedro node `load`: function `load` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `raw`. Writes `clean`.\n"
        ),
        **ECS,
    )

    split = EcsRunTaskOperator(
        task_id="split",
        overrides={
            "containerOverrides": [
                {
                    "name": "shop",
                    "command": ["python", "-m", "kedro_aloft.runtime"],
                    "environment": as_list(
                        kedro_environment(
                            {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
                            nodes=["split"],
                            gives=["test", "train"],
                            pinned=["clean"],
                        ),
                    ),
                    "memory": 2048,
                },
            ],
        },
        execution_timeout=timedelta(hours=1),
        doc_md=(
            "Kedro node `split`: function `split` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `clean`. Writes `test`, `train`.\n"
        ),
        **ECS,
    )

    fit = EcsRunTaskOperator(
        task_id="fit",
        overrides={
            "containerOverrides": [
                {
                    "name": "shop",
                    "command": ["python", "-m", "kedro_aloft.runtime"],
                    "environment": as_list(
                        kedro_environment(
                            {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
                            nodes=["fit"],
                            gives=["model"],
                            takes=["train"],
                        ),
                    ),
                    "cpu": 8192,
                    "memory": 16384,
                },
            ],
        },
        retries=0,
        execution_timeout=timedelta(hours=1),
        pool="gpu",
        doc_md=(
            "Kedro node `fit`: function `fit` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `train`. Writes `model`.\n"
        ),
        **ECS,
    )

    with TaskGroup("report"):
        report_score = EcsRunTaskOperator(
            task_id="score",
            overrides={
                "containerOverrides": [
                    {
                        "name": "shop",
                        "command": ["python", "-m", "kedro_aloft.runtime"],
                        "environment": as_list(
                            kedro_environment(
                                {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
                                nodes=["report.score"],
                                takes=["model", "test"],
                            ),
                        ),
                        "memory": 2048,
                    },
                ],
            },
            execution_timeout=timedelta(hours=1),
            doc_md=(
                "Kedro node `report.score`: function `score` in `src/shop/nodes.py`.\n"
                "\n"
                "Reads `model`, `test`. Writes `scores`.\n"
            ),
            **ECS,
        )

    clean_up_handoff = EcsRunTaskOperator(
        task_id="clean_up_handoff",
        overrides={
            "containerOverrides": [
                {
                    "name": "shop",
                    "command": ["python", "-m", "kedro_aloft.runtime", "clean"],
                    "environment": as_list(
                        {
                            "OMP_NUM_THREADS": "2",
                            "STAGE": "{{ var.value.stage }}",
                            "KEDRO_ALOFT_TASK": '{"handoff_uri": "s3://shop/handoff", "keep": "on_failure", "ttl_s": 604800}',
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
                    ),
                    "memory": 2048,
                },
            ],
        },
        retries=0,
        **ECS,
    ).as_teardown()

    wait_for_ingest_orders >> load
    load >> split
    split >> fit
    [split, fit] >> report_score
    [split, fit, report_score] >> clean_up_handoff
