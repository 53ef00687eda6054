"""Borders: what passes between tasks, and where it lies."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from kedro_aloft.graph.snapshot import strip_transcoding
from kedro_aloft.rules.catalog import is_below_project, is_local, is_service, kind, layer, retention_s, save_modes
from kedro_aloft.rules.finding import Hit, Severity, dataset, node, setting
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.subject import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.graph.snapshot import DatasetInfo, NodeInfo
    from kedro_aloft.rules.subject import Subject

FAMILY = "Borders"

_UNPICKLABLE = {
    "Connection", "Cursor", "Engine", "Generator", "IO", "Iterator", "Lock", "Pool", "RLock", "SparkContext",
    "SparkSession", "TextIO", "BinaryIO", "Thread", "socket",
}  # fmt: skip
_IN_PARTS = ("ExcelDataset", "HDFDataset", "IncrementalDataset", "PartitionedDataset", "SQLTableDataset")
_UNPICKLABLE_CALLS = {"connect", "create_engine", "Lock", "RLock", "open", "getOrCreate"}


def _places(subject: Subject) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The physical places that several datasets share and a node writes, with the datasets."""
    written = {strip_transcoding(name) for name in subject.written}
    for place, names in subject.snapshot.shared_locations().items():
        if not written.isdisjoint(names):
            yield place, names


def _overwritten(subject: Subject, names: tuple[str, ...]) -> tuple[str, str, NodeInfo] | None:
    """A dataset, the one that is saved over it, and a node that then loads the one and gets the other.

    What is made of the first one may replace it on purpose.
    """
    rank = {one.name: position for position, one in enumerate(subject.snapshot.nodes)}
    infos = {strip_transcoding(name): info for name, info in subject.snapshot.datasets.items()}
    saves = [
        (one, strip_transcoding(name))
        for one in subject.snapshot.nodes
        for name in one.outputs
        if strip_transcoding(name) in names and _replaces(infos[strip_transcoding(name)])
    ]
    if not saves:
        return None
    last, winner = saves[-1]
    for lost in dict.fromkeys(name for _, name in saves if name != winner):
        after = [one for one in subject.readers(lost) if rank[one.name] > rank[last.name]]
        if after and lost not in _origins(subject, last):
            return lost, winner, after[0]
    return None


def _origins(subject: Subject, start: NodeInfo) -> set[str]:
    """Every dataset that what a node reads was made of."""
    producers, found = subject.snapshot.producers(), set[str]()
    todo = [strip_transcoding(name) for name in start.inputs]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [strip_transcoding(one) for one in (producers[name].inputs if name in producers else ())]
    return found


def _replaces(info: DatasetInfo) -> bool:
    """Whether a save leaves nothing of what was there: parts of workbooks, tables and folders stay side by side."""
    return kind(info) not in _IN_PARTS and not info.versioned and not list(save_modes(info))


def _overwritten_before_read(subject: Subject) -> Iterator[Hit]:
    for place, names in _places(subject):
        if found := _overwritten(subject, names):
            lost, winner, reader = found
            writers = dict.fromkeys(one.name for name in (lost, winner) for one in subject.writers(name))
            yield Hit(
                message=f"'{winner}' is saved over '{lost}' in {place}; node '{reader.name}' then loads the wrong one.",
                spot=dataset(winner, "filepath"),
                where=f"nodes {listed(list(writers))}",
                remedy=f"give '{lost}' and '{winner}' a file each",
            )


def _shared_places(subject: Subject) -> Iterator[Hit]:
    """Kedro sees no dependency between such datasets. The plan keeps their order as `kedro run` has it."""
    for place, names in _places(subject):
        users = [
            one.name
            for one in subject.snapshot.nodes
            if not {strip_transcoding(name) for name in (*one.inputs, *one.outputs)}.isdisjoint(names)
        ]
        if _overwritten(subject, names) is None:
            yield Hit(
                message=f"The datasets {', '.join(names)} lie in one place, {place}.",
                spot=dataset(names[-1], "filepath"),
                where=f"nodes {', '.join(users)}",
                remedy="use one dataset name for one place, or transcoding (`name@a`, `name@b`); "
                "until then their nodes run in the order of `kedro run`",
            )


def _certain(subject: Subject) -> Severity:
    """An error when the user said that tasks share no disk; a guess from the executor is a warning."""
    return Severity.ERROR if subject.target is not None else Severity.WARNING


