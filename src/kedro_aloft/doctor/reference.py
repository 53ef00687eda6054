"""The reference page of the checks, made from the checks themselves.

`make docs` writes docs/reference/doctor.md; a test fails when it is stale.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.doctor import ALWAYS, PRODUCTION, REMOTE, SECURITY
from kedro_aloft.doctor.check import Family

if TYPE_CHECKING:
    from kedro_aloft.doctor.check import Check

REFERENCE_FILE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "doctor.md"

_INTRO = """\
<!-- Made by `make docs` from src/kedro_aloft/doctor: do not edit. -->

# What `kedro airflow doctor` looks at

Every check answers `ok`, `warn` (it works, and costs time or surprises somebody), `bad` (it does not work, or is not
safe) or `unknown`. [How to use it](../how-to/doctor.md).
"""

_TITLES = {
    Family.ALWAYS: "Always",
    Family.SECURITY: "With `--security` or `--production`",
    Family.PRODUCTION: "With `--production`",
    Family.REMOTE: "With `--on=URL`, instead of the above",
}


def render_reference() -> str:
    """Return the page; it ends with a newline."""
    lines = [_INTRO]
    checks: list[Check[Any]] = [*ALWAYS, *SECURITY, *PRODUCTION, *REMOTE]
    for family, title in _TITLES.items():
        lines += [f"## {title}", "", "| Check | Looks at | Why |", "|---|---|---|"]
        lines += [f"| `{one.code}` | {one.title} | {one.why} |" for one in checks if one.family is family]
        lines.append("")
    return "\n".join(lines)
