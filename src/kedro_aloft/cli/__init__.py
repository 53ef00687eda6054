"""The command line: `kedro airflow …`. One module per command, loaded when it is called; click only at module top."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "backfill": "Run a DAG for dates in the past.",
    "check": "Look for what would go wrong on Airflow.",
    "clear": "Run tasks of a run again, named in Kedro's words.",
    "create": "Write Airflow DAG files for the pipelines.",
    "deploy": "Bring the project to an Airflow, as one release.",
    "destroy": "Take away what was deployed.",
    "diagnose": "Say why tasks of a run failed or wait.",
    "diff": "Show what `create` would change.",
    "doctor": "Look at the environment: versions, speed, security.",
    "down": "Stop the embedded Airflow.",
    "image": "Make the image in which containers run the nodes.",
    "init": "Write a commented airflow.yml.",
    "learn": "Learn from an Airflow how long nodes take.",
    "list": "List the DAGs that kedro-aloft made.",
    "logs": "Print logs of a run's tasks.",
    "migrate": "Write airflow.yml from an old plugin's configuration.",
    "pause": "Let a DAG start no runs.",
    "plan": "Show the tasks and what crosses their borders.",
    "preflight": "Ask cluster, engine and environments whether tasks can start.",
    "releases": "List what was deployed to a target.",
    "rollback": "Put an earlier release back.",
    "rules": "List what `check` looks for.",
    "run": "Run a pipeline on the embedded Airflow.",
    "run-once": "Publish the project and run it now, without schedule and sensors.",
    "schedule": "Deploy with another schedule.",
    "spark": "Package the project for Spark clusters.",
    "status": "Tell whether an Airflow is up, by default the embedded one.",
    "test": "Compare a run on Airflow with `kedro run`.",
    "trigger": "Start a run on any Airflow.",
    "ui": "Open a DAG's page in Airflow.",
    "unpause": "Let a DAG start runs.",
    "up": "Start the embedded Airflow and keep it running.",
    "watch": "Follow a run on any Airflow.",
}
_MODULES = {"list": "list_dags"}  # a module may not be called like a built-in function


class LazyCommands(click.Group):
    """A group whose commands are imported when they are called: `kedro --help` costs nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names of all commands, sorted."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        if cmd_name not in _COMMANDS:
            return None
        name = _MODULES.get(cmd_name, cmd_name.replace("-", "_"))
        command: click.Command = getattr(importlib.import_module(f"kedro_aloft.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands with their summaries, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the closest command when one does not exist."""
        from kedro_aloft.errors import close_match

        if args and args[0] not in _COMMANDS:
            ctx.fail(f"No such command '{args[0]}'. {close_match(args[0], _COMMANDS)}".rstrip())
        return super().resolve_command(ctx, args)


@click.group(name="kedro-aloft")
def commands() -> None:
    """Commands that kedro-aloft adds to Kedro."""


@commands.group(name="airflow", cls=LazyCommands)
@click.version_option(package_name="kedro-aloft", prog_name="kedro-aloft")
def airflow() -> None:
    """Run Kedro pipelines on Apache Airflow.

    \b
    Two commands to start with, in a Kedro project:
      kedro airflow run       run the project on an Airflow of its own
      kedro airflow create    write the DAG file for your company's Airflow
    """
