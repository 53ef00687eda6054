"""Checks of Python, of what is installed, and of the machine."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.compat import TESTED_VERSIONS
from kedro_aloft.doctor.versions import judge_version
from support.machine import answers
from support.pages import section, table_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.machine import Machine

POINTS = "[kedro.project_commands]\nairflow = kedro_airflow.plugin:commands\n"


def test_this_environment_is_fine(machine: Machine) -> None:
    found = machine.answers()
    always = ["python-version", "kedro-version", "two-plugins", "celery", "fastapi", "bytecode-variable", "fork-safety"]
    assert {code: found[code].state.value for code in always} == dict.fromkeys(always, "ok")


@pytest.mark.parametrize(
    ("name", "version", "state"),
    [
        ("apache-airflow", "3.3.2", "ok"),
        ("apache-airflow", "3.3.9", "ok"),
        ("apache-airflow", "3.0.6", "ok"),
        ("apache-airflow", "3.0.5", "bad"),
        ("apache-airflow", "2.11.2", "bad"),
        ("apache-airflow", "3.4.0b1", "warn"),
        ("kedro", "1.1.1", "bad"),
        ("kedro", "1.8.0", "warn"),
        ("python", "3.9.18", "bad"),
        ("python", "3.14.0", "warn"),
    ],
)
def test_versions_are_compared_with_what_was_tested(name: str, version: str, state: str) -> None:
    assert judge_version(name, version).state.value == state


def test_what_was_tested_is_what_the_page_says() -> None:
    rows = {
        row[0].lower(): (row[1], row[2])
        for row in table_rows(section("docs/compatibility.md", "What works with which version"))
    }
    assert rows["python"] == TESTED_VERSIONS["python"]
    assert rows["airflow"] == TESTED_VERSIONS["apache-airflow"]
    assert rows["kedro"] == TESTED_VERSIONS["kedro"]


def test_an_old_airflow_is_seen(machine: Machine) -> None:
    assert machine.install("apache-airflow", "2.10.5").answers()["airflow-version"].state.value == "bad"


def test_an_old_kedro_is_seen(machine: Machine) -> None:
    assert machine.install("Kedro", "0.19.11").answers()["kedro-version"].state.value == "bad"


def test_an_old_python_is_seen(machine: Machine) -> None:
    assert answers(replace(machine.facts(), python="3.9.1"))["python-version"].state.value == "bad"


def test_both_plugins_at_once_are_seen(machine: Machine) -> None:
    found = machine.install("kedro_airflow", "0.11.0", POINTS).answers()["two-plugins"]
    assert (found.state.value, found.remedy) == ("bad", "pip uninstall kedro-airflow")


@pytest.mark.parametrize(("celery", "state"), [("5.7.0", "bad"), ("5.6.3", "ok")])
def test_celery_that_the_provider_cannot_import_is_seen(machine: Machine, celery: str, state: str) -> None:
    machine.install("celery", celery).install("apache-airflow-providers-celery", "3.26.0")
    assert machine.answers()["celery"].state.value == state


@pytest.mark.parametrize(("fastapi", "state"), [("0.118.0", "bad"), ("0.117.1", "ok")])
def test_fastapi_that_airflow_3_0_cannot_use_is_seen(machine: Machine, fastapi: str, state: str) -> None:
    machine.install("apache-airflow-core", "3.0.6").install("fastapi", fastapi)
    assert machine.answers()["fastapi"].state.value == state


def test_missing_bytecode_is_seen(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.pycache_prefix", str(machine.path / "elsewhere"))
    found = machine.answers()["bytecode"]
    assert found.state.value == "warn"
    assert re.search(r"kedro \((\d+) of \1 modules\)", found.seen)


def test_bytecode_that_is_there_is_seen(machine: Machine) -> None:
    facts = replace(machine.facts(), bytecode={"airflow": (95, 100)})
    assert answers(facts)["bytecode"].state.value == "ok"
    assert answers(replace(facts, bytecode={}))["bytecode"].state.value == "unknown"


def test_the_variable_against_bytecode_is_seen(machine: Machine) -> None:
    assert machine.set(PYTHONDONTWRITEBYTECODE="1").answers()["bytecode-variable"].state.value == "warn"


@contextmanager
def proxy(*, closes: bool) -> Iterator[str]:
    """A proxy that closes every connection at once, or takes it and never says a word."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                connection.close() if closes else kept.append(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in kept:
                connection.close()


@pytest.mark.parametrize(("closes", "state"), [(False, "warn"), (True, "ok")])
def test_telemetry_is_a_matter_of_who_waits(machine: Machine, closes: bool, state: str) -> None:
    machine.install("kedro-telemetry", "0.9.0").unset("DO_NOT_TRACK")
    with proxy(closes=closes) as address:
        found = machine.set(HTTPS_PROXY=address, https_proxy=address).answers()["telemetry"]
    assert found.state.value == state


def test_telemetry_that_the_project_forbids_is_not_asked(machine: Machine, tmp_path: Path) -> None:
    machine.install("kedro-telemetry", "0.9.0").unset("DO_NOT_TRACK")
    (tmp_path / ".telemetry").write_text("consent: false\n", encoding="utf-8")
    with proxy(closes=False) as address:
        machine.set(HTTPS_PROXY=address, https_proxy=address)
        assert machine.answers(project=tmp_path)["telemetry"].seen == "off"


@pytest.mark.parametrize(("free_mib", "state"), [(50, "bad"), (500, "warn"), (5000, "ok")])
def test_a_full_disk_is_seen(machine: Machine, free_mib: int, state: str) -> None:
    facts = replace(machine.facts(), free={"a": 10**12, "b": free_mib * 1024**2})
    assert answers(facts)["disk-space"].state.value == state


def test_the_disk_of_the_project_counts(machine: Machine, tmp_path: Path) -> None:
    assert str(tmp_path) in machine.answers(project=tmp_path)["disk-space"].seen


def test_what_makes_forks_unsafe_is_seen(machine: Machine) -> None:
    facts = machine.facts()
    assert answers(replace(facts, platform="darwin"))["fork-safety"].state.value == "warn"
    safe = {**facts.variables, "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}
    assert answers(replace(facts, platform="darwin", variables=safe))["fork-safety"].state.value == "ok"
    assert machine.set(GRPC_ENABLE_FORK_SUPPORT="false").answers()["fork-safety"].state.value == "warn"
