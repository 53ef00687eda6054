"""`kedro airflow deploy`: check, release, publish, wait until it is live, start if asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import order_from, pipeline_options, runtime_params_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kedro_aloft.cli.outcome import Outcome
    from kedro_aloft.client import AirflowApi
    from kedro_aloft.compiler import CompiledDag, Order
    from kedro_aloft.deploy.steps import Step
    from kedro_aloft.deploy.target import Target
    from kedro_aloft.project import Project


@click.command()
@click.argument("target", metavar="TARGET")
@click.option("--all", "every_pipeline", is_flag=True, help="All registered pipelines; others are taken away.")
@click.option("--on", "url", default=None, metavar="URL", help="Airflow that reads TARGET, if airflow.yml names none.")
@click.option("--dry-run", is_flag=True, help="Print the steps and do none of them.")
@click.option("--test", "tested", is_flag=True, help="First `kedro airflow test`; deploy only when all is equal.")
@click.option("--force", is_flag=True, help="Replace DAG files of others, and what is newer than your checkout.")
@click.option("--with-data", is_flag=True, help="Take along the project's files that pipelines read and do not make.")
@click.option("--unpause", is_flag=True, help="Unpause the DAGs when they are live.")
@click.option("--trigger", is_flag=True, help="Start a run of each when it is live; unpauses it.")
@click.option("--wait", is_flag=True, help="With --trigger: follow the runs and exit with their state.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object on stdout.")
@runtime_params_option
@pipeline_options
@command_errors
def deploy(
    *,
    target: str,
    url: str | None,
    every_pipeline: bool,
    dry_run: bool,
    tested: bool,
    force: bool,
    with_data: bool,
    unpause: bool,
    trigger: bool,
    wait: bool,
    as_json: bool,
    params: str,
    **options: Any,
) -> None:
    """Bring the project to an Airflow: code, configuration and DAG files as one release.

    TARGET is a name in the section `targets:` of airflow.yml, `local` for the project's own Airflow, or a DAG folder: a
    path or an address such as s3://bucket/dags. The release is uploaded completely before the DAG files change; runs
    that are going on end with the release with which they began.

    \b
    Examples:
      kedro airflow deploy local --trigger --wait
      kedro airflow deploy /shared/dags --on=https://airflow.acme.com --with-data --trigger --wait
      kedro airflow deploy s3://shop-airflow/dags --env=prod --all --dry-run
    """
    from dataclasses import replace

    from kedro_aloft.cli.console import ok, print_findings
    from kedro_aloft.cli.delivering import apply_plan, echo_json, open_target, print_notes, show_plan
    from kedro_aloft.cli.findings import compile_ordered, print_notices, refuse_errors
    from kedro_aloft.compat import split_runtime_params
    from kedro_aloft.deploy.publish import plan_deploy
    from kedro_aloft.deploy.steps import in_order
    from kedro_aloft.errors import UsageError

    if (wait or params) and not trigger:
        raise UsageError("--wait and --params belong to --trigger.", remedy="add --trigger")
    project, place = open_target(target, options, url=url)
    order = order_from(options, command="deploy", every_pipeline=every_pipeline)
    order = replace(order, overrides={**place.overrides(), **order.overrides})
    compiled = compile_ordered(project, order)
    for dag in compiled:
        print_notices(dag.notices)
        print_findings(dag.findings)
    refuse_errors(compiled)
    plan = plan_deploy(place, project, compiled, force=force, replaces_all=every_pipeline, with_data=with_data)
    runs: dict[str, str] = {}
    starts = _starts(place, compiled, unpause=unpause, trigger=trigger, params=split_runtime_params(params), runs=runs)
    plan = replace(plan, steps=in_order([*plan.steps, *starts]))
    print_notes(plan)
    if dry_run:
        show_plan(plan)
        if as_json:
            echo_json({"release": plan.release, "steps": [{"step": one.name, "what": one.what} for one in plan.steps]})
        return
    if tested:
        _test(project, order)
    done = apply_plan(plan)
    if plan.release:
        ok(f"release {plan.release} is deployed to {target}")
    outcomes = _follow(place, compiled, runs, quiet=as_json) if wait else []
    if as_json:
        echo_json(
            {
                "target": target,
                "release": plan.release,
                "deployment": plan.serial,
                "dags": [
                    {"file": file, "dag_id": dag_id, "fingerprint": fingerprint}
                    for file, (dag_id, fingerprint) in plan.files.items()
                ],
                "steps": done,
                "triggered": runs,
                "runs": [one.to_dict() for one in outcomes],
            }
        )
    if any(one.state != "success" for one in outcomes):
        sys.exit(1)


def _starts(
    target: Target,
    compiled: Sequence[CompiledDag],
    *,
    unpause: bool,
    trigger: bool,
    params: Mapping[str, Any],
    runs: dict[str, str],
) -> Iterator[Step]:
    """Yield the steps that start what is live; `runs` gets the id of each run by DAG id."""
    from kedro_aloft.contract.keys import CONF_KEY
    from kedro_aloft.deploy.steps import Phase, Step
    from kedro_aloft.errors import UsageError

    is_known = _names_airflow(target)  # asked before the first step: a login that lacks something stops all
    if not (unpause or trigger):
        return
    if not is_known:
        raise UsageError(
            "Nobody said which Airflow reads this target.",
            where=f"target '{target.name}'",
            remedy="give its address, `--on=https://…`, or write `airflow: {url: …}` into the target in airflow.yml",
        )
    for dag in compiled:

        def wake(dag_id: str = dag.dag_id) -> None:
            _api(target).set_paused(dag_id, paused=False)

        def start(dag_id: str = dag.dag_id) -> str:
            runs[dag_id] = _api(target).trigger(dag_id, conf={CONF_KEY: dict(params)} if params else {}).run_id
            return runs[dag_id]

        yield Step(phase=Phase.START, name=f"unpause {dag.dag_id}", what=f"unpause '{dag.dag_id}'", apply=wake)
        if trigger:
            yield Step(phase=Phase.START, name=f"trigger {dag.dag_id}", what=f"trigger '{dag.dag_id}'", apply=start)


def _names_airflow(target: Target) -> bool:
    """Whether an Airflow is known; the embedded one is started by the target's own steps."""
    from kedro_aloft.errors import EmbeddedError

    try:
        return target.api() is not None
    except EmbeddedError:
        return True


