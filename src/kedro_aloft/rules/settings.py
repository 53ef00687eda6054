"""Settings: what airflow.yml says and nothing obeys, and findings that are silenced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.rules.finding import Hit, Severity, setting
from kedro_aloft.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.rules.subject import Subject

FAMILY = "Settings"


def _unused_selectors(subject: Subject) -> Iterator[Hit]:
    for index, selector in subject.settings.unused_selectors:
        yield Hit(
            message=f"No node of '{subject.snapshot.pipeline}' matches {selector}.",
            spot=setting("tasks", index, "select"),
            where=f"airflow.yml: tasks[{index}].select",
            remedy="correct the selector, or move it to the section of its pipeline",
        )


def _nobody_hears(subject: Subject) -> Iterator[Hit]:
    if subject.settings.scheduled and not subject.settings.notifies:
        yield Hit(
            message="Runs start by themselves, and nobody is told when one fails.",
            spot=setting("notify"),
            where=f"DAG '{subject.dag_id}'",
            remedy="set `notify.on_failure`",
        )


RULES = (
    Rule(
        code="ALOFT-C03",
        name="unused-selector",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A selector in `tasks` that matches no node.",
        why="The settings below it change nothing: the node that was meant runs with the defaults, often since it was "
        "renamed.",
        bad="default:\n  tasks:\n    - {select: trian_*, timeout: 4h}",
        good="default:\n  tasks:\n    - {select: train_*, timeout: 4h}",
        find=_unused_selectors,
    ),
    Rule(
        code="ALOFT-C07",
        name="nobody-hears",
        family=FAMILY,
        severity=Severity.INFO,
        summary="A scheduled DAG without `notify.on_failure`.",
        why="Nobody looks at a grid every morning. The first to notice is who misses the data.",
        bad='default:\n  schedule: "@daily"',
        good='default:\n  schedule: "@daily"\n  notify:\n    on_failure:\n'
        "      - class: airflow.providers.slack.notifications.slack.SlackNotifier\n        text: shop failed",
        find=_nobody_hears,
    ),
)
