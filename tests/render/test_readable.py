"""The check that Python can read a DAG file: quick on thousands of statements, and it still refuses what is wrong."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.render.layout import Call, Text, lay_out
from kedro_aloft.render.readable import check_readable

HEAD = "with DAG():"
TASK = '    {name} = KedroOperator(\n        task_id="{name}",\n        nodes=["{name}", {more}],\n    )'


def _body(*statements: str) -> str:
    return "\n\n".join([*(TASK.format(name=f"n{i}", more='""') for i in range(50)), *statements])


@pytest.mark.parametrize(
    "statement",
    [
        "    n1 >> n2",
        "    [n1, n2] >> n3\n    n3 >> [n4, n5]\n    [\n        n1,\n    ] >> n2",
        '    with TaskGroup("a"):\n        n6 = KedroOperator(task_id="it\'s")\n\n        n7 = K(doc=\'"\')',
        '    n8 = KedroOperator(\n        doc_md=(\n            "a\\n"\n            \'b "c" \\\\\'\n        ),\n    )',
    ],
)
def test_what_python_reads_passes(statement: str) -> None:
    ast.parse(f"{HEAD}\n{_body(statement)}")
    check_readable(HEAD, _body(statement), variables=["n1"])


@pytest.mark.parametrize(
    "statement",
    [
        "    n1 >> ",
        "    n1 >> class",
        "    [n1, n2 >> n3",
        '    n1 = KedroOperator(task_id="a"b")',
        '    n1 = KedroOperator(task_id="a)',
        "    n1 = KedroOperator(1 2)",
        '    1n = KedroOperator(task_id="a")',
        "    n1 = KedroOperator(a=1, a=2)",
        "    n1 = KedroOperator(\n        nodes=[,],\n    )",
        "  n1 = KedroOperator()\n    n2 = KedroOperator()",
    ],
)
def test_one_wrong_statement_among_many_is_seen(statement: str) -> None:
    with pytest.raises(SyntaxError):
        check_readable(HEAD, _body(statement), variables=["n1", "class"] if "class" in statement else ["n1"])


@pytest.mark.parametrize("name", ["class", "a b", "1a", "", "a.b"])
def test_a_variable_has_a_name_of_python(name: str) -> None:
    with pytest.raises(SyntaxError, match="no names of variables"):
        check_readable(HEAD, _body(), variables=["n1", name])


def test_a_head_that_python_cannot_read_is_seen() -> None:
    with pytest.raises(SyntaxError):
        check_readable("with DAG(:", _body(), variables=[])


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_text_that_we_lay_out_passes(texts: list[str]) -> None:
    call = Call("KedroOperator", kwargs=(("nodes", list(texts)), ("doc_md", Text("".join(texts)))), open=True)
    body = "\n\n".join(lay_out(replace(call, open=one), indent=1, prefix="n1 = ") for one in (True, False))
    ast.parse(f"{HEAD}\n{body}")
    check_readable(HEAD, body, variables=["n1"])
