"""Kedro's selection options select what `kedro run` selects, and say what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.errors import PlanError
from kedro_aloft.project import Filters

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.project import Project
    from support.projects import ProjectBuilder


@pytest.fixture
def project(builder: ProjectBuilder, opened: Callable[..., Project]) -> Project:
    builder.functions("def one(): return 1\ndef same(x): return x").pipeline(
        "__default__",
        "node(one, None, 'a', name='first', tags='t'), node(same, 'a', 'b', name='second', namespace='n'),"
        "node(same, 'b', 'c', name='third', tags=['t', 'u'], namespace='n.m'), node(same, 'a', 'd', name='side')",
    ).catalog("a@x: {type: pickle.PickleDataset, filepath: data/a.pkl}")
    return opened(builder)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, {"first", "n.second", "n.m.third", "side"}),
        ({"tags": ("t",)}, {"first", "n.m.third"}),
        ({"nodes": ("side",)}, {"side"}),
        ({"from_nodes": ("n.second",)}, {"n.second", "n.m.third"}),
        ({"to_nodes": ("n.second",)}, {"first", "n.second"}),
        ({"from_inputs": ("a",)}, {"n.second", "n.m.third", "side"}),
        ({"to_outputs": ("d",)}, {"first", "side"}),
        ({"namespaces": ("n",)}, {"n.second", "n.m.third"}),
        ({"namespaces": ("n.m",)}, {"n.m.third"}),
        ({"tags": ("t",), "from_nodes": ("n.second",)}, {"n.m.third"}),
    ],
)
def test_selects_as_kedro_does(project: Project, filters: dict[str, Any], names: set[str]) -> None:
    assert {node.name for node in project.snapshot("__default__", Filters(**filters)).nodes} == names


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"tags": ("tt",)}, "no tag 'tt'"),
        ({"nodes": ("sidee",)}, "no node 'sidee'"),
        ({"from_inputs": ("zzz",)}, "no dataset 'zzz'"),
        ({"to_outputs": ("zzz",)}, "no dataset 'zzz'"),
        ({"namespaces": ("k",)}, "no namespace 'k'"),
        ({"tags": ("u",), "nodes": ("side",)}, "leaves no node"),
    ],
)
def test_says_what_selects_nothing(project: Project, filters: dict[str, Any], says: str) -> None:
    with pytest.raises(PlanError) as caught:
        project.snapshot("__default__", Filters(**filters))
    assert caught.value.code == "ALOFT-301"
    assert says in caught.value.what
    assert caught.value.remedy


def test_names_the_closest(project: Project) -> None:
    with pytest.raises(PlanError) as caught:
        project.snapshot("__default__", Filters(nodes=("n.secnd",)))
    assert "n.second" in caught.value.remedy
