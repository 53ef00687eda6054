"""The reference page of what becomes of old keys, made from the tables themselves.

`make docs` writes docs/reference/old-keys.md; a test fails when it is stale.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.migrate.table import DEFAULTS, TABLES
from kedro_aloft.migrate.values import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.migrate.rows import Row

REFERENCE_FILE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "old-keys.md"

_INTRO = """\
<!-- Made by `make docs` from src/kedro_aloft/migrate: do not edit. -->

# What becomes of the keys of other plugins

[`kedro airflow migrate`](../how-to/migrate.md) follows these tables. *kept*: the same key; *mapped*: another key or
spelling; *obsolete*: not needed; *by hand*: only you can tell.
"""

_TITLES = {
    Kind.KEDRO_AIRFLOW: "kedro-airflow 0.11: `airflow.yml`",
    Kind.K8S: "kedro-airflow-k8s 0.8: `airflow-k8s.yaml`",
    Kind.COMPOSER: "The Composer/GKE example: `airflow.yml`, besides the keys of kedro-airflow",
}


def render_reference() -> str:
    """Return the page; it ends with a newline."""
    return "\n".join([_INTRO, *(line for kind in Kind for line in _table(kind))])


def _table(kind: Kind) -> Iterator[str]:
    shared = TABLES[Kind.KEDRO_AIRFLOW] if kind is Kind.COMPOSER else {}
    yield from (f"## {_TITLES[kind]}", "", "| Old key | What becomes of it | New | |", "|---|---|---|---|")
    yield from (_line(row) for key, row in TABLES[kind].items() if key not in shared)
    yield ""
    if kind in DEFAULTS:
        yield from ("Defaults that differ:", "", "| Key | Was | Is | Why |", "|---|---|---|---|")
        yield from (f"| `{one.key}` | {one.old} | {one.new} | {one.why} |" for one in DEFAULTS[kind])
        yield ""


def _line(row: Row) -> str:
    return f"| `{row.key}` | {row.fate} | {row.new or '–'} | {row.why} |"
