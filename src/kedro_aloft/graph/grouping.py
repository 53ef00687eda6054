"""Grouping (fusion): which nodes share one Airflow task.

Each strategy proposes a partition that never mixes requirements; `group_nodes` then merges what would make the graph of
tasks cyclic. A strategy links nodes (linked nodes share a task) or labels them (nodes with one label share a task).
"""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kedro_aloft.errors import PlanError
from kedro_aloft.graph.algorithms import connected, find_cycle, reverse, strongly_connected
from kedro_aloft.graph.auto import auto_groups
from kedro_aloft.graph.snapshot import DatasetKind, strip_transcoding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from kedro_aloft.graph.costs import Costs
    from kedro_aloft.graph.snapshot import NodeInfo, Snapshot

GROUP_TAG_PREFIX = "airflow.group."
"""Tags with this prefix name a task: nodes with `airflow.group.x` share the task `x`."""

_OUR_PREFIX = "airflow."
"""Other tags with this prefix say something else of a node, such as what it may take, and never name a task."""

_MOST_REASONS = 3


class GroupBy(str, enum.Enum):
    """What decides which nodes share a task."""

    NONE = "none"
    CHAIN = "chain"
    MEMORY = "memory"
    NAMESPACE = "namespace"
    TAG = "tag"
    PIPELINE = "pipeline"
    AUTO = "auto"


class OnCycle(str, enum.Enum):
    """What to do when a grouping would make tasks wait for each other in a circle."""

    MERGE = "merge"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Nodes that share one task.

    Args:
        label: What the task is called after; None when it is called after its nodes.
        nodes: Names in Kedro's order; never empty.
        reason: Why these nodes share a task, in words for people; empty for a single node.
    """

    label: str | None
    nodes: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """Identity of a group while groups are being formed."""

    label: str | None
    leader: str
    requirement: str = ""


def group_nodes(
    snapshot: Snapshot,
    *,
    group_by: GroupBy = GroupBy.NONE,
    on_cycle: OnCycle = OnCycle.MERGE,
    group_tags: Collection[str] = (),
    requirements: Mapping[str, str] | None = None,
    costs: Costs | None = None,
    together: Sequence[Group] = (),
) -> tuple[Group, ...]:
    """Partition the nodes of a snapshot into tasks whose graph is acyclic.

    Args:
        snapshot: The pipeline.
        group_by: What decides which nodes share a task.
        on_cycle: Merge the groups of a circle (the least that repairs it), or refuse and spell the circle out.
        group_tags: For `GroupBy.TAG`: the tags that count; by default those with `GROUP_TAG_PREFIX`, else all.
        requirements: What each node demands of its task (pool, queue, retries …) as an opaque text. Nodes with
            different texts never share a task.
        costs: For `GroupBy.AUTO`: what is known of the nodes, and what tasks cost; by default nothing is known.
        together: Groups of `group_connected`: each stays whole, and has a task of its own where the grouping would
            divide it.

    Returns:
        The groups; each node is in exactly one. Sorted by their first nodes in Kedro's order.

    Raises:
        PlanError: If a node belongs to two groups, or a circle may not or cannot be merged.
    """
    needs, title = requirements or {}, f"group_by: {group_by.value}"
    whole = [group for group in together if len(group.nodes) > 1]
    if group_by is GroupBy.AUTO:
        found = auto_groups(snapshot, costs=costs, requirements=requirements)
        if not whole:
            return tuple(Group(label=None, nodes=nodes, reason=reason) for nodes, reason in found.items())
        keys = _loosened(snapshot, _beside(found, whole, needs), whole)
    else:
        keys = _propose(snapshot, group_by, group_tags, needs, whole)
    return tuple(_with_reason(group, whole) for group in _break_circles(snapshot, keys, title, on_cycle))


def group_connected(
    snapshot: Snapshot,
    chosen: Mapping[str, str],
    *,
    title: str,
    on_cycle: OnCycle = OnCycle.MERGE,
    requirements: Mapping[str, str] | None = None,
) -> tuple[Group, ...]:
    """Fuse the connected nodes of a choice, whatever becomes of the others.

    Args:
        snapshot: The pipeline.
        chosen: The nodes, each with the reason why it is one of them.
        title: What the choice is called in messages.
        on_cycle: Whether nodes that lie between chosen ones join them where tasks would wait for each other in a
            circle, or that is refused.
        requirements: What each node demands of its task if it is chosen; nodes with different texts never share one.

    Returns:
        The groups that have chosen nodes, sorted by their first nodes in Kedro's order.

    Raises:
        PlanError: If a circle may not or cannot be merged.
    """
    links = [
        (name, child)
        for name, children in snapshot.children.items()
        if name in chosen
        for child in children
        if child in chosen
    ]
    keys = _linked(snapshot, links, requirements or {})
    return tuple(
        replace(group, reason=_why_together(group.nodes, chosen, title) if len(group.nodes) > 1 else "")
        for group in _break_circles(snapshot, keys, title, on_cycle)
        if not chosen.keys().isdisjoint(group.nodes)
    )


def _why_together(nodes: Sequence[str], chosen: Mapping[str, str], title: str) -> str:
    reasons = [f"{name} ({chosen[name]})" for name in nodes if name in chosen]
    between = [name for name in nodes if name not in chosen]
    more = f" and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    joined = f"; {', '.join(between)} lies between them" if between else ""
    return f"{title}: {', '.join(reasons[:_MOST_REASONS])}{more}{joined}"


def _with_reason(group: Group, whole: Sequence[Group]) -> Group:
    """Say of a group why the parts of it that stay whole do so."""
    inside = [part for part in whole if part.nodes[0] in group.nodes]
    if not inside:
        return group
    alone = inside[0].nodes == group.nodes
    return replace(group, reason="; ".join([*([] if alone else [group.reason]), *(part.reason for part in inside)]))


def _propose(
    snapshot: Snapshot,
    group_by: GroupBy,
    group_tags: Collection[str],
    needs: Mapping[str, str],
    whole: Sequence[Group],
) -> dict[str, _Key]:
    if group_by in _LINKS:
        inside = [(part.nodes[0], name) for part in whole for name in part.nodes[1:]]
        return _linked(snapshot, [*_LINKS[group_by](snapshot), *inside], needs)
    label_of = _by_tag(snapshot, group_tags) if group_by is GroupBy.TAG else _LABELS[group_by]
    keys = _labelled(snapshot, label_of, needs)
    for part in whole:
        if len({keys[name] for name in part.nodes}) > 1:
            keys |= _alone(part, needs)
    return keys


def _alone(part: Group, needs: Mapping[str, str]) -> dict[str, _Key]:
    first = part.nodes[0]
    return dict.fromkeys(part.nodes, _Key(label=None, leader=first, requirement=needs.get(first, "")))


def _beside(found: Collection[tuple[str, ...]], whole: Sequence[Group], needs: Mapping[str, str]) -> dict[str, _Key]:
    """Take what stays whole out of the groups of `auto`, unless it lies in one of them anyway."""
    home = {name: nodes for nodes in found for name in nodes}
    alone = [part for part in whole if len({home[name] for name in part.nodes}) > 1]
    gone = {name for part in alone for name in part.nodes}
    keys: dict[str, _Key] = {}
    for nodes in found:
        rest = tuple(name for name in nodes if name not in gone)
        keys |= _alone(Group(label=None, nodes=rest), needs) if rest else {}
    for part in alone:
        keys |= _alone(part, needs)
    return keys


def _loosened(snapshot: Snapshot, keys: dict[str, _Key], whole: Sequence[Group]) -> dict[str, _Key]:
    """Dissolve groups of `auto` that would have to wait for what stays whole and for which it waits.

    Single nodes and what stays whole have no circles: `group_connected` saw to that.
    """
    kept = {name for part in whole for name in part.nodes}
    loose = dict(keys)
    for component in strongly_connected(_quotient(snapshot, keys)):
        if len({key.requirement for key in component}) > 1:
            inside = set(component)
            loose |= {
                name: replace(key, leader=name) for name, key in keys.items() if key in inside and name not in kept
            }
    return loose


def _chain_links(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Link a node with its only child when it is that child's only parent."""
    parents = reverse(snapshot.children)
    return [
        (name, children[0])
        for name, children in snapshot.children.items()
        if len(children) == 1 and len(parents[children[0]]) == 1
    ]


