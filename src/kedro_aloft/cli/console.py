"""How commands talk: results on stdout, everything else on stderr, errors without traceback."""

from __future__ import annotations

import functools
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from kedro_aloft.errors import AloftError
    from kedro_aloft.rules import Finding

F = TypeVar("F", bound="Callable[..., Any]")

_WIDE = 200
EXIT_FINDINGS = 1
EXIT_INTERRUPTED = 130

_CHATTY = ("py.warnings", "kedro.validation")
"""Loggers whose warnings are about Kedro's own code, or repeat what `kedro run` says in a better place."""

_QUIET_CONFIG = "kedro_aloft/cli/quiet_logging.yml"
"""Logging that `kedro_aloft.pth` gives Kedro before our first line runs; see there."""


def command_errors(function: F) -> F:
    """Turn errors of a command into one clear message and the exit code; add `--debug`, which shows the traceback."""

    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @functools.wraps(function)
    def wrapped(*args: Any, debug: bool, **kwargs: Any) -> Any:
        from kedro_aloft.errors import AloftError

        calm_logging(debug=debug)
        try:
            return function(*args, **kwargs)
        except AloftError as error:
            _fail(error, debug=debug)
        except KeyboardInterrupt:
            stderr().print("Interrupted.")
            sys.exit(EXIT_INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            if debug:
                raise
            marked("✗", "bold red", f"Unexpected {type(error).__name__}: {error}")
            stderr().print("  to do: repeat the command with --debug and report what it shows")
            sys.exit(EXIT_FINDINGS)

    return wrapped  # type: ignore[return-value]


def _fail(error: AloftError, *, debug: bool) -> NoReturn:
    if debug:
        logging.getLogger(__name__).error("%s", error.what, exc_info=error)
    print_error(error)
    sys.exit(error.exit_code)


def print_error(error: AloftError) -> None:
    """Print an error, one line per part."""
    head, *rest = str(error).splitlines()
    marked("✗", "bold red", head)
    for line in rest:
        stderr().print(line)


def calm_logging(*, debug: bool) -> None:
    """Send what Kedro and its plugins log to stderr, warnings and worse only: stdout belongs to results."""
    if os.environ.get("KEDRO_LOGGING_CONFIG", "").endswith(_QUIET_CONFIG):
        del os.environ["KEDRO_LOGGING_CONFIG"]  # it was for this process; tasks and Airflow have their own
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    logging.getLogger("kedro").setLevel(logging.INFO if debug else logging.WARNING)
    if not debug:
        warnings.simplefilter("ignore")  # of Kedro and its plugins; ours are notices and findings
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)


@functools.cache
def stderr() -> Console:
    """The console for people: progress, findings, errors. Texts are printed as they are: names may look like markup."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True, markup=False, highlight=False, emoji=False)


@functools.cache
def stdout() -> Console:
    """The console for results."""
    from rich.console import Console

    console = Console(soft_wrap=True, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDE  # a pipe has no width: names stay whole
    return console


def table(*columns: str) -> Table:
    """Return an empty table in the style of all our tables; names that do not fit continue on the next line."""
    from rich.table import Column, Table

    return Table(*(Column(name, overflow="fold") for name in columns), box=None, pad_edge=False, header_style="bold")


def texts(*cells: str) -> tuple[Text, ...]:
    """Return table cells that are shown as they are: names may look like markup."""
    from rich.text import Text

    return tuple(Text(cell) for cell in cells)


def count(number: int, noun: str) -> str:
    """Return the number with its noun: `1 task`, `2 tasks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def marked(mark: str, style: str, text: str) -> None:
    """Print a line that starts with a coloured mark."""
    from rich.text import Text

    stderr().print(Text.assemble((mark, style), " ", text))


def ok(text: str) -> None:
    """Print a line about something that went well."""
    marked("✓", "green", text)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings, one block each."""
    marks = {"error": ("✗", "bold red"), "warning": ("!", "yellow"), "info": ("i", "blue")}
    for finding in findings:
        marked(*marks[finding.severity.value], f"[{finding.code}] {finding.message}")
        for label, text in (("at", finding.place), ("where", finding.where), ("to do", finding.remedy)):
            if text:
                stderr().print(f"    {label}: {text}")
