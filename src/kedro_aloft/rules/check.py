"""All rules, asked one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.rules import (
    borders,
    dag_files,
    effects,
    idioms,
    limits,
    names,
    purity,
    resources,
    schedules,
    secrets,
    settings,
    shared,
    silencing,
    versions,
)
from kedro_aloft.rules.finding import Finding, Severity
from kedro_aloft.rules.rule import names_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from kedro_aloft.rules.finding import Hit, Spot
    from kedro_aloft.rules.rule import Rule
    from kedro_aloft.rules.subject import Subject

FAMILIES = (
    borders,
    schedules,
    versions,
    names,
    purity,
    effects,
    shared,
    secrets,
    idioms,
    dag_files,
    resources,
    limits,
    settings,
)

_RULES: tuple[Rule, ...] = tuple(rule for family in FAMILIES for rule in family.RULES)

RULES: tuple[Rule, ...] = (*_RULES, *silencing.rules_about(_RULES))
"""Every rule; families in the order of the page."""


def find_problems(
    subject: Subject,
    *,
    locate: Callable[[Subject, Spot], tuple[str, int]] = lambda _, spot: (spot.name if spot.kind == "file" else "", 0),
    select: Collection[str] = (),
    least: Severity = Severity.INFO,
) -> tuple[Finding, ...]:
    """Ask every rule; return what they found, most severe first.

    Args:
        subject: What they are asked about.
        locate: Returns file and line of a spot; asked for findings alone.
        select: Codes, names or families of the rules to ask; none means all.
        least: Rules of a lower severity are not asked.
    """
    found = [
        _finding(rule, hit, subject, locate)
        for rule in RULES
        if rule.severity.rank <= least.rank and (not select or names_rule(select, rule))
        for hit in rule.find(subject)
    ]
    return sort_findings(finding for finding in found if finding.severity.rank <= least.rank)


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once, most severe first."""
    once = dict.fromkeys(findings)
    return tuple(sorted(once, key=lambda one: (one.severity.rank, one.code, one.file, one.line, one.where)))


def _finding(rule: Rule, hit: Hit, subject: Subject, locate: Callable[[Subject, Spot], tuple[str, int]]) -> Finding:
    file, line = locate(subject, hit.spot) if hit.spot else ("", 0)
    return Finding(
        code=rule.code,
        severity=hit.severity or rule.severity,
        message=hit.message,
        where=hit.where,
        remedy=hit.remedy,
        file=file,
        line=line,
        fix=hit.fix,
    )


def unknown_names(names: Collection[str]) -> tuple[str, ...]:
    """Return the names that mean no rule, sorted."""
    return tuple(sorted(name for name in names if not any(names_rule([name], rule) for rule in RULES)))
