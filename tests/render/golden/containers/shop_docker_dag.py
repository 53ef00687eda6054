"""Kedro pipeline `docker` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create
Plan: 9018f9e0de43b151
Fingerprint: e152706718e1ad1f

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

import json
import os
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, Param, TaskGroup
from airflow.timetables.interval import CronDataIntervalTimetable
from docker.types import DeviceRequest, Mount

DOC = """\
Kedro pipeline `docker` of `shop`, environment `local`: 4 nodes in 4 tasks.

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

Plan `9018f9e0de43b151` · kedro-aloft fingerprint `e152706718e1ad1f`
"""

KEDRO = {
    "package": "shop",
    "pipeline": "docker",
    "env": "local",
    "handoff_uri": ".airflow/handoff",
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


class KeptContainerOperator(DockerOperator):
    """The stock operator, which leaves the container of a failed task to be looked at."""

    # Else the folder of this file would be part of the DAG's version.
    __module__ = DockerOperator.__module__

    def execute(self, context):
        """Remove the container when all went well; tell want of memory from other failures."""
        try:
            result = super().execute(context)
        except Exception as error:
            there = self.cli.inspect_container(self.container["Id"]) if self.container else None
            if there and there["State"]["OOMKilled"]:
                error.args = (f"{error} OOMKilled: it wanted more memory than its limit.",)
            raise
        self.cli.remove_container(self.container["Id"])
        return result


PROJECT = os.environ.get("KEDRO_ALOFT_PROJECT_PATH") or next(
    (str(one) for one in Path(__file__).resolve().parents if (one / "pyproject.toml").is_file()),
    os.getcwd(),
)

MOUNTS = [
    Mount(target="/home/kedro/project/data", source=f"{PROJECT}/data", type="bind"),
    Mount(target="/etc/shop", source="/etc/shop", type="bind", read_only=True),
    Mount(target="/cache", source="cache", type="volume"),
    Mount(target="/home/kedro/project/.airflow/handoff", source="shop-handoff", type="volume"),
]

with DAG(
    dag_id="shop-docker",
    description="Kedro pipeline 'docker' of shop, env 'local'",
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

    load = KeptContainerOperator(
        task_id="load",
        image="registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        command=["python", "-m", "kedro_aloft.runtime"],
        environment=kedro_environment(
            {
                "OMP_NUM_THREADS": "2",
                "STAGE": "{{ var.value.stage }}",
                "API_KEY": "{{ var.value.get('api_key') }}",
                "DB": "{{ conn.get('db').get_uri() }}",
            },
            nodes=["load"],
            pinned=["clean"],
            versioned=["clean"],
        ),
        mounts=MOUNTS,
        mount_tmp_dir=False,
        auto_remove="never",
        labels={"app.kubernetes.io/managed-by": "kedro-aloft", "app.kubernetes.io/part-of": "shop"},
        docker_url="unix:///run/docker.sock",
        docker_conn_id="registry",
        network_mode="shop",
        user="1000:1000",
        force_pull=True,
        private_environment={"TOKEN": os.environ.get("WORKER_TOKEN", "")},
        mem_limit=2147483648,
        shm_size=1073741824,
        execution_timeout=timedelta(hours=1),
        doc_md=(
            "Kedro node `load`: function `load` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `raw`. Writes `clean`.\n"
        ),
    )

    split = KeptContainerOperator(
        task_id="split",
        image="registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        command=["python", "-m", "kedro_aloft.runtime"],
        environment=kedro_environment(
            {
                "OMP_NUM_THREADS": "2",
                "STAGE": "{{ var.value.stage }}",
                "API_KEY": "{{ var.value.get('api_key') }}",
                "DB": "{{ conn.get('db').get_uri() }}",
            },
            nodes=["split"],
            gives=["test", "train"],
            pinned=["clean"],
        ),
        mounts=MOUNTS,
        mount_tmp_dir=False,
        auto_remove="never",
        labels={"app.kubernetes.io/managed-by": "kedro-aloft", "app.kubernetes.io/part-of": "shop"},
        docker_url="unix:///run/docker.sock",
        docker_conn_id="registry",
        network_mode="shop",
        user="1000:1000",
        force_pull=True,
        private_environment={"TOKEN": os.environ.get("WORKER_TOKEN", "")},
        mem_limit=2147483648,
        shm_size=1073741824,
        execution_timeout=timedelta(hours=1),
        doc_md=(
            "Kedro node `split`: function `split` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `clean`. Writes `test`, `train`.\n"
        ),
    )

    fit = KeptContainerOperator(
        task_id="fit",
        image="registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        command=["python", "-m", "kedro_aloft.runtime"],
        environment=kedro_environment(
            {
                "OMP_NUM_THREADS": "2",
                "STAGE": "{{ var.value.stage }}",
                "API_KEY": "{{ var.value.get('api_key') }}",
                "DB": "{{ conn.get('db').get_uri() }}",
            },
            nodes=["fit"],
            gives=["model"],
            takes=["train"],
        ),
        mounts=MOUNTS,
        mount_tmp_dir=False,
        auto_remove="never",
        labels={"app.kubernetes.io/managed-by": "kedro-aloft", "app.kubernetes.io/part-of": "shop"},
        docker_url="unix:///run/docker.sock",
        docker_conn_id="registry",
        network_mode="shop",
        user="1000:1000",
        force_pull=True,
        private_environment={"TOKEN": os.environ.get("WORKER_TOKEN", "")},
        mem_limit=17179869184,
        cpus=8.0,
        shm_size=1073741824,
        device_requests=[DeviceRequest(count=1, capabilities=[["gpu"]])],
        retries=0,
        execution_timeout=timedelta(hours=1),
        pool="gpu",
        doc_md=(
            "Kedro node `fit`: function `fit` in `src/shop/nodes.py`.\n"
            "\n"
            "Reads `train`. Writes `model`.\n"
        ),
    )

    with TaskGroup("report"):
        report_score = KeptContainerOperator(
            task_id="score",
            image="registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            command=["python", "-m", "kedro_aloft.runtime"],
            environment=kedro_environment(
                {
                    "OMP_NUM_THREADS": "2",
                    "STAGE": "{{ var.value.stage }}",
                    "API_KEY": "{{ var.value.get('api_key') }}",
                    "DB": "{{ conn.get('db').get_uri() }}",
                },
                nodes=["report.score"],
                takes=["model", "test"],
            ),
            mounts=MOUNTS,
            mount_tmp_dir=False,
            auto_remove="never",
            labels={
                "app.kubernetes.io/managed-by": "kedro-aloft",
                "app.kubernetes.io/part-of": "shop",
            },
            docker_url="unix:///run/docker.sock",
            docker_conn_id="registry",
            network_mode="shop",
            user="1000:1000",
            force_pull=True,
            private_environment={"TOKEN": os.environ.get("WORKER_TOKEN", "")},
            mem_limit=2147483648,
            shm_size=1073741824,
            execution_timeout=timedelta(hours=1),
            doc_md=(
                "Kedro node `report.score`: function `score` in `src/shop/nodes.py`.\n"
                "\n"
                "Reads `model`, `test`. Writes `scores`.\n"
            ),
        )

    clean_up_handoff = KeptContainerOperator(
        task_id="clean_up_handoff",
        image="registry.example.org/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        command=["python", "-m", "kedro_aloft.runtime", "clean"],
        environment={
            "OMP_NUM_THREADS": "2",
            "STAGE": "{{ var.value.stage }}",
            "API_KEY": "{{ var.value.get('api_key') }}",
            "DB": "{{ conn.get('db').get_uri() }}",
            "KEDRO_ALOFT_TASK": '{"handoff_uri": ".airflow/handoff", "keep": "on_failure", "ttl_s": 604800}',
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
        mounts=MOUNTS,
        mount_tmp_dir=False,
        auto_remove="never",
        labels={"app.kubernetes.io/managed-by": "kedro-aloft", "app.kubernetes.io/part-of": "shop"},
        docker_url="unix:///run/docker.sock",
        docker_conn_id="registry",
        network_mode="shop",
        user="1000:1000",
        force_pull=True,
        private_environment={"TOKEN": os.environ.get("WORKER_TOKEN", "")},
        mem_limit=2147483648,
        shm_size=1073741824,
        retries=0,
    ).as_teardown()

    wait_for_ingest_orders >> load
    load >> split
    split >> fit
    [split, fit] >> report_score
    [split, fit, report_score] >> clean_up_handoff
