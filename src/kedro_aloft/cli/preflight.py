"""`kedro airflow preflight`: can the tasks start where they are to run?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.answers import show_answers
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import order_from, pipeline_options

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.cli.wanted import Demanded
    from kedro_aloft.doctor import Answer


@click.command()
@click.option("--all", "every_pipeline", is_flag=True, help="All registered pipelines.")
@click.option("--json", "as_json", is_flag=True, help="Print the answers as a JSON list.")
@pipeline_options
@command_errors
def preflight(every_pipeline: bool, as_json: bool, **options: Any) -> None:
    """Ask cluster, engine and environments whether tasks can start. Exits 1 when something is bad.

    Looks at what the tasks of the pipelines demand, and only looks: nothing is made, pulled or started but the
    interpreter of a venv. What the login may not read is unknown.

    \b
    Examples:
      kedro airflow preflight --env=prod
      kedro airflow preflight --set=execution=docker --json
    """
    from kedro_aloft.cli.console import ok
    from kedro_aloft.cli.findings import compile_ordered, print_notices
    from kedro_aloft.cli.wanted import demanded
    from kedro_aloft.project import open_project

    project = open_project(env=options["env"], conf_source=options["conf_source"])
    compiled = compile_ordered(project, order_from(options, command="preflight", every_pipeline=every_pipeline))
    for dag in compiled:
        print_notices(dag.notices)
    tasks = demanded(compiled)
    answers = _look(tasks, project.path)
    if not answers:
        modes = ", ".join(sorted({demands.execution for _, _, demands in tasks}))
        ok(f"no task runs in a venv, a container of this engine or a pod (execution: {modes}): nothing to ask")
    show_answers(answers, as_json=as_json)


def _look(tasks: list[Demanded], project: Path) -> list[Answer]:
    from kedro_aloft.cli.wanted import clusters_wanted, engines_wanted, places_unasked, pythons_wanted
    from kedro_aloft.preflight import leave_unasked, look_at_cluster, look_at_engine, look_at_python

    return [
        *(answer for one in pythons_wanted(tasks, project) for answer in look_at_python(one)),
        *(answer for one in engines_wanted(tasks, project) for answer in look_at_engine(one)),
        *(answer for one in clusters_wanted(tasks) for answer in look_at_cluster(one)),
        *(leave_unasked(one) for one in places_unasked(tasks)),
    ]