def _local_handoff(subject: Subject) -> Iterator[Hit]:
    uri = subject.settings.handoff_uri
    if not subject.several_machines or not subject.plan.handed_over or "://" in uri.removeprefix("file://"):
        return
    mounted = uri.startswith("/")
    yield Hit(
        message=f"{len(subject.plan.handed_over)} dataset(s) in memory cross tasks through {uri}, a folder of one "
        "machine.",
        spot=setting("handoff"),
        where=f"datasets {listed(list(dict.fromkeys(one.dataset for one in subject.plan.handed_over)))}",
        remedy="set `handoff` to an address that all tasks reach (`s3://…`, or a folder that all machines mount), "
        "or keep them in one task with `group_by: memory`",
        severity=Severity.WARNING if mounted else _certain(subject),
    )


def _local_crossings(subject: Subject) -> Iterator[Hit]:
    all_disks = {view.disk for view in subject.views} - {"unknown"}
    if not (subject.several_machines or "none" in all_disks or len(all_disks) > 1):
        return
    seen: set[str] = set()
    first = {task.id: subject.snapshot.by_name[task.nodes[0]] for task in subject.plan.tasks}
    for crossing in subject.plan.crossings:
        info = subject.snapshot.datasets[crossing.dataset]
        name = strip_transcoding(crossing.dataset)
        if crossing.handed_over or name in seen or not is_local(info):
            continue
        disks = {subject.task(first[crossing.source]).disk, subject.task(first[crossing.target]).disk} - {"unknown"}
        if subject.several_machines or "none" in disks or len(disks) > 1:
            seen.add(name)
            yield Hit(
                message=f"'{name}' crosses tasks through {info.location}, which the next task's machine does not have.",
                spot=dataset(info.name, "filepath"),
                where=f"tasks {crossing.source} → {crossing.target}",
                remedy="keep it in a store that all tasks reach, or group its nodes into one task",
                severity=_certain(subject) if is_below_project(info) else Severity.WARNING,
            )


_LOSING = ("none", "run")
"""Disks whose files are gone after the run."""


def _lost_outputs(subject: Subject) -> Iterator[Hit]:
    if not (subject.several_machines or any(view.disk in _LOSING for view in subject.views)):
        return
    ends = set(subject.snapshot.free_outputs())
    local = [info for info in subject.outputs if info.name in ends and is_below_project(info)]
    lost = [info for info in local if subject.several_machines or _is_lost(subject, info)]
    if lost:
        yield Hit(
            message=f"{len(lost)} result(s) are written to the disk of whichever machine or container runs the task.",
            spot=dataset(lost[0].name, "filepath"),
            where=f"datasets {listed([info.name for info in lost])}",
            remedy="write results to a store that outlives the task",
        )


def _is_lost(subject: Subject, info: DatasetInfo) -> bool:
    return any(subject.task(one).disk in _LOSING for one in subject.writers(info.name))


def _local_inputs(subject: Subject) -> Iterator[Hit]:
    if not subject.several_machines:
        return
    local = [info for info in subject.inputs if is_below_project(info)]
    if local:
        yield Hit(
            message=f"{len(local)} input(s) are read from the project's folder, which each machine needs a copy of.",
            spot=dataset(local[0].name, "filepath"),
            where=f"datasets {listed([info.name for info in local])}",
            remedy="keep inputs in a store that all tasks reach",
        )


def _unpicklable(subject: Subject) -> Iterator[Hit]:
    """Only functions whose results are handed over are looked at."""
    given = {strip_transcoding(one.dataset) for one in subject.plan.handed_over}
    for function in subject.functions if given else ():
        users = [subject.snapshot.by_name[name] for name in function.nodes]
        names = [name for one in users for name in one.outputs if strip_transcoding(name) in given]
        what = _unpicklable_result(function.tree) if names and function.tree else ""
        if what:
            yield Hit(
                message=f"'{names[0]}' is {what}, which no other task can use: it cannot be pickled.",
                spot=node(function.nodes[0]),
                where=f"nodes {listed(function.nodes)}",
                remedy="pass the data or the address instead and open it in each node, or use `group_by: memory`",
            )


def _unpicklable_result(tree: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    body = [one for statement in tree.body for one in ast.walk(statement)]
    if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in body):
        return ""  # Kedro saves what a generator yields, piece by piece
    annotated = _last_name(tree.returns)
    if annotated in _UNPICKLABLE:
        return f"annotated as {annotated}"
    for one in body:
        value = one.value if isinstance(one, ast.Return) else None
        if isinstance(value, ast.GeneratorExp):
            return "a generator"
        if isinstance(value, ast.Call) and _last_name(value.func) in _UNPICKLABLE_CALLS:
            return f"what {_last_name(value.func)}() returns"
    return ""


