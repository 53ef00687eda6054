"""The reference page of the checks, made from the checks themselves.

`python -m kedro_aloft.doctor.reference --write` writes docs/reference/doctor.md; `--check` ends with 1 when it is
stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.doctor import ALWAYS, PRODUCTION, REMOTE, SECURITY
from kedro_aloft.doctor.check import Family

if TYPE_CHECKING:
    from kedro_aloft.doctor.check import Check

REFERENCE_FILE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "doctor.md"

_INTRO = """\
<!-- Made by `python -m kedro_aloft.doctor.reference --write` from src/kedro_aloft/doctor: do not edit. -->

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


def main(arguments: list[str]) -> int:
    """Write or check the page; return the exit code."""
    if arguments == ["--write"]:
        REFERENCE_FILE.write_text(render_reference(), encoding="utf-8")
        return 0
    if arguments == ["--check"]:
        fresh = REFERENCE_FILE.is_file() and REFERENCE_FILE.read_text(encoding="utf-8") == render_reference()
        print("fresh" if fresh else "stale: python -m kedro_aloft.doctor.reference --write")
        return 0 if fresh else 1
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
