"""`kedro airflow check`: findings, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import EXIT_FINDINGS, command_errors
from kedro_aloft.cli.options import order_from, pipeline_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kedro_aloft.compiler import CompiledDag, Order
    from kedro_aloft.rules import Finding

TARGETS = ("one-machine", "several-machines", "containers")


@click.command()
@click.option("--all", "every_pipeline", is_flag=True, help="All registered pipelines.")
@click.option(
    "--target", default=None, type=click.Choice(TARGETS), help="Where tasks will run, as far as files are concerned."
)
@click.option("--select", default="", metavar="CODES", help="Only these rules: codes, names, or letters of families.")
@click.option("--ignore", default="", metavar="CODES", help="Not these rules.")
@click.option(
    "-t", "--target-dir", default="airflow_dags/", show_default=True, metavar="DIR", help="Folder of the DAG files."
)
@click.option("--fix", is_flag=True, help="Repair what needs no decision, after showing it.")
@click.option("--yes", is_flag=True, help="Repair without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Print the findings as SARIF, for code scanning.")
@pipeline_options
@command_errors
def check(  # noqa: PLR0917  click passes options by name
    every_pipeline: bool,
    target: str | None,
    select: str,
    ignore: str,
    target_dir: str,
    fix: bool,
    yes: bool,
    as_json: bool,
    as_sarif: bool,
    **options: Any,
) -> None:
    """Look for what would go wrong on Airflow. Exits 1 when a finding is an error.

    \b
    Examples:
      kedro airflow check --env=prod --target=several-machines
      kedro airflow check --fix
      kedro airflow check --all --sarif > findings.sarif
    """
    from dataclasses import replace

    from kedro_aloft.cli.findings import compile_ordered, refuse_errors, rule_names
    from kedro_aloft.cli.options import refuse_together
    from kedro_aloft.errors import AloftError
    from kedro_aloft.project import open_project
    from kedro_aloft.rules import Severity

    refuse_together({"--fix": fix, "--json": as_json, "--sarif": as_sarif})
    order: Order = replace(
        order_from(options, command="check", every_pipeline=every_pipeline, for_here=True),
        least=Severity.INFO,
        select=rule_names("--select", select),
        ignore=rule_names("--ignore", ignore),
        target=target,
        dags_folder=target_dir.rstrip("/"),
    )
    try:
        project = open_project(env=options["env"], conf_source=options["conf_source"])
        compiled = compile_ordered(project, order)
    except AloftError as error:
        if error.exit_code == EXIT_FINDINGS:
            from kedro_aloft.cli.findings import as_finding

            _print_for_programs((as_finding(error),), as_json=as_json, as_sarif=as_sarif)
        raise
    findings = tuple(dict.fromkeys(finding for dag in compiled for finding in dag.findings))
    if not _print_for_programs(findings, as_json=as_json, as_sarif=as_sarif):
        _print(compiled)
    if fix:
        from kedro_aloft.cli.fixing import fix_findings

        compiled = _without(compiled, fix_findings(project, compiled, yes=yes))
    refuse_errors(compiled)


def _print_for_programs(findings: Iterable[Finding], *, as_json: bool, as_sarif: bool) -> bool:
    """Print the findings in the form that was asked for; return whether one was."""
    if as_json:
        click.echo(json.dumps([finding.to_dict() for finding in findings], indent=2))
    elif as_sarif:
        from kedro_aloft.cli.sarif import as_sarif_log

        click.echo(json.dumps(as_sarif_log(findings), indent=2))
    return as_json or as_sarif


def _without(compiled: tuple[CompiledDag, ...], fixed: frozenset[Finding]) -> tuple[CompiledDag, ...]:
    from dataclasses import replace

    return tuple(replace(dag, findings=tuple(one for one in dag.findings if one not in fixed)) for dag in compiled)


def _print(compiled: tuple[CompiledDag, ...]) -> None:
    """Print every finding once: pipelines share files, so they share findings."""
    from kedro_aloft.cli.console import count, ok, print_findings
    from kedro_aloft.cli.findings import print_notices

    shown: set[Any] = set()
    for dag in compiled:
        print_notices(dag.notices)
        print_findings(finding for finding in dag.findings if finding not in shown)
        shown.update(dag.findings)
        quiet = f", {count(len(dag.silenced), 'finding')} silenced" if dag.silenced else ""
        nodes = count(len(dag.snapshot.nodes), "node")
        ok(f"checked {nodes} of '{dag.plan.pipeline}', {count(len(dag.findings), 'finding')}{quiet}")