def _memory_links(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Link nodes that pass each other data in memory, so that nothing needs a handoff."""
    producers = snapshot.producers()
    return [
        (producer.name, node.name)
        for node in snapshot.nodes
        for name in node.inputs
        if snapshot.datasets[name].kind is DatasetKind.MEMORY
        and (producer := producers.get(strip_transcoding(name))) is not None
    ]


def _linked(snapshot: Snapshot, links: list[tuple[str, str]], needs: Mapping[str, str]) -> dict[str, _Key]:
    """Fuse linked nodes. Different requirements cut a link: what follows the cut is a task of its own."""
    uncut = [(one, other) for one, other in links if needs.get(one, "") == needs.get(other, "")]
    leaders = connected([node.name for node in snapshot.nodes], uncut)
    return {name: _Key(label=None, leader=leader, requirement=needs.get(name, "")) for name, leader in leaders.items()}


def _namespace_label(node: NodeInfo) -> str | None:
    """Fuse nodes with one top-level namespace."""
    return node.namespace.split(".")[0] if node.namespace else None


def _pipeline_label(node: NodeInfo) -> str | None:
    """Fuse nodes that the same registered pipeline owns; of several owners the smallest counts, `__default__` last."""
    return node.pipelines[0] if node.pipelines else "__default__"


def _by_tag(snapshot: Snapshot, group_tags: Collection[str]) -> Callable[[NodeInfo], str | None]:
    """Fuse nodes that carry one of the tags that count."""
    counting = _counting_tags(snapshot, group_tags)

    def label(node: NodeInfo) -> str | None:
        tags = [tag for tag in node.tags if tag in counting]
        if len(tags) > 1:
            raise PlanError(
                f"Node '{node.name}' belongs to {len(tags)} groups: {', '.join(tags)}.",
                where="group_by: tag",
                seen="a node may carry one grouping tag",
                remedy=f"name the tags that count with `group_tags`, or mark nodes with `{GROUP_TAG_PREFIX}<task>`",
                code="ALOFT-311",
            )
        return tags[0].removeprefix(GROUP_TAG_PREFIX) if tags else None

    return label


def _counting_tags(snapshot: Snapshot, group_tags: Collection[str]) -> set[str]:
    tags = {
        tag
        for node in snapshot.nodes
        for tag in node.tags
        if not tag.startswith(_OUR_PREFIX) or tag.startswith(GROUP_TAG_PREFIX) or tag in group_tags
    }
    unknown = sorted(set(group_tags) - tags)
    if unknown:
        raise PlanError(
            f"No node carries the grouping tag(s) {', '.join(unknown)}.",
            where="group_tags",
            seen=f"tags of the pipeline: {', '.join(sorted(tags)) or 'none'}",
            remedy="correct `group_tags` or tag the nodes",
            code="ALOFT-312",
        )
    prefixed = {tag for tag in tags if tag.startswith(GROUP_TAG_PREFIX)}
    return set(group_tags) or prefixed or tags


def _labelled(
    snapshot: Snapshot, label_of: Callable[[NodeInfo], str | None], needs: Mapping[str, str]
) -> dict[str, _Key]:
    keys = {}
    for node in snapshot.nodes:
        label = label_of(node)
        keys[node.name] = _Key(label=label, leader="" if label else node.name, requirement=needs.get(node.name, ""))
    return keys


_LINKS: dict[GroupBy, Callable[[Snapshot], list[tuple[str, str]]]] = {
    GroupBy.NONE: lambda _: [],
    GroupBy.CHAIN: _chain_links,
    GroupBy.MEMORY: _memory_links,
}

_LABELS: dict[GroupBy, Callable[[NodeInfo], str | None]] = {
    GroupBy.NAMESPACE: _namespace_label,
    GroupBy.PIPELINE: _pipeline_label,
}


def _break_circles(snapshot: Snapshot, keys: Mapping[str, _Key], title: str, on_cycle: OnCycle) -> tuple[Group, ...]:
    """Merge each strongly connected component of the graph of groups: nothing less removes its circles."""
    members: dict[_Key, list[str]] = defaultdict(list)
    for name, key in keys.items():
        members[key].append(name)
    if len(members) == len(keys):  # the graph of the groups is that of the nodes, which has no circles
        return tuple(_group((keys[node.name],), (node.name,), title) for node in snapshot.nodes)
    quotient = _quotient(snapshot, keys)
    rank = {node.name: position for position, node in enumerate(snapshot.nodes)}
    groups = []
    for component in strongly_connected(quotient):
        if len(component) > 1:
            _refuse_if_asked(quotient, component, members, title, on_cycle)
        nodes = sorted((name for key in component for name in members[key]), key=rank.__getitem__)
        groups.append(_group(component, tuple(nodes), title))
    return tuple(sorted(groups, key=lambda group: rank[group.nodes[0]]))


def _quotient(snapshot: Snapshot, keys: Mapping[str, _Key]) -> dict[_Key, dict[_Key, None]]:
    """The graph of the groups."""
    quotient: dict[_Key, dict[_Key, None]] = {keys[node.name]: {} for node in snapshot.nodes}
    for name, children in snapshot.children.items():
        quotient[keys[name]].update({keys[child]: None for child in children if keys[child] != keys[name]})
    return quotient


def _refuse_if_asked(
    quotient: Mapping[_Key, Collection[_Key]],
    component: tuple[_Key, ...],
    members: Mapping[_Key, list[str]],
    title: str,
    on_cycle: OnCycle,
) -> None:
    requirements = sorted({key.requirement for key in component})
    if on_cycle is OnCycle.MERGE and len(requirements) == 1:
        return
    circle = " → ".join(_title(key, members) for key in find_cycle(quotient, component))
    why = (
        "`on_cycle: refuse` forbids merging them"
        if on_cycle is OnCycle.REFUSE
        else f"their nodes demand different things of a task ({' / '.join(requirements)}), so they cannot be merged"
    )
    raise PlanError(
        f"The grouping makes tasks wait for each other in a circle: {circle}.",
        where=title.partition(":")[0],
        seen=why,
        remedy="choose another `group_by`, set `on_cycle: merge`, or give these nodes the same requirements",
        code="ALOFT-310",
    )


def _title(key: _Key, members: Mapping[_Key, list[str]]) -> str:
    return key.label or " + ".join(members[key])


def _group(component: tuple[_Key, ...], nodes: tuple[str, ...], title: str) -> Group:
    labels = [key.label for key in component if key.label]
    if len(nodes) == 1 and not labels:
        return Group(label=None, nodes=nodes)
    if len(component) > 1:
        titles = sorted({key.label or key.leader for key in component})
        return Group(
            label="__".join(sorted(set(labels))) or None,
            nodes=nodes,
            reason=f"merged: {', '.join(titles)} would wait for each other in a circle",
        )
    return Group(label=labels[0] if labels else None, nodes=nodes, reason=title)
