"""`kedro airflow migrate`: the airflow.yml of an old plugin's project, and a report on all of it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from kedro_aloft.cli.console import command_errors

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.migrate import Migration


@click.command()
@click.argument("project", default=".", type=click.Path(exists=True, file_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change and write nothing.")
@click.option("--force", is_flag=True, help="Replace existing files without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON; asks nothing.")
@click.option(
    "--conf-source", default=None, metavar="PATH", help="Configuration directory, instead of the project's own."
)
@command_errors
def migrate(project: str, dry_run: bool, force: bool, as_json: bool, conf_source: str | None) -> None:
    """Write airflow.yml from the configuration of kedro-airflow, kedro-airflow-k8s or the Composer/GKE example.

    Reads files and imports nothing, so that the project of any Kedro can be read. What is replaced stays beside the new
    file as <name>.old.

    \b
    Examples:
      kedro airflow migrate --dry-run
      python -m kedro_aloft migrate path/to/old/project
    """
    from pathlib import Path

    from kedro_aloft.migrate import find_old_project, plan_migration, read_old_project

    path = find_old_project(Path(project))
    migration = plan_migration(read_old_project(path, conf_source=conf_source))
    if not as_json:
        _print_report(migration)
        _print_differences(path, migration)
    written = not dry_run and _may_write(path, migration, force=force, asks=not as_json)
    if written:
        _write(path, migration)
    if as_json:
        click.echo(json.dumps(_to_dict(migration, written=written), indent=2))
    else:
        _print_end(migration, written=written)


def _print_report(migration: Migration) -> None:
    from kedro_aloft.cli.console import say, show, table
    from kedro_aloft.migrate import Fate

    for fate in Fate:
        lines = [line for line in migration.lines if line.fate is fate]
        if lines:
            found = table(f"{fate} ({len(lines)})", "now", "then", "why")
            for line in lines:
                found.add_row(line.where, line.old, line.new, line.why)
            show(found)
            say()


def _print_differences(path: Path, migration: Migration) -> None:
    from kedro_aloft.cli.differences import print_lines

    for name, text in migration.files.items():
        file = path / name
        print_lines(file.read_text(encoding="utf-8") if file.is_file() else "", text, name)


def _may_write(path: Path, migration: Migration, *, force: bool, asks: bool) -> bool:
    """Whether the files may be written; what exists is replaced when somebody says so."""
    from kedro_aloft.errors import UsageError

    old = [*(name for name in migration.files if (path / name).exists()), *migration.retired]
    if not migration.files or not old or force:
        return bool(migration.files or migration.retired)
    if asks and sys.stdin.isatty():
        return click.confirm(f"Replace {', '.join(old)}? What is there now stays as <name>.old.", err=True)
    raise UsageError(
        "Existing files would be replaced.",
        where=", ".join(old),
        remedy="look at them with `kedro airflow migrate --dry-run`, then give --force",
    )


def _write(path: Path, migration: Migration) -> None:
    """Keep what is replaced, then write, then retire: an interruption leaves every text in one file at least."""
    from kedro_aloft.render import write_file

    for name in [*migration.files, *migration.retired]:
        file = path / name
        if file.exists():
            write_file(_kept_name(file), file.read_text(encoding="utf-8"))
    for name, text in migration.files.items():
        write_file(path / name, text)
    for name in migration.retired:
        (path / name).unlink()


def _kept_name(file: Path) -> Path:
    """`<name>.old`, which Kedro does not read; an older one is not overwritten."""
    candidates = [file.with_name(f"{file.name}.old{number}") for number in ("", *range(2, 100))]
    return next(one for one in candidates if not one.exists())


def _print_end(migration: Migration, *, written: bool) -> None:
    from kedro_aloft.cli.console import count, marked, ok
    from kedro_aloft.migrate import Fate

    if not migration.lines:
        ok("nothing of an old plugin is here")
    elif not migration.files:
        ok("airflow.yml needs no change")
    else:
        mark = ok if written else lambda text: marked("·", "dim", text)
        mark(f"{'wrote' if written else 'would write'} {', '.join(migration.files)}")
    hands = sum(line.fate is Fate.BY_HAND for line in migration.lines)
    if hands:
        marked("!", "yellow", f"{count(hands, 'line')} above {'needs' if hands == 1 else 'need'} a hand")


def _to_dict(migration: Migration, *, written: bool) -> dict[str, object]:
    return {
        "written": written,
        "files": dict(migration.files),
        "retired": list(migration.retired),
        "lines": [line.to_dict() for line in migration.lines],
    }