def _last_name(expression: ast.expr | None) -> str:
    if isinstance(expression, ast.Subscript):
        expression = expression.value
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _two_pipelines(subject: Subject) -> Iterator[Hit]:
    if not subject.settings.scheduled:
        return  # people who start both by hand know what they do
    mine = {strip_transcoding(info.name): info for info in subject.outputs}
    for name, outputs in subject.other_pipelines().items() if mine else ():
        both = sorted(set(mine) & {strip_transcoding(one) for one in outputs})
        if both:
            yield Hit(
                message=f"The pipeline '{name}' writes {listed(both)}, too; its DAG may run at the same time.",
                spot=dataset(mine[both[0]].name),
                where=f"pipelines {subject.snapshot.pipeline}, {name}",
                remedy="let one pipeline write a dataset, or let one DAG wait for the other (`wait_for`)",
            )


def _raw_overwritten(subject: Subject) -> Iterator[Hit]:
    for info in subject.outputs:
        if layer(info) != "raw" or info.versioned:
            continue
        for writer in subject.writers(info.name):
            sources = [subject.snapshot.datasets[name] for name in writer.inputs]
            if any(layer(source) == "raw" for source in sources):
                yield Hit(
                    message=f"Node '{writer.name}' makes raw data '{info.name}' of raw data: the original may be lost.",
                    spot=dataset(info.name, "filepath"),
                    where=f"node {writer.name}",
                    remedy="write what is derived to a layer of its own, or keep versions of it",
                )


def _never_kept(subject: Subject) -> Iterator[Hit]:
    kept = {info.name for info in subject.outputs}
    for info in subject.inputs:
        readers = subject.readers(info.name)
        if not (is_service(info) or retention_s(info)) or any(kept & set(one.outputs) for one in readers):
            continue
        yield Hit(
            message=f"What '{info.name}' gives is never kept as it came: no node that reads it has a kept output.",
            spot=dataset(info.name),
            where=f"nodes {listed([one.name for one in readers])}",
            remedy="let a first node save the answer as a raw dataset, so that a retry or a repair has the same data",
        )


def _runs_overlap(subject: Subject) -> Iterator[Hit]:
    settings = subject.settings
    templated = any("{{" in str(value) for value in settings.runtime_params.values())
    shared = [info for info in subject.outputs if not info.versioned]
    if settings.max_active_runs > 1 and shared and not templated:
        yield Hit(
            message=f"{settings.max_active_runs} runs may be active at the same time and write the same "
            f"{len(shared)} dataset(s).",
            spot=setting("max_active_runs"),
            where=f"datasets {listed([info.name for info in shared])}",
            remedy="set `max_active_runs: 1`, or give each run a place of its own through `runtime_params`",
        )


