"""Kedro's own selection of nodes, with its own meaning: the intersection of all that is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.errors import PlanError, close_match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kedro.pipeline import Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which nodes of a pipeline, with the names that `kedro run` gives its options. Empty ones select everything."""

    tags: Sequence[str] = ()
    nodes: Sequence[str] = ()
    from_nodes: Sequence[str] = ()
    to_nodes: Sequence[str] = ()
    from_inputs: Sequence[str] = ()
    to_outputs: Sequence[str] = ()
    namespaces: Sequence[str] = ()

    def given(self) -> dict[str, tuple[str, ...]]:
        """Return the filters that select something, by option name."""
        values = {name: tuple(getattr(self, name)) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value}


def select(pipeline: Pipeline, filters: Filters, *, name: str) -> Pipeline:
    """Return the selected part of a pipeline.

    Raises:
        PlanError: If a filter names what the pipeline does not have, or nothing is left (ALOFT-301).
    """
    given = filters.given()
    if not pipeline.nodes:
        raise PlanError(
            f"Pipeline '{name}' has no nodes.",
            remedy="choose another pipeline with --pipelines; `kedro registry list` names them",
            code="ALOFT-301",
        )
    if not given:
        return pipeline
    _refuse_unknown(pipeline, given, name)
    spelled = {"nodes": "node_names", "namespaces": "node_namespaces"}
    try:
        return pipeline.filter(**{spelled.get(option, option): value for option, value in given.items()})
    except (ValueError, KeyError) as error:
        shown = " ".join(f"--{option.replace('_', '-')}={','.join(value)}" for option, value in given.items())
        raise PlanError(
            f"The selection leaves no node of pipeline '{name}'.",
            where=shown,
            seen=str(error.args[0]) if error.args else "",
            remedy="each filter selects by itself and only nodes that all of them select are kept; drop one",
            code="ALOFT-301",
        ) from error


def _refuse_unknown(pipeline: Pipeline, given: dict[str, tuple[str, ...]], name: str) -> None:
    for option, values in given.items():
        allowed = _allowed(pipeline, option)
        for value in values:
            if value not in allowed:
                kind = {"tags": "tag", "namespaces": "namespace"}.get(option, "node" if "node" in option else "dataset")
                raise PlanError(
                    f"Pipeline '{name}' has no {kind} '{value}'.",
                    where=f"--{option.replace('_', '-')} (or `filters` in airflow.yml)",
                    seen=_some(allowed, kind),
                    remedy=close_match(value, allowed) or f"name a {kind} of this pipeline",
                    code="ALOFT-301",
                )


def _allowed(pipeline: Pipeline, option: str) -> set[str]:
    if option == "tags":
        return {tag for node in pipeline.nodes for tag in node.tags}
    if option == "namespaces":
        return {prefix for node in pipeline.nodes if node.namespace for prefix in _prefixes(node.namespace)}
    if option == "from_inputs":
        return _with_plain_names({name for node in pipeline.nodes for name in node.inputs})
    if option == "to_outputs":
        return _with_plain_names({name for node in pipeline.nodes for name in node.outputs})
    return {node.name for node in pipeline.nodes}


def _prefixes(namespace: str) -> list[str]:
    parts = namespace.split(".")
    return [".".join(parts[: length + 1]) for length in range(len(parts))]


def _with_plain_names(names: set[str]) -> set[str]:
    """Kedro takes transcoded datasets by their plain name, too."""
    return names | {name.partition("@")[0] for name in names}


def _some(allowed: set[str], kind: str) -> str:
    names = sorted(allowed)
    if not names:
        return f"it has no {kind}s"
    return f"{', '.join(names[:10])}{f' and {len(names) - 10} more' if len(names) > 10 else ''}"
