"""DAG files: ours, kedro-airflow's, and what a person would write by hand."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands import BenchError, Usage, measure
from bench.environments import kedro_airflow

if TYPE_CHECKING:
    from collections.abc import Sequence

_BARE = '''\
"""Airflow alone: the same tasks and edges, and nothing in the tasks."""

from datetime import datetime

from airflow.sdk import dag, task


@task
def empty():
    pass


@dag(dag_id="{dag_id}", schedule=None, start_date=datetime(2023, 1, 1))
def bare():
    tasks = [empty.override(task_id=f"n{{i}}")() for i in range({count})]
    for child, parents in enumerate({parents}):
        for parent in parents:
            tasks[parent] >> tasks[child]


bare()
'''

_BY_HAND = '''\
"""Stock operators, written by hand: one command per node."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(dag_id="{dag_id}", schedule=None, start_date=datetime(2023, 1, 1)):
{tasks}

{edges}
'''

_ONE_TASK = '''\
"""What people write when they give up on tasks per node: the whole pipeline in one."""

from datetime import datetime
from pathlib import Path

from airflow.sdk import dag, task


@task
def kedro_run():
    from kedro.framework.project import configure_project
    from kedro.framework.session import KedroSession

    configure_project("{package}")
    with KedroSession.create(project_path=Path.cwd()) as session:
        session.run()


@dag(dag_id="{dag_id}", schedule=None, start_date=datetime(2023, 1, 1))
def one_task():
    kedro_run()


one_task()
'''


def bare(dag_id: str, parents: Sequence[Sequence[int]]) -> str:
    """Return a DAG of empty tasks."""
    return _BARE.format(dag_id=dag_id, count=len(parents), parents=[list(one) for one in parents])


def by_hand(dag_id: str, parents: Sequence[Sequence[int]]) -> str:
    """Return a DAG of stock operators."""
    tasks = [
        f'    n{i} = BashOperator(task_id="n{i}", bash_command="kedro run --nodes=n{i}")' for i in range(len(parents))
    ]
    edges = [f"    n{parent} >> n{child}" for child, ones in enumerate(parents) for parent in ones]
    return _BY_HAND.format(dag_id=dag_id, tasks="\n".join(tasks), edges="\n".join(edges))


def one_task(dag_id: str, package: str) -> str:
    """Return a DAG with one task that runs everything."""
    return _ONE_TASK.format(dag_id=dag_id, package=package)


def create_ours(project: Path, target: Path, *options: str) -> Usage:
    """Write our DAG file with `kedro airflow create`."""
    kedro = Path(sys.executable).with_name("kedro")
    return measure([kedro, "airflow", "create", "-t", target, *options], cwd=project, env=source_path(project))


def create_theirs(project: Path, target: Path, *options: str) -> Usage:
    """Write kedro-airflow's DAG file with its `kedro airflow create`."""
    command = [kedro_airflow() / "kedro", "airflow", "create", "-t", target, *options]
    return measure(command, cwd=project, env=source_path(project))


def theirs(project: Path, scratch: Path, dag_id: str, *options: str) -> str:
    """Return kedro-airflow's DAG file under another id; it has no option for that."""
    create_theirs(project, scratch, *options)
    (file,) = scratch.glob("*.py")
    text, count = re.subn(r'dag_id="[^"]*"', f'dag_id="{dag_id}"', file.read_text(encoding="utf-8"))
    if count != 1:
        raise BenchError(f"kedro-airflow's file has {count} times `dag_id`")
    file.unlink()
    # "@once" starts a second run as soon as Airflow sees the file, and the two would share all they have.
    return text.replace('schedule="@once"', "schedule=None")


def source_path(project: Path) -> dict[str, str]:
    """Return the environment in which the project's package can be imported."""
    return {"PYTHONPATH": str(project / "src")}