def _api(target: Target) -> AirflowApi:
    api = target.api()
    assert api is not None, "it was asked for before the first step"
    return api


def _test(project: Project, order: Order) -> None:
    """Compare with `kedro run` in copies of the project, as `kedro airflow test` does."""
    from dataclasses import replace

    from kedro_aloft.cli.console import ok
    from kedro_aloft.errors import DeployError
    from kedro_aloft.testing.trial import EQUAL, Trial

    reports = Trial(project=project, order=replace(order, for_here=True, execution="process"), tell=ok).run()
    different = [one.pipeline for one in reports if one.state != EQUAL]
    if different:
        raise DeployError(
            "The test failed; nothing was deployed.",
            where=f"pipelines {', '.join(different)}",
            remedy="`kedro airflow test` shows what differs",
        )


def _follow(target: Target, compiled: Sequence[CompiledDag], runs: Mapping[str, str], *, quiet: bool) -> list[Outcome]:
    """Follow the runs to their ends; what is triggered goes on when this command is interrupted."""
    from kedro_aloft.cli.following import follow_nodes
    from kedro_aloft.cli.outcome import print_outcome
    from kedro_aloft.render.read import mirrors_of, read_tasks

    outcomes = []
    for dag in compiled:
        nodes = {task.id: task.nodes for task in dag.plan.tasks}
        mirrors = mirrors_of(read_tasks(dag.rendered.source))
        outcomes.append(follow_nodes(_api(target), dag.dag_id, runs[dag.dag_id], nodes, mirrors=mirrors))
        if not quiet:
            print_outcome(outcomes[-1])
    return outcomes
