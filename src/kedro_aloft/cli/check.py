"""`kedro airflow check`: findings, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import order_from, pipeline_options


@click.command()
@click.option("--all", "every_pipeline", is_flag=True, help="All registered pipelines.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
@pipeline_options
@command_errors
def check(every_pipeline: bool, as_json: bool, **options: Any) -> None:
    """Look for what would go wrong on Airflow. Exits 1 when a finding is an error.

    \b
    Example:
      kedro airflow check --env=prod
    """
    from kedro_aloft.cli.console import count, ok, print_findings
    from kedro_aloft.cli.findings import compile_ordered, print_notices, refuse_errors
    from kedro_aloft.project import open_project

    project = open_project(env=options["env"], conf_source=options["conf_source"])
    compiled = compile_ordered(
        project, order_from(options, command="check", every_pipeline=every_pipeline, for_here=True)
    )
    if as_json:
        click.echo(json.dumps([finding.to_dict() for dag in compiled for finding in dag.findings], indent=2))
    else:
        for dag in compiled:
            print_notices(dag.notices)
            print_findings(dag.findings)
            nodes = count(len(dag.snapshot.nodes), "node")
            ok(f"checked {nodes} of '{dag.plan.pipeline}', {count(len(dag.findings), 'finding')}")
    refuse_errors(compiled)
