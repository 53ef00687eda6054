"""Random pipelines as Kedro allows them, and nothing that it refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from kedro_aloft.graph.grouping import GroupBy
from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Parameter, Snapshot, strip_transcoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LAWS = settings(deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
"""The same examples on every machine and every run."""

GROUPINGS = tuple(one for one in GroupBy if one.value in {"none", "chain", "memory", "namespace", "tag", "pipeline"})

HOSTILE_NAMES = (
    "import", "task", "1_load", "_", "-", "--help", ".", "..", "...", "a.b", "a..b", "x" * 300, "é" * 300, "🚀", "🚀🚀",
    "load data", "load/data", "load  data", "Load", "load", "a__b", "<lambda>__1a2b3c4d", "partial(f)__0badcafe", "\n",
    "{{ ds }}", "'; drop", '"', "\\", "$(id)", "名前", "upstream_join_id", "a-b", "b.", ".b", "-b", " ",
)  # fmt: skip

_NAMES = st.one_of(
    st.sampled_from(HOSTILE_NAMES),
    st.text(min_size=1, max_size=8),
    st.text("ab_.-", min_size=1, max_size=4),
)
_NAMESPACES = (None, None, "a", "a.b", "a.b.c", "b", "load", "1", "é", "n" * 120, "n" * 120 + "." + "m" * 120)
_TAGS = ((), (), ("red",), ("blue",), ("airflow.group.red",), ("airflow.group.a", "blue"), ("airflow.group.load",))
_OWNERS = ((), ("etl",), ("etl", "all"), ("train",), ("a",))
_PARAMETERS = ("parameters", "params:a", "params:model.depth")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def info(name: str, kind: DatasetKind = DatasetKind.PERSISTED, **more: Any) -> DatasetInfo:
    """A dataset; parameters by their names."""
    if name in _PARAMETERS:
        return DatasetInfo(name=name, kind=DatasetKind.PARAMETER, filled=True)
    return DatasetInfo(name=name, kind=kind, **more)


def snapshot_of(nodes: Iterable[NodeInfo], memory: Iterable[str] = (), **more: Any) -> Snapshot:
    """A pipeline of these nodes; datasets are persisted, each in a place that nobody knows, unless in `memory`."""
    nodes, memory = tuple(nodes), set(memory)
    names = sorted({name for node in nodes for name in (*node.inputs, *node.outputs)})
    kinds = {name: DatasetKind.MEMORY if name in memory else DatasetKind.PERSISTED for name in names}
    return Snapshot(
        package="shop",
        pipeline="__default__",
        env="local",
        nodes=nodes,
        **{"datasets": {name: info(name, kinds[name]) for name in names}, **more},
    )


def chain_of(length: int, **node: Callable[[int], Any]) -> tuple[NodeInfo, ...]:
    """Nodes `n0000`, `n0001` …, each reading what the one before wrote; further fields as functions of the position."""
    return tuple(
        NodeInfo(
            name=f"n{i:04d}",
            inputs=(f"d{i - 1:04d}",) if i else (),
            outputs=(f"d{i:04d}",),
            **{name: value(i) for name, value in node.items()},
        )
        for i in range(length)
    )


@dataclass(frozen=True)
class _Stored:
    """One dataset while a pipeline is drawn: its names, one for each transcoding, and which of them have data."""

    names: tuple[str, ...]
    kind: DatasetKind
    filled: bool

    @property
    def loadable(self) -> tuple[str, ...]:
        """In memory each transcoded name has data of its own, and only the first is ever written."""
        return self.names if self.kind is DatasetKind.PERSISTED or self.filled else self.names[:1]


@st.composite
def stored(draw: st.DrawFn, name: str, *, free: bool = False) -> tuple[_Stored, dict[str, DatasetInfo]]:
    """One dataset with everything that a catalog may say of it."""
    transcoded = draw(st.booleans())
    names = (f"{name}@pandas", f"{name}@spark") if transcoded else (name,)
    kind = draw(st.sampled_from((DatasetKind.PERSISTED, DatasetKind.MEMORY)))
    filled = kind is DatasetKind.MEMORY and (free or draw(st.integers(0, 9)) == 0)
    more: dict[str, Any] = {}
    if kind is DatasetKind.PERSISTED:
        more = {"versioned": draw(st.booleans()), "location": draw(st.sampled_from((None, name, "data/1", "data/2")))}
    one = _Stored(names=names, kind=kind, filled=filled)
    return one, {each: info(each, kind, filled=filled, **more) for each in names}


@st.composite
def pipelines(draw: st.DrawFn, *, max_nodes: int = 9) -> Snapshot:
    """A pipeline in an order in which Kedro could run it."""
    count = draw(st.integers(1, max_nodes))
    available: list[_Stored] = []
    datasets: dict[str, DatasetInfo] = {name: info(name) for name in _PARAMETERS}
    for number in range(draw(st.integers(0, 2))):
        one, infos = draw(stored(f"raw{number}", free=True))
        available.append(one)
        datasets |= infos
    nodes: list[NodeInfo] = []
    for number in range(count):
        inputs = [draw(st.sampled_from(one.loadable)) for one in _some(draw, available)]
        written = [draw(stored(f"d{number}{letter}")) for letter in "xy"[: draw(st.integers(0, 2))]]
        for one, infos in written:
            available.append(one)
            datasets |= infos
        inputs += _some(draw, list(_PARAMETERS))[:1]
        nodes.append(draw(_node(inputs, [one.names[0] for one, _ in written], {node.name for node in nodes})))
    used = {name for node in nodes for name in (*node.inputs, *node.outputs)}
    parameters = tuple(Parameter(name=f"p{i}", default=draw(_JSON)) for i in range(draw(st.integers(0, 2))))
    return Snapshot(
        package="shop",
        pipeline="__default__",
        env="local",
        nodes=tuple(nodes),
        datasets={name: one for name, one in datasets.items() if name in used},
        parameters=parameters,
        selective=draw(st.booleans()),
    )


def _some(draw: st.DrawFn, items: list[Any]) -> list[Any]:
    """Up to three of the items, the latest ones more often: long pipelines, not only wide ones."""
    if not items:
        return []
    picked = draw(st.lists(st.integers(0, len(items) - 1), max_size=3, unique=True))
    return [items[-1 - position] for position in picked]


@st.composite
def _node(draw: st.DrawFn, inputs: list[str], outputs: list[str], taken: set[str]) -> NodeInfo:
    namespace = draw(st.sampled_from(_NAMESPACES))
    prefix = f"{namespace}." if namespace else ""
    name = draw(_NAMES.map(lambda short: prefix + short).filter(lambda name: name not in taken))
    return NodeInfo(
        name=name,
        func="f",
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        namespace=namespace,
        tags=draw(st.sampled_from(_TAGS)),
        pipelines=draw(st.sampled_from(_OWNERS)),
    )


def requirements_for(snapshot: Snapshot) -> st.SearchStrategy[dict[str, str]]:
    """What some of the nodes demand of their tasks."""
    return st.dictionaries(st.sampled_from([node.name for node in snapshot.nodes]), st.sampled_from(("", "gpu", "big")))


@st.composite
def reordered(draw: st.DrawFn, snapshot: Snapshot) -> Snapshot:
    """The same pipeline, its nodes in another order that Kedro could have chosen."""
    waiting = dict.fromkeys(snapshot.by_name, 0)
    for children in snapshot.children.values():
        for child in children:
            waiting[child] += 1
    ready, order = [name for name, count in waiting.items() if not count], []
    while ready:
        name = ready.pop(draw(st.integers(0, len(ready) - 1)))
        order.append(snapshot.by_name[name])
        for child in snapshot.children[name]:
            waiting[child] -= 1
            ready += [child] if not waiting[child] else []
    return replace(snapshot, nodes=tuple(order))


@st.composite
def with_a_stranger(draw: st.DrawFn, snapshot: Snapshot) -> tuple[Snapshot, NodeInfo]:
    """The same pipeline with one more node, anywhere in the order, that shares nothing with the others."""
    taken = set(snapshot.by_name)
    name = draw(_NAMES.filter(lambda name: name not in taken))
    stranger = NodeInfo(name=name, inputs=("of its own",), outputs=("of its own too",), pipelines=("of its own",))
    position = draw(st.integers(0, len(snapshot.nodes)))
    nodes = (*snapshot.nodes[:position], stranger, *snapshot.nodes[position:])
    datasets = {**snapshot.datasets, **{name: info(name) for name in (*stranger.inputs, *stranger.outputs)}}
    return replace(snapshot, nodes=nodes, datasets=datasets), stranger


def base(name: str) -> str:
    """A dataset's name without transcoding."""
    return strip_transcoding(name)