RULES = (
    Rule(
        code="ALOFT-C01",
        name="shared-place",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Datasets with different names that lie in one physical place, one of them written.",
        why="Kedro sees no dependency between such datasets. We keep the order of `kedro run` between their nodes, "
        "but a "
        "change of the pipeline may change that order without a word.",
        bad="orders:         {type: pandas.CSVDataset, filepath: data/orders.csv}\n"
        "orders_checked: {type: pandas.CSVDataset, filepath: data/orders.csv}",
        good="orders:         {type: pandas.CSVDataset, filepath: data/orders.csv}\n"
        "orders_checked: {type: pandas.CSVDataset, filepath: data/orders_checked.csv}",
        find=_shared_places,
    ),
    Rule(
        code="ALOFT-B01",
        name="saved-over",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A dataset is saved over another one, which a later node loads.",
        why="That node gets the data of the other name, and nothing fails. An example that was published for years "
        "trained its model on the test set this way.",
        bad="x_train: {type: pickle.PickleDataset, filepath: data/x_train.pkl}\n"
        "x_test:  {type: pickle.PickleDataset, filepath: data/x_train.pkl}",
        good="x_train: {type: pickle.PickleDataset, filepath: data/x_train.pkl}\n"
        "x_test:  {type: pickle.PickleDataset, filepath: data/x_test.pkl}",
        find=_overwritten_before_read,
    ),
    Rule(
        code="ALOFT-B02",
        name="local-handoff",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="Datasets in memory cross tasks through a local folder, and tasks run on several machines.",
        why="The task that reads finds nothing, unless it happens to run on the machine of the one that wrote. It is "
        "an "
        "error with `--target=several-machines` or `containers`; a warning when an executor other than the "
        "LocalExecutor, or a folder that may be mounted everywhere, leaves a doubt.",
        bad="default:\n  executor: KubernetesExecutor   # and no `handoff`",
        good="default:\n  executor: KubernetesExecutor\n  handoff: s3://shop-airflow/handoff",
        find=_local_handoff,
    ),
    Rule(
        code="ALOFT-B03",
        name="local-crossing",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A dataset in a local path is written by one task and read by another, on several machines.",
        why="The file is on the disk of the machine, or in the container, that wrote it. The task that reads fails, or "
        "loads what an older run left on its own machine. An error only when `--target` says that tasks share no disk; "
        "a warning when `execution` or `executor` suggests it.",
        bad="clean: {type: pandas.ParquetDataset, filepath: data/02_intermediate/clean.parquet}",
        good="clean: {type: pandas.ParquetDataset, filepath: s3://shop/02_intermediate/clean.parquet}",
        find=_local_crossings,
    ),
    Rule(
        code="ALOFT-B04",
        name="lost-output",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Results are written into the project's folder, and tasks run on several machines or in containers.",
        why="A container takes its files with it when it ends, and so does the claim of a run; on workers nobody "
        "knows which "
        "of them has the result.",
        bad="report: {type: plotly.JSONDataset, filepath: data/08_reporting/report.json}",
        good="report: {type: plotly.JSONDataset, filepath: s3://shop/08_reporting/report.json}",
        find=_lost_outputs,
    ),
    Rule(
        code="ALOFT-B05",
        name="local-input",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Inputs are read from the project's folder, and tasks run on several machines or in containers.",
        why="Each machine, or the image, needs a copy, and nothing tells when one of them is old.",
        bad="companies: {type: pandas.CSVDataset, filepath: data/01_raw/companies.csv}",
        good="companies: {type: pandas.CSVDataset, filepath: s3://shop/01_raw/companies.csv}",
        find=_local_inputs,
    ),
    Rule(
        code="ALOFT-B06",
        name="unpicklable",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node hands a connection, a lock, an open file or a generator to another task.",
        why="Tasks are processes of their own: what crosses between them is pickled, and these cannot be.",
        bad="def open_database(path) -> sqlite3.Connection:\n    return sqlite3.connect(path)",
        good="def read_orders(path) -> pd.DataFrame:\n    with sqlite3.connect(path) as connection:\n"
        '        return pd.read_sql("select * from orders", connection)',
        find=_unpicklable,
    ),
    Rule(
        code="ALOFT-B07",
        name="two-pipelines-write",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A scheduled pipeline writes a dataset that another registered pipeline writes, too.",
        why="Two pipelines are two DAGs: they run at the same time and replace each other's data in any order.",
        bad='"train_a": Pipeline([node(train_a, "table", "model", name="a")]),\n'
        '"train_b": Pipeline([node(train_b, "table", "model", name="b")]),',
        good='"train_a": Pipeline([node(train_a, "table", "model_a", name="a")]),\n'
        '"train_b": Pipeline([node(train_b, "table", "model_b", name="b")]),',
        find=_two_pipelines,
    ),
    Rule(
        code="ALOFT-B08",
        name="raw-overwritten",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that reads raw data writes raw data.",
        why="Raw data is what everything can be made of again. A node that corrects it in place takes that away, and a "
        "retry corrects what is corrected already.",
        bad='node(fix, "orders", "orders_fixed", name="fix")   # both in data/01_raw/',
        good='node(fix, "orders", "orders_fixed", name="fix")   # into data/02_intermediate/',
        find=_raw_overwritten,
    ),
    Rule(
        code="ALOFT-B09",
        name="source-not-kept",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A service, or a source with a retention, is read and its data is never kept as it came.",
        why="The answer of a service is another one tomorrow, and an expiring source has none. Without a copy nobody "
        "can "
        "repair or explain what was made of it. A retention is declared as `metadata: {airflow: {retention: 30d}}`.",
        bad='node(parse, "rates_api", "rates", name="parse")   # rates lives in memory',
        good='node(fetch, "rates_api", "rates_raw", name="fetch")   # rates_raw is kept\n'
        'node(parse, "rates_raw", "rates", name="parse")',
        find=_never_kept,
    ),
    Rule(
        code="ALOFT-B10",
        name="runs-overlap",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="`max_active_runs` above 1, and outputs that all runs write to one place.",
        why="A run reads what another one is just writing. Versioned datasets, and places that depend on "
        "`runtime_params`, tell runs apart.",
        bad="default:\n  max_active_runs: 3",
        good="default:\n  max_active_runs: 1",
        find=_runs_overlap,
    ),
)
