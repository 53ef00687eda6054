"""What tasks need from a Python environment of the project's own."""

from __future__ import annotations

import sys
import venv
from typing import TYPE_CHECKING

from kedro_aloft.preflight import PythonWanted, look_at_python
from kedro_aloft.venv.build import environment_key, interpreter_of

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.doctor import Answer


def look(path: Path, *, python: str | None = None, requirements: str | None = None) -> tuple[Answer, ...]:
    file = None
    if requirements is not None:
        file = path / "requirements.lock"
        if requirements:
            file.write_text(requirements)
    return look_at_python(PythonWanted(python=python, requirements=file, cache=path / "cache"))


def test_an_interpreter_with_kedro_is_ok(tmp_path: Path) -> None:
    (one,) = look(tmp_path, python=sys.executable)
    assert one.result.state.value == "ok"
    assert "with Kedro 1." in one.result.seen


def test_an_interpreter_without_kedro_is_bad(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = str(interpreter_of(tmp_path / "bare"))
    (one,) = look(tmp_path, python=python)
    assert (one.result.state.value, one.result.seen.endswith("without Kedro")) == ("bad", True)
    assert one.result.remedy == f"{python} -m pip install kedro"


def test_an_interpreter_that_is_not_there_is_bad(tmp_path: Path) -> None:
    (one,) = look(tmp_path, python=str(tmp_path / "none"))
    assert (one.code, one.result.state.value) == ("python", "bad")
    assert "No such file" in one.result.seen


def test_requirements_that_cannot_be_resolved_are_bad(tmp_path: Path) -> None:
    (one,) = look(tmp_path, requirements="--no-index\nno-such-thing==1.0\n")
    assert (one.code, one.result.state.value) == ("requirements", "bad")
    assert "no-such-thing" in one.result.seen


def test_requirements_that_can_be_resolved_are_ok(tmp_path: Path) -> None:
    (one,) = look(tmp_path, requirements="--no-index\n")
    assert (one.code, one.result.state.value) == ("requirements", "ok")


def test_a_requirements_file_that_is_not_there_is_bad(tmp_path: Path) -> None:
    (one,) = look(tmp_path, requirements="")
    assert (one.code, one.result.state.value) == ("requirements", "bad")


def test_an_environment_that_was_built_is_asked_itself(tmp_path: Path) -> None:
    file = tmp_path / "requirements.lock"
    file.write_text("--no-index\nno-such-thing==1.0\n")
    venv.create(tmp_path / "cache" / environment_key(file, python=None), with_pip=False)
    built, python = look(tmp_path, requirements=file.read_text())
    assert (built.result.state.value, python.result.state.value) == ("ok", "bad")
