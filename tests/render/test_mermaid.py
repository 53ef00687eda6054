"""The picture of a plan. What Mermaid reads is written down here as a grammar; names must not be able to leave it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kedro_aloft.graph.plan import Crossing, Plan, Task
from kedro_aloft.render import render_mermaid
from render.samples import HOSTILE, SAMPLES, Sample, hostile_sample

_TEXT = r"(?:#[0-9]+;|[^\"`<>#&;%\\|$'*~\x00-\x1f])*"
_LABEL = rf'"{_TEXT}(?:<br/>{_TEXT})*"'
_BOX = re.compile(rf"    (t\d+)\[({_LABEL})\]")
_ARROW = re.compile(rf"    (t\d+) (-->|-\.->)(?:\|({_LABEL})\|)? (t\d+)")
_ENTITY = re.compile(r"#(\d+);")

names = (st.sampled_from(HOSTILE) | st.text(min_size=1)).filter(lambda text: bool(text.strip()))


def read(picture: str) -> tuple[dict[str, list[str]], list[tuple[str, str, str, list[str]]]]:
    """Parse a picture by the grammar; return the texts of the boxes, and the arrows with theirs."""
    header, *lines = picture.removesuffix("\n").split("\n")
    assert header == "flowchart LR"
    boxes: dict[str, list[str]] = {}
    arrows = []
    for line in lines:
        if box := _BOX.fullmatch(line):
            boxes[box[1]] = texts(box[2])
        else:
            arrow = _ARROW.fullmatch(line)
            assert arrow, line
            arrows.append((arrow[1], arrow[2], arrow[4], texts(arrow[3]) if arrow[3] else []))
    return boxes, arrows


def texts(label: str) -> list[str]:
    """Return the lines of a label as people see them."""
    return [_ENTITY.sub(lambda found: chr(int(found[1])), line) for line in label[1:-1].split("<br/>")]


def plan_of(nodes: list[str], dataset: str = "x") -> Plan:
    tasks = [Task(id=f"t.{number}", nodes=(name,)) for number, name in enumerate(nodes)]
    chain = [
        tasks[0],
        *(Task(id=task.id, nodes=task.nodes, upstream=(before.id,)) for before, task in pairwise(tasks)),
    ]
    crossings = tuple(
        Crossing(dataset=dataset, source=before.id, target=after.id, handed_over=True)
        for before, after in pairwise(chain)
    )
    return Plan(package="p", pipeline="p", env="e", group_by="none", tasks=tuple(chain), crossings=crossings)


@given(st.lists(names, min_size=1, max_size=5, unique=True), names)
def test_any_name_stays_inside_its_label(nodes: list[str], dataset: str) -> None:
    boxes, arrows = read(render_mermaid(plan_of(nodes, dataset)))
    assert [box[1] for box in boxes.values()] == [shown(name, "• ") for name in nodes]
    assert arrows == [(f"t{n}", "-.->", f"t{n + 1}", [shown(dataset)]) for n in range(len(nodes) - 1)]


def shown(name: str, prefix: str = "") -> str:
    text = f"{prefix}{name}"
    text = text if len(text) <= 80 else f"{text[:79]}…"
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


@given(names)
def test_no_name_is_read_as_markdown(name: str) -> None:
    """Mermaid 11 reads labels as Markdown, and writes `Unsupported markdown: list` instead of `1. load`."""
    arrow = next(line for line in render_mermaid(plan_of(["a", "b"], name)).splitlines() if "|" in line)
    label = arrow.split("|")[1][1:-1]
    assert kinds(_ENTITY.sub("x", label).strip()) <= {"paragraph_open", "inline", "paragraph_close", "text"}


def kinds(text: str) -> set[str]:
    tokens: list[Any] = MarkdownIt("commonmark").parse(text)
    return {one.type for token in tokens for one in (token, *(token.children or []))}


@pytest.mark.parametrize(
    "name", ["1. load", "- a", "+ a", "---", "===", "__init__", "_a_", "*a*", "https://a.b", "www.a.b"]
)
def test_names_that_look_like_markdown_are_escaped(name: str) -> None:
    picture = render_mermaid(plan_of(["a", "b"], name))
    assert f'|"{name}"|' not in picture
    assert read(picture)[1][0][3] == [name]


@pytest.mark.parametrize("name", ["load_data", "a__b", "ns.split@pandas"[:8], "f([a]) -  [c]", "daten_größe", "数据"])
def test_ordinary_names_stay_readable(name: str) -> None:
    assert f'|"{name}"|' in render_mermaid(plan_of(["a", "b"], name))


def test_a_picture_shows_tasks_nodes_and_what_crosses() -> None:
    boxes, arrows = read(render_mermaid(SAMPLES["spaceflights"].plan()))
    assert boxes["t0"] == ["prepare.companies"]
    assert ("t3", "-.->", "t4", ["x_train", "y_train"]) in arrows
    assert ("t4", "-->", "t5", ["regressor"]) in arrows
    boxes, _ = read(render_mermaid(SAMPLES["grouped"].plan()))
    assert boxes["t0"] == ["long.step_0__step_2", "• long.step_0", "• long.step_1", "• long.step_2"]


def test_a_box_of_many_nodes_and_long_names_stay_small() -> None:
    nodes = tuple(f"node {number} {'x' * 300}" for number in range(1500))
    plan = Plan(package="p", pipeline="p", env="e", group_by="chain", tasks=(Task(id="all", nodes=nodes),))
    boxes, _ = read(render_mermaid(plan))
    assert len(boxes["t0"]) == 11
    assert boxes["t0"][-1] == "• … 1491 more"
    assert max(len(line) for line in boxes["t0"]) == 80


def test_a_large_plan_has_no_picture_in_its_docs() -> None:
    nodes = [f"n{number}" for number in range(151)]
    from kedro_aloft.render.describe import describe_dag

    assert "```mermaid" not in describe_dag(plan_of(nodes), doc=None, fingerprint="0")
    assert "```mermaid" in describe_dag(plan_of(nodes[:150]), doc=None, fingerprint="0")


@pytest.mark.parametrize("sample", [*SAMPLES.values(), hostile_sample()], ids=repr)
def test_every_sample_is_a_picture(sample: Sample) -> None:
    plan = sample.plan()
    boxes, arrows = read(render_mermaid(plan))
    assert len(boxes) == len(plan.tasks)
    assert len(arrows) == sum(len(task.upstream) for task in plan.tasks)
