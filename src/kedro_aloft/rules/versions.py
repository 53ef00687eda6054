"""Versions and retries: what a second try, a second run or a run at the same time does to data."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kedro_aloft.graph.snapshot import strip_transcoding
from kedro_aloft.rules.catalog import appends, kind, length, refuses, save_modes, uses_network
from kedro_aloft.rules.finding import Hit, SetKey, Severity, dataset, setting
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.subject import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.graph.snapshot import NodeInfo
    from kedro_aloft.rules.subject import Subject

FAMILY = "Versions and retries"

_TELLS_APART = frozenset({"process", "venv"})
"""Modes in which our operator tells errors that cannot heal from others."""

_LONG_WAIT_S = 600.0
"""Pauses between tries, in all, that somebody who waits for a result notices."""


def _appending(subject: Subject) -> Iterator[Hit]:
    for info in subject.outputs:
        for keys, mode in save_modes(info):
            if appends(mode):
                tries = max((subject.task(one).retries for one in subject.writers(info.name)), default=0)
                again = f"each of {tries} retries" if tries > 1 else "a retry" if tries else "a task that is cleared"
                yield Hit(
                    message=f"'{info.name}' is appended to: {again} adds the same rows once more.",
                    spot=dataset(info.name, *keys),
                    where=f"nodes {listed([one.name for one in subject.writers(info.name)])}",
                    remedy="write each run's part to a place of its own (a partition), or replace the whole",
                )
                break


def _refusing(subject: Subject) -> Iterator[Hit]:
    for info in subject.outputs:
        modes = [] if info.versioned else list(save_modes(info))
        refusing = next(((keys, mode) for keys, mode in modes if refuses(mode)), None)
        if refusing is None and (modes or kind(info) != "SQLTableDataset"):
            continue
        where = f"nodes {listed([one.name for one in subject.writers(info.name)])}"
        if refusing:
            keys, mode = refusing
            yield Hit(
                message=f"'{info.name}' refuses to be written twice (`{keys[-1]}: {mode}`): the second run fails.",
                spot=dataset(info.name, *keys),
                where=where,
                remedy="replace what is there (`if_exists: replace`, `mode: overwrite`), or give each run a place",
            )
        else:
            yield Hit(
                message=f"'{info.name}' has no `if_exists`, and pandas refuses a table that exists: the second run "
                "fails.",
                spot=dataset(info.name),
                where=where,
                remedy="set `save_args: {if_exists: replace}` if a run makes the whole table",
            )


def _partitions_removed(subject: Subject) -> Iterator[Hit]:
    for info in subject.outputs:
        if kind(info) == "PartitionedDataset" and info.config.get("overwrite") is True:
            when = "each run" if subject.settings.scheduled else "a run"
            yield Hit(
                message=f"'{info.name}' has `overwrite: true`: {when} deletes the partitions of all runs before it.",
                spot=dataset(info.name, "overwrite"),
                where=f"nodes {listed([one.name for one in subject.writers(info.name)])}",
                remedy="take `overwrite` away: a partition of the same name is replaced anyway",
                severity=None if subject.settings.scheduled else Severity.INFO,
            )


def _incremental_out_of_order(subject: Subject) -> Iterator[Hit]:
    settings = subject.settings
    risky = settings.catchup or settings.max_active_runs > 1
    if settings.depends_on_past and settings.max_active_runs == 1:
        return
    for info in subject.persisted if risky else ():
        if kind(info) == "IncrementalDataset" and subject.readers(info.name):
            why = "several runs at a time" if settings.max_active_runs > 1 else "catch-up"
            yield Hit(
                message=f"'{info.name}' has one checkpoint for all runs, and {why} moves it in any order.",
                spot=dataset(info.name),
                where=f"nodes {listed([one.name for one in subject.readers(info.name)])}",
                remedy="set `max_active_runs: 1` and `depends_on_past: true`, or read the period of the run instead",
                fix=SetKey(spot=setting("depends_on_past"), value=True) if settings.max_active_runs == 1 else None,
            )


def _never_confirmed(subject: Subject) -> Iterator[Hit]:
    confirmed = {strip_transcoding(name) for one in subject.snapshot.nodes for name in one.confirms}
    for info in subject.inputs:
        if kind(info) == "IncrementalDataset" and strip_transcoding(info.name) not in confirmed:
            yield Hit(
                message=f"No node confirms '{info.name}', so its checkpoint never moves: each run loads everything.",
                spot=dataset(info.name),
                where=f"nodes {listed([one.name for one in subject.readers(info.name)])}",
                remedy=f'write `node(…, confirms="{info.name}")` at the node that ends its use',
            )


def _unpinned(subject: Subject) -> Iterator[Hit]:
    """Versioned datasets that the pipeline writes itself are read at the run's own version."""
    task_of = {name: task.id for task in subject.plan.tasks for name in task.nodes}
    for info in subject.inputs:
        if not info.versioned or info.name in subject.settings.load_versions:
            continue
        tasks = sorted({task_of[one.name] for one in subject.readers(info.name)})
        others = [name for name, outputs in subject.other_pipelines().items() if info.name in outputs]
        if len(tasks) > 1:
            yield Hit(
                message=f"{len(tasks)} tasks load the newest version of '{info.name}', each the one that is newest "
                "then.",
                spot=dataset(info.name, "versioned"),
                where=f"tasks {listed(tasks)}",
                remedy="load it in one node and pass the data on, group the nodes into one task, or set "
                "`load_versions`",
                severity=None if others else Severity.INFO,
            )


