"""The bench of containers: the stock operators that it compares with."""

from __future__ import annotations

import ast

import pytest

from bench.containers import TASKS, Place

WORDS = Place(
    module="m", operator="O", command="cmds", arguments={"image": "i", "poll": 1}, settings={"execution": "docker"}
)
FUNCTION = Place(module="m", operator="O", command=None, arguments={"python": "p"}, settings={})


def operator_of(source: str) -> dict[str, str]:
    """Return the arguments of the only operator of a DAG file, as source."""
    (call,) = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call) and ast.unparse(one.func) == "O"]
    return {one.arg or "**": ast.unparse(one.value) for one in call.keywords}


def test_a_stock_operator_runs_words_or_nothing() -> None:
    assert operator_of(WORDS.stock("d", ""))["cmds"] == "['true']"
    told = operator_of(WORDS.stock("d", "import a\nprint('b')"))
    assert ast.literal_eval(told["cmds"]) == ["python", "-c", "import a\nprint('b')"]
    assert ast.literal_eval(told["**"]) == {"image": "i", "poll": 1}


@pytest.mark.parametrize(("code", "body"), [("", "pass"), ("import a\nimport b", "import a\nimport b")])
def test_a_stock_operator_runs_a_function(code: str, body: str) -> None:
    source = FUNCTION.stock("d", code)
    (function,) = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.FunctionDef)]
    assert "\n".join(map(ast.unparse, function.body)) == body
    assert operator_of(source)["python_callable"] == "function"
    assert f"range({TASKS})" in source
