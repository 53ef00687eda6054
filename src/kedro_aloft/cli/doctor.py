"""`kedro airflow doctor`: what is wrong with the environment, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kedro_aloft.cli.answers import show_answers
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.login import username_option

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.doctor import Answer


@click.command()
@click.option(
    "--on",
    default=None,
    metavar="TARGET",
    help="Ask the Airflow at this address, or of this target of airflow.yml, instead of this machine.",
)
@username_option
@click.option("--security", is_flag=True, help="Look at keys, passwords and who can reach the server, too.")
@click.option("--production", is_flag=True, help="As --security, and at what only a production Airflow needs.")
@click.option("--json", "as_json", is_flag=True, help="Print the answers as a JSON list.")
@command_errors
def doctor(on: str | None, username: str | None, security: bool, production: bool, as_json: bool) -> None:
    """Look at the environment: versions, speed, security, another Airflow. Exits 1 when something is bad.

    Every line says what was seen, what to do and why it matters. Needs no project; `python -m kedro_aloft doctor` works
    where Kedro is not installed.

    \b
    Examples:
      kedro airflow doctor
      kedro airflow doctor --production
      kedro airflow doctor --on=https://airflow.acme.com
    """
    from kedro_aloft.cli.options import refuse_together

    refuse_together({"--on": bool(on), "--production" if production else "--security": security or production})
    answers = _ask_there(on, username) if on else _ask_here(security=security or production, production=production)
    show_answers(answers, as_json=as_json)


def _ask_there(on: str, username: str | None) -> tuple[Answer, ...]:
    from kedro_aloft.cli.connecting import connect, opener
    from kedro_aloft.doctor import REMOTE, ask, gather_remote

    return ask(REMOTE, gather_remote(connect(on, username, opener({"env": None, "conf_source": None}))))


def _ask_here(*, security: bool, production: bool) -> tuple[Answer, ...]:
    from kedro_aloft.doctor import ALWAYS, PRODUCTION, SECURITY, ask, gather

    checks = [*ALWAYS, *(SECURITY if security else ()), *(PRODUCTION if production else ())]
    return ask(checks, gather(_project()))


def _project() -> Path | None:
    """The project around, if any: its consent to telemetry and its disk count."""
    from pathlib import Path

    from kedro_aloft.errors import ProjectError
    from kedro_aloft.migrate import find_old_project

    try:
        return find_old_project(Path.cwd())
    except ProjectError:
        return None
