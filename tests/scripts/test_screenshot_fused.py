"""What people see of a fused task in Airflow's pages, in a real browser; takes the pictures of the documentation."""

from __future__ import annotations

import colorsys
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.screenshot import VIEWPORT
from scripts.screenshot_fused import ERROR, FOLLOWING, NODE, SCALE, example_on_airflow, look_at_a_run
from support.programs import chromium

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.screenshot_fused import Colours, Sight

# It starts an Airflow of its own and runs the example twice: minutes on a slow machine.
pytestmark = [pytest.mark.airflow, pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(2400)]

RUNNER, GATE, DONE = "__default__", "__default__.gate", "__default__.done"
BEFORE = (
    "preprocess_companies_node",
    "preprocess_shuttles_node",
    "reporting.summarize_capacity_node",
    "create_model_input_table_node",
    "reporting.plot_capacity_node",
    "split_data_node",
)
NODES = (*BEFORE, NODE, *FOLLOWING)
# Degrees on the circle of colours.
HUES = {"red": 357, "orange": 30, "green": 120, "blue": 194, "purple": 275, "pink": 329}


@pytest.fixture(scope="module")
def sights(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sight]:
    """A run at work, failed and resumed, by these names."""
    browser = chromium()
    pictures = tmp_path_factory.mktemp("pictures")
    with example_on_airflow(
        tmp_path_factory.mktemp("example"), kedro=Path(sys.executable).with_name("kedro")
    ) as example:
        return {sight.name: sight for sight in look_at_a_run(example, chromium=browser, to=pictures)}


def hues(colours: Colours, *tasks: str) -> set[str]:
    """The names of the colours that tasks have."""
    degrees = {360 * colorsys.rgb_to_hsv(*colours[task])[0] for task in tasks}
    return {min(HUES, key=lambda name: abs((HUES[name] - one + 180) % 360 - 180)) for one in degrees}


def test_at_work_what_is_done_is_green_and_the_rest_waits(sights: Mapping[str, Sight]) -> None:
    seen = sights["running"]
    assert seen.state == "running"
    assert seen.tasks == {
        **dict.fromkeys(BEFORE, "success"),
        **dict.fromkeys((NODE, *FOLLOWING), "deferred"),
        RUNNER: "running",
        GATE: "none",
        DONE: "none",
    }
    for colours in (seen.graph, seen.grid):
        assert hues(colours, *BEFORE) == {"green"}
        assert hues(colours, NODE, *FOLLOWING) == {"purple"}
        assert hues(colours, RUNNER) == {"blue"}


def test_people_read_which_task_runs_the_nodes_and_where_these_begin_and_end(sights: Mapping[str, Sight]) -> None:
    shown = {RUNNER: f"{RUNNER} ({len(NODES)} nodes)", GATE: f"nodes of {RUNNER}", DONE: f"end of {RUNNER}"}
    for seen in sights.values():
        assert seen.names == {**dict(zip(NODES, NODES, strict=True)), **shown}
        for name in seen.names.values():
            assert name in seen.words


def test_a_node_that_failed_is_red_and_what_follows_was_skipped(sights: Mapping[str, Sight]) -> None:
    seen = sights["failed"]
    assert seen.state == "failed"
    assert seen.tasks == {
        **dict.fromkeys(BEFORE, "success"),
        **dict.fromkeys(FOLLOWING, "skipped"),
        NODE: "failed",
        RUNNER: "failed",
        GATE: "upstream_failed",
        DONE: "upstream_failed",
    }
    for colours in (seen.graph, seen.grid):
        assert hues(colours, *BEFORE) == {"green"}
        assert hues(colours, NODE, RUNNER) == {"red"}
        assert hues(colours, *FOLLOWING) == {"pink"}


def test_the_page_of_a_node_that_failed_shows_its_error_and_leads_to_its_runner(sights: Mapping[str, Sight]) -> None:
    seen = sights["failed"]
    kept = "\n".join(map(str, seen.kept.values()))
    # Airflow 3.3.2 drops what it has not read of a mirror's log when that ends: then its last line is missing, too.
    for said in (seen.log, kept) if "trigger completed" in seen.log else (kept,):
        assert f"ValueError: {ERROR}" in said
        assert f'raise ValueError("{ERROR}")' in said, "the end of the traceback"
    assert seen.runner.endswith(f"/tasks/{RUNNER}")


def test_after_a_clear_of_the_red_node_and_what_follows_all_is_green(sights: Mapping[str, Sight]) -> None:
    seen = sights["resumed"]
    assert seen.state == "success"
    assert seen.tasks == dict.fromkeys((*NODES, RUNNER, GATE, DONE), "success")
    assert hues(seen.graph, *seen.tasks) == hues(seen.grid, *seen.tasks) == {"green"}


def test_each_picture_is_one_of_the_whole_window(sights: Mapping[str, Sight]) -> None:
    pictures = [picture for sight in sights.values() for picture in sight.pictures]
    assert [picture.name.removeprefix("ui-fused-") for picture in pictures] == [
        "running.png",
        "running-grid.png",
        "failed.png",
        "failed-grid.png",
        "resumed.png",
        "resumed-grid.png",
    ]
    for picture in pictures:
        head = picture.read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", head[16:]) == (VIEWPORT["width"] * SCALE, VIEWPORT["height"] * SCALE)
