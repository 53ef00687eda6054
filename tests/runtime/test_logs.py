"""Kedro's records keep their loggers and levels, and nobody's handlers are replaced when Kedro is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Worker
    from support.projects import Project, ProjectBuilder

FUNCTIONS = """
    import logging

    def start(x):
        logging.getLogger("my.library").debug("detail")
        logging.getLogger("my.library").info("notice")
        logging.getLogger("my.library").warning("beware")
        return x

    def bad(x): raise ValueError("not today")
"""

REPLACES = """
    version: 1
    disable_existing_loggers: true
    formatters: {simple: {format: "REPLACED %(message)s"}}
    handlers: {console: {class: logging.StreamHandler, formatter: simple, stream: ext://sys.stdout}}
    loggers: {my: {level: LEVEL}}
    root: {handlers: [console]}
"""


def project_of(builder: ProjectBuilder) -> Project:
    nodes = "node(start, 'params:x', 'y', name='start'), node(bad, 'params:x', 'z', name='bad')"
    return builder.functions(FUNCTIONS).pipeline("__default__", nodes).parameters(x=1).build()


def test_records_keep_logger_and_level_and_the_handler_stays(worker: Worker, builder: ProjectBuilder) -> None:
    text = worker.alone(project_of(builder))
    assert "INFO kedro.io.data_catalog Loading data from params:x" in text
    assert "INFO kedro.pipeline.node Running node: start" in text
    assert "WARNING my.library beware" in text
    assert "INFO my.library notice" in text
    assert "detail" not in text
    assert "logging configuration" not in text


def test_each_node_is_a_section_that_can_be_folded(worker: Worker, builder: ProjectBuilder) -> None:
    lines = worker.alone(project_of(builder)).splitlines()
    start, end = (
        lines.index("INFO kedro_aloft.runtime.meter ::group::Node start"),
        lines.index("INFO kedro_aloft.runtime.meter ::endgroup::"),
    )
    inside = "\n".join(lines[start:end])
    assert "Running node: start" in inside
    assert "beware" in inside
    assert "Node start: success in " in inside


def test_the_section_of_a_failed_node_ends_before_the_traceback(worker: Worker, builder: ProjectBuilder) -> None:
    text = worker.task(project_of(builder), "bad").text
    assert text.index("Node bad: failed in") < text.index("::endgroup::") < text.index("Traceback")
    assert "ERROR kedro_aloft.runtime.execute Task 'bad' failed: not today" in text


@pytest.mark.parametrize("place", ["conf/logging.yml", "conf/logging.yaml", "KEDRO_LOGGING_CONFIG"])
@pytest.mark.parametrize(("level", "seen"), [("DEBUG", {"detail", "notice", "beware"}), ("ERROR", set())])
def test_of_the_projects_logging_configuration_the_levels_hold_and_the_handlers_do_not(
    worker: Worker, builder: ProjectBuilder, place: str, level: str, seen: set[str]
) -> None:
    name = "elsewhere.yml" if place.isupper() else place
    project = project_of(builder.file(name, REPLACES.replace("LEVEL", level)))
    text = worker.alone(project, {place: str(project.path / name)} if place.isupper() else None)
    assert "REPLACED" not in text
    assert {word for word in ("detail", "notice", "beware") if f"my.library {word}" in text} == seen
    assert "kedro_aloft.runtime.meter ::group::Node start" in text


def test_a_project_that_wants_silence_still_shows_its_nodes(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(
        builder.file("conf/logging.yml", "version: 1\nroot: {level: WARNING}\nloggers: {kedro: {level: WARNING}}")
    )
    text = worker.alone(project)
    assert "INFO kedro.pipeline.node" not in text
    assert "INFO my.library" not in text
    assert "Node start: success" in text


def test_an_unknown_level_is_no_reason_to_fail(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder.file("conf/logging.yml", "version: 1\nloggers: {my: {level: LOUD}, your: null}"))
    assert "unknown level 'LOUD' for 'my'" in worker.alone(project)
