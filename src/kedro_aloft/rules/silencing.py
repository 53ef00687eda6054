"""Findings that somebody knows and accepts: by `# aloft: ignore[CODE] reason` beside them, or by `check.ignore`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.rules.finding import Hit, Severity, file, setting
from kedro_aloft.rules.pattern import Pattern
from kedro_aloft.rules.rule import Rule, names_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kedro_aloft.rules.finding import Finding
    from kedro_aloft.rules.subject import Subject

FAMILY = "Silencing"

_MARK = "aloft: ignore"
_COMMENT = Pattern(r"#\s*aloft: ignore(?:\[(?P<names>[^\]]*)\])?(?P<reason>.*)$")
_SUFFIXES = (".py", ".yml", ".yaml", ".toml", ".j2", "ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment that silences.

    Args:
        line: Counted from 1.
        names: Codes, names or families of rules.
        reason: Why; empty when nobody says.
        alone: Whether nothing else stands in the line: it then holds for the next one.
    """

    line: int
    names: tuple[str, ...]
    reason: str
    alone: bool


def read_comments(lines: Sequence[str]) -> tuple[Comment, ...]:
    """Return the comments of a file that silence."""
    return tuple(_comments(lines))


def _comments(lines: Sequence[str]) -> Iterator[Comment]:
    for number, line in enumerate(lines, start=1):
        match = _COMMENT.search(line) if _MARK in line else None
        if match:
            names = tuple(name.strip() for name in (match["names"] or "").split(",") if name.strip())
            reason = match["reason"].strip(" -–:")
            yield Comment(line=number, names=names, reason=reason, alone=not line[: match.start()].strip())


def split_silenced(
    findings: Iterable[Finding],
    rules: Iterable[Rule],
    *,
    ignored: Mapping[str, str],
    lines: Callable[[str], Sequence[str]],
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings that count, and those that somebody accepted.

    Args:
        findings: Of one DAG.
        rules: All rules; what is no finding of theirs always counts.
        ignored: Code, name or family → reason, from settings and options.
        lines: Returns the lines of a file.
    """
    by_code = {rule.code: rule for rule in rules}
    counting: list[Finding] = []
    silenced: list[Finding] = []
    for finding in findings:
        rule = by_code.get(finding.code)
        quiet = rule is not None and (names_rule(ignored, rule) or _commented(finding, rule, lines))
        (silenced if quiet else counting).append(finding)
    return tuple(counting), tuple(silenced)


def _commented(finding: Finding, rule: Rule, lines: Callable[[str], Sequence[str]]) -> bool:
    """Whether a comment in the finding's line, or alone in the line above, names its rule and a reason."""
    if not finding.file or not finding.line:
        return False
    near = lines(finding.file)[max(finding.line - 2, 0) : finding.line]
    first = finding.line - len(near) + 1
    return any(
        names_rule(one.names, rule) and one.reason and (one.alone or first + one.line - 1 == finding.line)
        for one in read_comments(near)
    )


def rules_about(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules about silencing, which must know all others."""

    def is_known(name: str) -> bool:
        return any(names_rule([name], rule) for rule in (*rules, *about))

    def _comments_that_silence_nothing(subject: Subject) -> Iterator[Hit]:
        for path in subject.sources.below("", *_SUFFIXES):
            if _MARK not in (subject.sources.text(path) or ""):
                continue
            for comment in read_comments(subject.sources.lines(path)):
                unknown = [name for name in comment.names if not is_known(name)]
                if problem := _problem(comment, unknown):
                    yield Hit(
                        message=f"A comment that silences nothing: it {problem}.",
                        spot=file(path, comment.line),
                        remedy="write `# aloft: ignore[CODE] reason`; `kedro airflow rules` lists the codes",
                    )

    def _settings_that_silence_nothing(subject: Subject) -> Iterator[Hit]:
        chosen = [("ignore", name) for name in subject.settings.ignored]
        chosen += [("select", name) for name in subject.settings.selected]
        for key, name in chosen:
            if not is_known(name):
                yield Hit(
                    message=f"`check.{key}` names '{name}', which is no rule.",
                    spot=setting("check", key, name) if key == "ignore" else setting("check", key),
                    remedy="`kedro airflow rules` lists the codes",
                )

    about = (
        Rule(
            code="ALOFT-C05",
            name="unclear-comment",
            family=FAMILY,
            severity=Severity.WARNING,
            summary="A comment `aloft: ignore` without a code that exists, or without a reason.",
            why="Such a comment silences nothing. Without a reason nobody knows later whether the finding was "
            "understood or in the way.",
            bad="orders:  # aloft: ignore[C01]\n  type: pickle.PickleDataset",
            good="orders:  # aloft: ignore[C01] both names are read only after the nightly copy\n"
            "  type: pickle.PickleDataset",
            find=_comments_that_silence_nothing,
        ),
        Rule(
            code="ALOFT-C06",
            name="unknown-rule",
            family=FAMILY,
            severity=Severity.WARNING,
            summary="`check.ignore` or `check.select` names a rule that does not exist.",
            why="A misspelled code silences nothing, and a misspelled selection asks nothing.",
            bad="default:\n  check: {ignore: {ALOFT-CO2: known}}",
            good="default:\n  check: {ignore: {ALOFT-C02: ids have no history yet}}",
            find=_settings_that_silence_nothing,
        ),
    )
    return about


def _problem(comment: Comment, unknown: Sequence[str]) -> str:
    if not comment.names:
        return "names no code"
    if unknown:
        return f"names {', '.join(unknown)}, which is no rule"
    return "" if comment.reason else "gives no reason"
