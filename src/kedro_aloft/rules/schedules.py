"""Time: when runs start, what period they cover, and what they miss."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kedro_aloft.graph.snapshot import strip_transcoding
from kedro_aloft.rules.catalog import below, length, retention_s
from kedro_aloft.rules.finding import Hit, RemoveKey, SetKey, Severity, dataset, setting
from kedro_aloft.rules.pattern import Pattern
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.subject import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kedro_aloft.rules.subject import Subject

FAMILY = "Time"

_MANY_RUNS = 30
_INTERVAL = Pattern(r"\bdata_interval_(start|end)\b")
_FILTER = Pattern(r"\|\s*\w+")
_NEEDS_DATE = Pattern(
    r"""(?<![.\w"'])(ds|ds_nodash|ts|ts_nodash|ts_nodash_with_tz|logical_date|data_interval_(?:start|end))\b"""
)
_TEMPLATE = Pattern(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_STEP = Pattern(r"^\*/(\d+)$")
_FIELDS = (("minute", 60), ("hour", 24), ("day of the month", 0), ("month", 12), ("weekday", 7))


Keys = tuple[str | int, ...]
"""Path of a setting."""


def templates(values: Mapping[str, Any], keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield what stands inside of template brackets, with the path of its value."""
    for key, value in values.items():
        yield from _inside(value, (*keys, key))


def _inside(value: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        for match in _TEMPLATE.finditer(value):
            yield keys, match[1] or match[2] or ""
    elif isinstance(value, dict):
        yield from templates(value, keys)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _inside(item, (*keys, index))


def _settings_templates(subject: Subject) -> Iterator[tuple[Keys, str]]:
    settings = subject.settings
    yield from templates({"runtime_params": settings.runtime_params, "env_vars": settings.env_vars})
    for index, (_, changes) in enumerate(settings.override_tasks):
        yield from templates({"env_vars": changes.get("env_vars") or {}}, ("tasks", index))


def _interval_without_length(subject: Subject) -> Iterator[Hit]:
    settings = subject.settings
    if not settings.timed or settings.covers_interval:
        return
    for keys, text in _settings_templates(subject):
        if match := _INTERVAL.search(text):
            yield Hit(
                message=f"`{match[0]}` is used, but `interval: trigger` gives runs a period without length.",
                spot=setting(*keys),
                where=f"airflow.yml: {'.'.join(map(str, keys))}",
                remedy="take `interval: trigger` away, or use `logical_date`",
                fix=RemoveKey(spot=setting("interval")),
            )


def _no_logical_date(subject: Subject) -> Iterator[Hit]:
    settings = subject.settings
    if settings.timed or settings.schedule:
        return
    for keys, text in _settings_templates(subject):
        if match := _NEEDS_DATE.search(_FILTER.sub("", text)):
            cause = "starts by assets" if settings.assets else "has no schedule"
            yield Hit(
                message=f"The DAG {cause}, so its runs may have no date, and `{match[0]}` does not exist.",
                spot=setting(*keys),
                where=f"airflow.yml: {'.'.join(map(str, keys))}",
                remedy="use `dag_run.run_after`, which every run has: `{{ dag_run.run_after | ds }}`",
                severity=None if settings.assets else Severity.WARNING,
            )


def _cron(subject: Subject) -> list[str]:
    fields = (subject.settings.schedule or "").split()
    return fields if len(fields) == len(_FIELDS) else []


def _uneven_steps(subject: Subject) -> Iterator[Hit]:
    for text, (name, size) in zip(_cron(subject), _FIELDS, strict=False):
        match = _STEP.match(text)
        step = int(match[1]) if match else 1
        if step > 1 and (size == 0 or size % step):
            yield Hit(
                message=f"`{text}` as {name} starts anew with each {_above(name)}: the last pause is shorter.",
                spot=setting("schedule"),
                where=f"airflow.yml: schedule {subject.settings.schedule!r}",
                remedy=f"for every {step} {name.partition(' ')[0]}s write `schedule: {{every: …}}`, or list the values",
            )


def _above(name: str) -> str:
    return {"minute": "hour", "hour": "day", "day of the month": "month", "month": "year", "weekday": "week"}[name]


def _day_or_weekday(subject: Subject) -> Iterator[Hit]:
    fields = _cron(subject)
    if fields and not fields[2].startswith(("*", "?")) and not fields[4].startswith(("*", "?")):
        yield Hit(
            message=f"Day {fields[2]} or weekday {fields[4]}: cron runs on either, not on days that are both.",
            spot=setting("schedule"),
            where=f"airflow.yml: schedule {subject.settings.schedule!r}",
            remedy="restrict one of them and decide the other in the pipeline",
        )


def _gap_s(subject: Subject) -> float | None:
    """The usual pause between runs, in seconds; None when the clock does not start them."""
    settings = subject.settings
    return settings.every_s or (settings.cron_gaps_s[0] if settings.cron_gaps_s else None)


def _caught_up_s(subject: Subject) -> float:
    """How long a time `catchup` repeats, in seconds; 0 when there is nothing to repeat."""
    settings, now = subject.settings, subject.now
    if not (settings.catchup and settings.timed and settings.start_date and now):
        return 0.0
    end = min(now, settings.end_date) if settings.end_date else now
    return max((end - settings.start_date).total_seconds(), 0.0)


def _large_catchup(subject: Subject) -> Iterator[Hit]:
    gap = _gap_s(subject)
    runs = _caught_up_s(subject) / gap if gap else 0
    if runs > _MANY_RUNS:
        given = "start_date" in subject.settings.written
        yield Hit(
            message=f"`catchup` starts about {runs:,.0f} runs as soon as the DAG is unpaused.",
            spot=setting("catchup"),
            where=f"airflow.yml: start_date {subject.settings.start_date:%Y-%m-%d}{'' if given else ', the default'}",
            remedy="set a later `start_date`, or `catchup: false` and start a backfill of the time that you want",
        )


def _beyond_retention(subject: Subject) -> Iterator[Hit]:
    back = _caught_up_s(subject)
    for info in subject.inputs if back else ():
        kept = retention_s(info)
        if kept and back > kept:
            yield Hit(
                message=f"`catchup` goes back {length(back)}, but '{info.name}' keeps {length(kept)}.",
                spot=setting("catchup"),
                where=f"dataset {info.name}, metadata.airflow.retention",
                remedy="set a later `start_date`, or keep copies of the source",
            )


def _rarer_than_retention(subject: Subject) -> Iterator[Hit]:
    settings = subject.settings
    gap = settings.every_s or (settings.cron_gaps_s[1] if settings.cron_gaps_s else None)
    for info in subject.inputs if gap else ():
        kept = retention_s(info)
        if kept and gap and gap > kept:
            yield Hit(
                message=f"Up to {length(gap)} pass between runs, but '{info.name}' keeps {length(kept)}.",
                spot=dataset(info.name, "metadata"),
                where=f"airflow.yml: schedule {settings.schedule!r}" if settings.schedule else "airflow.yml: schedule",
                remedy="schedule the DAG that copies the source more often than the source forgets",
            )


def _nothing_to_catch_up(subject: Subject) -> Iterator[Hit]:
    settings = subject.settings
    if settings.catchup and not settings.timed:
        yield Hit(
            message="`catchup` repeats what a clock has missed, and this DAG has none.",
            spot=setting("catchup"),
            remedy="set a `schedule`, or take `catchup` away",
            fix=RemoveKey(spot=setting("catchup")),
        )


def _outside_dates(subject: Subject) -> Iterator[Hit]:
    settings, now = subject.settings, subject.now
    if not (settings.timed and now):
        return
    if settings.end_date and settings.end_date < now:
        yield Hit(
            message=f"`end_date` is over since {settings.end_date:%Y-%m-%d}: nothing is scheduled any more.",
            spot=setting("end_date"),
            remedy="set a later `end_date`, or none",
        )
    if settings.start_date and settings.start_date > now:
        yield Hit(
            message=f"Nothing is scheduled before `start_date`, {settings.start_date:%Y-%m-%d}.",
            spot=setting("start_date"),
            remedy="set an earlier `start_date` if the DAG shall run now",
            severity=Severity.INFO,
        )


def _cumulative(subject: Subject) -> Iterator[Hit]:
    if not subject.settings.timed or subject.settings.depends_on_past:
        return
    names = sorted({*_declared_cumulative(subject), *_read_then_replaced(subject)})
    if names:
        yield Hit(
            message=f"A run builds on what the run before left in {listed(names)}, but does not wait for its success.",
            spot=dataset(names[0]),
            where=f"datasets {listed(names)}",
            remedy="set `depends_on_past: true`, so that no run builds on a failed one",
            fix=SetKey(spot=setting("depends_on_past"), value=True),
        )


def _declared_cumulative(subject: Subject) -> Iterator[str]:
    for info in subject.outputs:
        if below(info.config, ("metadata", "airflow", "cumulative")):
            yield info.name


def _read_then_replaced(subject: Subject) -> Iterator[str]:
    """Places that a node reads before any node writes them: a state that passes from run to run."""
    free = {info.name for info in subject.inputs}
    written = {strip_transcoding(name) for name in subject.written}
    for names in subject.snapshot.shared_locations().values():
        before = sorted(free.intersection(names))
        if before and not written.isdisjoint(names):
            yield before[0]


def _clock_of_utc(subject: Subject) -> Iterator[Hit]:
    fields = _cron(subject)
    if fields and fields[1].isdigit() and "timezone" not in subject.settings.written:
        yield Hit(
            message=f"The hour {fields[1]} of the schedule is one of UTC, as nobody set a time zone.",
            spot=setting("schedule"),
            where=f"airflow.yml: schedule {subject.settings.schedule!r}",
            remedy="set `timezone`, such as `Europe/Zurich`, or `timezone: UTC` to say that this is meant",
        )


RULES = (
    Rule(
        code="ALOFT-T01",
        name="interval-without-length",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A template uses the data interval, and `interval: trigger` gives it no length.",
        why="Since Airflow 3 a cron schedule means points in time: start and end of the interval are equal, so that a "
        "pipeline which fetches from start to end fetches nothing, and succeeds.",
        bad='default:\n  schedule: "@daily"\n  interval: trigger\n  runtime_params:\n'
        '    start: "{{ data_interval_start | ds }}"',
        good='default:\n  schedule: "@daily"\n  runtime_params:\n    start: "{{ data_interval_start | ds }}"',
        find=_interval_without_length,
    ),
    Rule(
        code="ALOFT-T02",
        name="run-without-date",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A template uses a date that runs of this DAG need not have; a warning when people trigger them.",
        why="In Airflow 3 runs that assets start have no logical date, and runs that people trigger have one only when "
        "they give it. `ds`, `ts` and the data interval do not exist then, and every task fails before it begins.",
        bad='default:\n  schedule: {assets: [orders]}\n  runtime_params: {day: "{{ ds }}"}',
        good='default:\n  schedule: {assets: [orders]}\n  runtime_params: {day: "{{ dag_run.run_after | ds }}"}',
        find=_no_logical_date,
    ),
    Rule(
        code="ALOFT-T03",
        name="uneven-steps",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A cron field `*/n` whose range is no multiple of n.",
        why="`*/3` as day of the month means the 1st, 4th, … 31st and then the 1st again: after one day, not three. "
        "Cron "
        "cannot say every three days.",
        bad='default:\n  schedule: "0 6 */3 * *"',
        good="default:\n  schedule: {every: 3d}",
        find=_uneven_steps,
    ),
    Rule(
        code="ALOFT-T04",
        name="day-or-weekday",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A cron with both day of the month and weekday.",
        why="Cron takes days that match either: `0 6 13 * 5` is every Friday and every 13th, not Friday the 13th.",
        bad='default:\n  schedule: "0 6 1-7 * 1"   # the first Monday?',
        good='default:\n  schedule: "0 6 * * 1"',
        find=_day_or_weekday,
    ),
    Rule(
        code="ALOFT-T05",
        name="large-catchup",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="`catchup` over more than 30 runs.",
        why="Unpausing the DAG starts all of them, one after the other; a forgotten `start_date` makes it years.",
        bad='default:\n  schedule: "@hourly"\n  catchup: true',
        good='default:\n  schedule: "@hourly"\n  catchup: false',
        find=_large_catchup,
    ),
    Rule(
        code="ALOFT-T06",
        name="catchup-beyond-source",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="`catchup` goes back further than a source keeps its data.",
        why="Runs for that time find nothing, or today's data under an old date. The retention is declared in the "
        "catalog, `metadata: {airflow: {retention: 30d}}`.",
        bad='default:\n  schedule: "@daily"\n  start_date: 2024-01-01\n  catchup: true   # the source keeps 30 days',
        good='default:\n  schedule: "@daily"\n  start_date: 2024-01-01\n  catchup: false',
        find=_beyond_retention,
    ),
    Rule(
        code="ALOFT-T07",
        name="source-forgets",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="More time passes between runs than a source keeps its data.",
        why="What came and went between two runs is never seen.",
        bad='default:\n  schedule: "@daily"   # the source keeps one hour',
        good='default:\n  schedule: "*/30 * * * *"',
        find=_rarer_than_retention,
    ),
    Rule(
        code="ALOFT-T08",
        name="nothing-to-catch-up",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="`catchup: true` without a schedule by the clock.",
        why="Only periods of a clock can be missed. Whoever wrote it expects runs that never come.",
        bad="default:\n  catchup: true",
        good='default:\n  schedule: "@daily"\n  start_date: 2026-11-01\n  catchup: true',
        find=_nothing_to_catch_up,
    ),
    Rule(
        code="ALOFT-T09",
        name="outside-dates",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="An `end_date` that is over; as an info a `start_date` that is to come.",
        why="The DAG looks scheduled and never runs.",
        bad='default:\n  schedule: "@daily"\n  end_date: 2024-12-31',
        good='default:\n  schedule: "@daily"',
        find=_outside_dates,
    ),
    Rule(
        code="ALOFT-T10",
        name="cumulative",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A scheduled pipeline builds on what its last run left, without `depends_on_past`.",
        why="When a run fails, the next one builds on a state that lacks it, and every later one too. Found when a "
        "place "
        "is read before it is written, or when the catalog says `metadata: {airflow: {cumulative: true}}`.",
        bad="totals_before: {type: pandas.ParquetDataset, filepath: data/totals.parquet}\n"
        "totals:        {type: pandas.ParquetDataset, filepath: data/totals.parquet}",
        good='default:\n  schedule: "@daily"\n  depends_on_past: true',
        find=_cumulative,
    ),
    Rule(
        code="ALOFT-T11",
        name="hour-of-utc",
        family=FAMILY,
        severity=Severity.INFO,
        summary="A cron at an hour of the day, and no `timezone`.",
        why="It runs at this hour of UTC, which is another one where people are, and moves with summer time.",
        bad='default:\n  schedule: "0 6 * * *"',
        good='default:\n  schedule: "0 6 * * *"\n  timezone: Europe/Zurich',
        find=_clock_of_utc,
    ),
)