def _no_retries(subject: Subject) -> Iterator[Hit]:
    once = any(view.retries == 0 for view in subject.views)
    nodes = [one for one in _network_nodes(subject) if subject.task(one).retries == 0] if once else []
    if nodes:
        for_all = not any("retries" in changes for _, changes in subject.settings.override_tasks)
        yield Hit(
            message=f"{len(nodes)} node(s) talk to a network and are tried once only.",
            spot=setting("retries"),
            where=f"nodes {listed([one.name for one in nodes])}",
            remedy="set `retries: 1` or more: a short outage then costs a pause instead of the run",
            fix=SetKey(spot=setting("retries"), value=1) if for_all else None,
        )


def _hopeless_retries(subject: Subject) -> Iterator[Hit]:
    tasks = {one.name: subject.task(one) for one in subject.snapshot.nodes}
    waits = {
        name: task.retries * task.retry_delay_s for name, task in tasks.items() if task.execution not in _TELLS_APART
    }
    late = [name for name, seconds in waits.items() if seconds >= _LONG_WAIT_S]
    if late:
        longest = max(waits.values())
        yield Hit(
            message=f"An error that cannot heal turns {len(late)} node(s) red after {length(longest)} only.",
            spot=setting("retries"),
            where=f"nodes {listed(late)}",
            remedy="fewer or quicker retries; more of them for the nodes that need a network, under `tasks`",
        )


def _no_timeout(subject: Subject) -> Iterator[Hit]:
    if subject.settings.dagrun_timeout_s is not None or not subject.settings.scheduled:
        return
    nodes = [one for one in _network_nodes(subject) if subject.task(one).timeout_s is None]
    if nodes:
        yield Hit(
            message=f"{len(nodes)} node(s) talk to a network without a limit of time.",
            spot=setting("timeout"),
            where=f"nodes {listed([one.name for one in nodes])}",
            remedy="set `timeout`, or `dagrun_timeout`: a connection that hangs then fails instead of blocking all "
            "runs",
        )


def _network_nodes(subject: Subject) -> list[NodeInfo]:
    names = {info.name for info in subject.persisted if uses_network(info)}
    return [one for one in subject.snapshot.nodes if names.intersection((*one.inputs, *one.outputs))] if names else []


def _no_room_for_retries(subject: Subject) -> Iterator[Hit]:
    limit = subject.settings.dagrun_timeout_s
    short: dict[float, list[str]] = defaultdict(list)
    for one in subject.snapshot.nodes if limit else ():
        task = subject.task(one)
        needed = (task.timeout_s or 0) * (task.retries + 1) + task.retry_delay_s * task.retries
        if limit and needed > limit:
            short[needed].append(one.name)
    for needed, names in sorted(short.items()):
        yield Hit(
            message=f"`dagrun_timeout` of {length(limit or 0)} ends a run before the last try of a task, "
            f"which may begin after {length(needed)}.",
            spot=setting("dagrun_timeout"),
            where=f"nodes {listed(names)}",
            remedy="allow more time, fewer retries, or a shorter `timeout`",
        )


def _pointless_version(subject: Subject) -> Iterator[Hit]:
    for name in subject.settings.load_versions:
        info = subject.snapshot.datasets.get(name)
        what = "this pipeline does not use" if info is None else "has no versions" if not info.versioned else ""
        if what:
            yield Hit(
                message=f"`load_versions` names '{name}', which {what}.",
                spot=setting("load_versions", name),
                remedy="correct the name, or take it away",
            )


