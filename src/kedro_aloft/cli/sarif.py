"""Findings as SARIF 2.1.0, which code scanning services read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kedro_aloft import __version__
from kedro_aloft.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kedro_aloft.rules import Finding, Rule

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_NOWHERE = "pyproject.toml"
"""Where findings about the project as a whole are shown."""


def as_sarif_log(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return a SARIF log with one run."""
    driver = {
        "name": "kedro-aloft",
        "version": __version__,
        "rules": [_rule(rule) for rule in RULES],
    }
    results = [_result(finding) for finding in findings]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": _LEVELS[rule.severity.value]},
        "properties": {"family": rule.family},
    }


def _result(finding: Finding) -> dict[str, Any]:
    parts = (finding.message, finding.where, finding.remedy and f"To do: {finding.remedy}.")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity.value],
        "message": {"text": "\n".join(part for part in parts if part)},
    }
    # A place is optional in SARIF, but code scanning services refuse a log with a result that has none.
    artifact = {"uri": quote(finding.file or _NOWHERE), "uriBaseId": "%SRCROOT%"}
    region = {"region": {"startLine": finding.line}} if finding.file and finding.line else {}
    result["locations"] = [{"physicalLocation": {"artifactLocation": artifact, **region}}]
    return result
