"""`kedro airflow rules`: what `check` asks."""

from __future__ import annotations

import json

import click

from kedro_aloft.cli.console import command_errors


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rules as a JSON list.")
@command_errors
def rules(as_json: bool) -> None:
    """List the rules of `check`.

    \b
    Example:
      kedro airflow rules --json
    """
    from kedro_aloft.cli.console import show, table
    from kedro_aloft.rules import RULES

    if as_json:
        click.echo(json.dumps([rule.to_dict() for rule in RULES], indent=2, ensure_ascii=False))
        return
    rows = table("code", "severity", "family", "what it looks for")
    for rule in RULES:
        rows.add_row(rule.code, rule.severity.value, rule.family, rule.summary)
    show(rows)
