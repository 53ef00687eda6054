"""Each node's seconds, memory, rows and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from kedro_aloft.runtime.meter import bytes_of, rows_of

if TYPE_CHECKING:
    from conftest import Worker
    from support.projects import ProjectBuilder

FUNCTIONS = """
    import pandas as pd

    def frame(): return pd.DataFrame({"a": range(50)})
    def text(frame): return "abc"
    def both(frame, text): return [1, 2], bytes(1 << 20)
"""
NODES = """
    node(frame, None, "frame", name="frame"),
    node(text, "frame", "text", name="text"),
    node(both, ["frame", "text"], ["list", "big"], name="both"),
"""


def test_a_report_tells_of_every_node_what_it_took_and_gave(worker: Worker, builder: ProjectBuilder) -> None:
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .catalog("text: {type: text.TextDataset, filepath: data/text}")
        .build()
    )
    report = worker.task(project, "frame", "text", "both", gives=["big"]).ok()
    outputs = {output.name: output for node in report.nodes for output in node.outputs}
    assert [node.name for node in report.nodes] == ["frame", "text", "both"]
    assert {name: (one.kept_in, one.rows) for name, one in outputs.items()} == {
        "frame": ("memory", 50),
        "text": ("catalog", None),
        "list": ("memory", 2),
        "big": ("handoff", None),
    }
    assert outputs["frame"].bytes == 50 * 8 + 132
    assert outputs["text"].bytes == 3
    assert outputs["list"].bytes is None
    assert 1 << 20 < (outputs["big"].bytes or 0) < (1 << 20) + 10_000
    for node in report.nodes:
        assert node.state == "success"
        assert 0 < (node.seconds or 0) <= report.seconds
        assert 10 < (node.peak_memory_mib or 0) < 10_000


def test_peak_memory_grows_with_what_a_node_uses(worker: Worker, builder: ProjectBuilder) -> None:
    project = (
        builder.functions("def small(): return 1\ndef large(_): return len(b'x' * (300 << 20))")
        .pipeline("__default__", "node(small, None, 'a', name='small'), node(large, 'a', 'b', name='large')")
        .build()
    )
    small, large = worker.task(project, "small", "large").ok().nodes
    assert (large.peak_memory_mib or 0) > (small.peak_memory_mib or 0) + 250


def test_generator_nodes_report_their_outputs_once(worker: Worker, builder: ProjectBuilder) -> None:
    project = (
        builder.functions("def lines():\n    for n in range(5): yield 'x' * n")
        .pipeline("__default__", "node(lines, None, 'out', name='lines')")
        .catalog("out: {type: text.TextDataset, filepath: data/out}")
        .build()
    )
    (node,) = worker.task(project, "lines").ok().nodes
    assert [output.name for output in node.outputs] == ["out"]


@pytest.mark.parametrize("runner", ["ThreadRunner", "ParallelRunner"])
def test_other_runners_report_every_node_too(worker: Worker, builder: ProjectBuilder, runner: str) -> None:
    names = [f"n{number}" for number in range(6)]
    nodes = ", ".join(f"node(one, None, {name + '_out'!r}, name={name!r})" for name in names)
    project = builder.functions("def one(): return 1").pipeline("__default__", nodes).build()
    report = worker.task(project, *names, runner=runner).ok()
    assert sorted(node.name for node in report.nodes) == names
    assert {node.state for node in report.nodes} == {"success"}


class Rows:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (pd.DataFrame({"a": [1, 2]}), 2),
        (pd.Series([1, 2, 3]), 3),
        (np.zeros((4, 2)), 4),
        (np.array(1), None),
        ([1, 2], 2),
        ((1,), 1),
        ({"a": 1}, None),
        ("text", None),
        (Rows(num_rows=7), 7),
        (Rows(height=8), 8),
        (Rows(height=lambda: 8, shape=None), None),
        (Rows(shape=("lazy", 2)), None),
    ],
)
def test_rows_are_known_without_computing_anything(data: Any, rows: int | None) -> None:
    assert rows_of(data) == rows


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"abc", 3),
        ("abc", 3),
        (np.zeros(10), 80),
        (pd.Series(np.zeros(10)), 80),
        (pd.DataFrame({"a": np.zeros(10)}), 80 + 132),
        ({}, None),
        (Rows(nbytes="x"), None),
    ],
)
def test_bytes_are_known_where_they_cost_nothing(data: Any, size: int | None) -> None:
    assert bytes_of(data) == size