RULES = (
    Rule(
        code="ALOFT-V01",
        name="append",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="An output that is appended to.",
        why="Airflow tries failed tasks again, and people clear tasks to repeat them. What was appended before the "
        "failure is then there twice, and nothing tells.",
        bad="orders: {type: pandas.SQLTableDataset, table_name: orders, save_args: {if_exists: append}}",
        good="orders: {type: pandas.ParquetDataset, filepath: 's3://shop/orders/${runtime_params:day}.parquet'}",
        find=_appending,
    ),
    Rule(
        code="ALOFT-V02",
        name="refuses-second-write",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="An output that fails when it exists: `if_exists: fail`, `mode: x`, or a SQL table without "
        "`if_exists`.",
        why="The first run succeeds and every later one fails; so does a retry after a failure halfway.",
        bad="orders: {type: pandas.SQLTableDataset, table_name: orders}",
        good="orders: {type: pandas.SQLTableDataset, table_name: orders, save_args: {if_exists: replace}}",
        find=_refusing,
    ),
    Rule(
        code="ALOFT-V03",
        name="partitions-removed",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A scheduled run writes a `PartitionedDataset` with `overwrite: true`; an info without schedule.",
        why="`overwrite` deletes the whole folder first. The partitions of all earlier runs are gone, and after a "
        "failure "
        "halfway so are those of this one.",
        bad="days: {type: partitions.PartitionedDataset, path: data/days, dataset: json.JSONDataset, overwrite: true}",
        good="days: {type: partitions.PartitionedDataset, path: data/days, dataset: json.JSONDataset}",
        find=_partitions_removed,
    ),
    Rule(
        code="ALOFT-V04",
        name="checkpoint-out-of-order",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="An `IncrementalDataset` with catch-up, or with several runs at the same time.",
        why="It remembers one checkpoint for all runs. A run for Monday that ends after the one for Tuesday moves it "
        "back, "
        "or skips what came between.",
        bad='default:\n  schedule: "@daily"\n  catchup: true',
        good='default:\n  schedule: "@daily"\n  catchup: true\n  depends_on_past: true',
        find=_incremental_out_of_order,
    ),
    Rule(
        code="ALOFT-V05",
        name="never-confirmed",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="An `IncrementalDataset` that no node of the pipeline confirms.",
        why="Its checkpoint moves only when a node confirms it: without that every run processes all partitions again.",
        bad='node(load, "events", "rows", name="load")',
        good='node(load, "events", "rows", confirms="events", name="load")',
        find=_never_confirmed,
    ),
    Rule(
        code="ALOFT-V06",
        name="unpinned-version",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Several tasks load the newest version of an input that another pipeline writes; else an info.",
        why="Each task looks for the newest version when it begins. When a new one arrives in between, two tasks of "
        "one "
        "run work with different data. What a run writes itself is always read at its own version.",
        bad='node(train, "table", "model", name="train"),\nnode(score, ["model", "table"], "scores", name="score"),',
        good="default:\n  group_by: pipeline",
        find=_unpinned,
    ),
    Rule(
        code="ALOFT-V07",
        name="no-retries",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Nodes that load from or save to a network, with `retries: 0`.",
        why="Networks fail for seconds, and a second try heals it. Errors that cannot heal are not tried again anyway.",
        bad="default:\n  retries: 0",
        good="default:\n  retries: 2\n  retry_delay: 1m",
        find=_no_retries,
    ),
    Rule(
        code="ALOFT-V08",
        name="no-timeout",
        family=FAMILY,
        severity=Severity.INFO,
        summary="Nodes of a scheduled DAG that load from or save to a network, without `timeout` or `dagrun_timeout`.",
        why="Airflow has no limit of its own. A connection that hangs keeps the run active, and no other starts.",
        bad='default:\n  schedule: "@hourly"',
        good='default:\n  schedule: "@hourly"\n  dagrun_timeout: 2h',
        find=_no_timeout,
    ),
    Rule(
        code="ALOFT-V09",
        name="no-room-for-retries",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A `dagrun_timeout` that is shorter than all tries of one task.",
        why="The run is ended while a task still has tries left, and its state says timeout instead of the reason.",
        bad="default: {dagrun_timeout: 1h, timeout: 45m, retries: 2}",
        good="default: {dagrun_timeout: 3h, timeout: 45m, retries: 2}",
        find=_no_room_for_retries,
    ),
    Rule(
        code="ALOFT-V10",
        name="pointless-version",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="`load_versions` names a dataset that the pipeline does not use, or that has no versions.",
        why="The version is ignored, and the run loads something else than its author believes.",
        bad='default:\n  load_versions: {ordrs: "2026-01-31T06.00.00.000Z"}',
        good='default:\n  load_versions: {orders: "2026-01-31T06.00.00.000Z"}',
        find=_pointless_version,
    ),
    Rule(
        code="ALOFT-V11",
        name="hopeless-retries",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Nodes in containers whose every error, also one that cannot heal, is tried again for minutes.",
        why="In Airflow's process and in `venv` an error that no retry can heal (a wrong type, a missing column) is "
        "not tried again. An operator of a container sees an exit code only: the run turns red when all tries are "
        "over.",
        bad="default: {execution: kubernetes, retries: 3, retry_delay: 5m}",
        good="default: {execution: kubernetes, retries: 1, retry_delay: 30s}",
        find=_hopeless_retries,
    ),
)
