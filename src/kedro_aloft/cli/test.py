"""`kedro airflow test`: `kedro run` and the DAG on a throw-away Airflow, and whether they leave the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import order_from, pipeline_options, runtime_params_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kedro_aloft.testing.trial import TrialReport, Verdict


@click.command()
@click.option("--twice", is_flag=True, help="Run the DAG again as the same run: a retry must change nothing.")
@click.option(
    "--data",
    default=None,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of small data whose files go over data/ of the copies.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the reports as a JSON list on stdout.")
@runtime_params_option
@pipeline_options
@command_errors
def test(twice: bool, data: Path | None, as_json: bool, params: str, **options: Any) -> None:
    """Run a pipeline with `kedro run` and on a throw-away Airflow; compare every persisted output by content.

    Works in private copies of the project: its data, its .airflow and every other Airflow stay as they are. Exits 0
    when all outputs are equal, 1 when one differs or a run fails.

    \b
    Examples:
      kedro airflow test
      kedro airflow test --twice --data=tests/data --pipelines=data_science
    """
    from dataclasses import replace

    from kedro_aloft.cli.console import ok, print_findings
    from kedro_aloft.cli.findings import compile_ordered, print_notices
    from kedro_aloft.cli.history_store import with_knowledge
    from kedro_aloft.compat import split_runtime_params
    from kedro_aloft.project import open_project
    from kedro_aloft.testing.trial import EQUAL, Trial

    project = open_project(
        env=options["env"], conf_source=options["conf_source"], runtime_params=split_runtime_params(params)
    )
    order = replace(order_from(options, command="test", for_here=True), execution="process")
    for dag in compile_ordered(project, order):
        print_notices(dag.notices)
        print_findings(dag.findings)  # errors stop nothing here: what they come to is what a trial shows
    order = with_knowledge(order, project.path, here=True)
    trial = Trial(project=project, order=order, data=data and data.resolve(), twice=twice, tell=ok)
    reports = trial.run()
    if as_json:
        click.echo(json.dumps([report.to_dict() for report in reports], ensure_ascii=False))
    else:
        _print_datasets(reports)
    for report in reports:
        _print_end(report)
    if any(report.state != EQUAL for report in reports):
        sys.exit(1)


def _print_datasets(reports: Sequence[TrialReport]) -> None:
    """Print one line per persisted output; what differs has its place and both values."""
    from kedro_aloft.cli.console import show, table

    verdicts = [one for report in reports for one in report.datasets]
    differing = any(not one.equal for one in verdicts)
    found = table("dataset", "node", "verdict", *(("where", "kedro run", "Airflow") if differing else ()))
    for one in verdicts:
        cells = (one.dataset, one.node, one.verdict, one.where, one.kedro, one.airflow)
        found.add_row(*cells[: len(found.columns)])
    if verdicts:
        show(found)


def _print_end(report: TrialReport) -> None:
    """Say how one pipeline fared, and why."""
    from kedro_aloft.cli.console import count, marked, ok, tell

    name = f"'{report.pipeline}'"
    if report.state == "failed":
        _print_failure(report)
    elif not report.datasets:
        marked("!", "yellow", f"{name} persists nothing, so there was nothing to compare")
    elif report.state == "equal":
        ok(f"{name} leaves on Airflow what `kedro run` leaves: {count(len(report.datasets), 'dataset')}")
    else:
        different = [one for one in report.datasets if not one.equal]
        marked("✗", "bold red", f"{name}: {count(len(different), 'dataset')} of {len(report.datasets)} differ")
        for one in different:
            tell(f"    {_explained(one)}")


def _explained(verdict: Verdict) -> str:
    return f"{verdict.dataset}: {verdict.verdict}; {verdict.reason}"


def _print_failure(report: TrialReport) -> None:
    from kedro_aloft.cli.console import marked, tell

    if report.airflow.state != "success":
        marked("✗", "bold red", f"the DAG '{report.dag_id}' failed")
        for task, said in report.airflow.failures.items():
            tell(f"    task {task}: {said}")
    if report.kedro.state == "success":
        again = "it did well the first time: a retry or a cleared task would fail, too"
        once = "`kedro run` succeeds with the same data: look at what crosses between tasks"
        tell(f"  {again if report.runs > 1 else once}")
        return
    both = " as well: this is not Airflow's doing" if report.airflow.state != "success" else ""
    marked("✗", "bold red", f"`kedro run` fails{both}")
    for line in report.kedro.said.splitlines():
        tell(f"    {line}")
