"""The reference page of the rules of `check`, made from the rules themselves.

`make docs` writes docs/reference/rules.md; a test fails when it is stale.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.rules import RULES

if TYPE_CHECKING:
    from kedro_aloft.rules import Rule

REFERENCE_FILE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "rules.md"

_INTRO = """\
<!-- Made by `make docs` from src/kedro_aloft/rules: do not edit. -->

# Rules of `kedro airflow check`

An *error* means that the run would fail, or leave wrong data, for sure: `create` and `run` stop before they write
or run anything. A *warning* means that it may. An *info* is shown by `check` alone. How to silence findings, and
how to run the rules in CI, is on [a page of its own](../how-to/check.md). What is no rule but refused in any case,
such as a cron expression that never fires, is among the [errors](errors.md).
"""


def render_reference() -> str:
    """Return the page; it ends with a newline."""
    families = [(name, list(rules)) for name, rules in groupby(RULES, key=lambda rule: rule.family)]
    overview = ["| Code | Severity | Looks for |", "|---|---|---|"]
    overview += [f"| [{rule.code}](#{rule.code.lower()}) | {rule.severity.value} | {rule.summary} |" for rule in RULES]
    parts = [_INTRO, "\n".join(overview) + "\n"]
    for name, rules in families:
        parts.append(f"## {name}\n")
        parts += [_section(rule) for rule in rules]
    return "\n".join(parts)


def _section(rule: Rule) -> str:
    return f"""\
### {rule.code}

`{rule.name}`, {rule.severity.value}. {rule.summary}

{rule.why}

{_example("Found", rule.bad)}

{_example("As it should be", rule.good)}
"""


def _example(title: str, text: str) -> str:
    return f"{title}:\n\n```{_language(text)}\n{text.strip()}\n```"


def _language(text: str) -> str:
    """Python or YAML, told by the first line; anything else is plain text. `yaml` is for whole airflow.yml files."""
    first = text.strip().partition("\n")[0]
    python = ("import ", "from ", "def ", "node(", "with ", "dag", "DAG", "@", "class ", "HOOKS", "Pipeline(")
    if first.startswith(python) or " = " in first:
        return "python"
    return "yml" if ":" in first else "text"
