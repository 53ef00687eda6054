"""What Airflow shows about DAG and tasks, read by a Markdown parser as a reader would see it."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kedro_aloft.graph.plan import Plan, Task
from kedro_aloft.graph.snapshot import NodeInfo, SourceLocation
from kedro_aloft.render.describe import describe_dag, describe_file, describe_task
from kedro_aloft.render.markdown import code, show
from render.samples import HOSTILE

names = st.sampled_from(HOSTILE) | st.text(min_size=1) | st.text(alphabet="` a", min_size=1)
PROSE = {"paragraph_open", "paragraph_close", "inline", "text", "code_inline", "softbreak", "fence"}
LISTS = {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}


def tokens(text: str) -> list[Any]:
    parsed: list[Any] = MarkdownIt("commonmark").parse(text)
    return [one for token in parsed for one in (token, *(token.children or []))]


def spans(text: str) -> list[str]:
    return [token.content for token in tokens(text) if token.type == "code_inline"]


@given(names)
def test_a_code_span_holds_exactly_the_visible_name(name: str) -> None:
    assert spans(f"Reads {code(name)}.") == [show(name)]


@given(names)
def test_a_visible_name_is_one_printable_line(name: str) -> None:
    assert show(name).isprintable()


@given(st.lists(names, min_size=1, max_size=3), names, names)
def test_the_page_of_a_task_names_nodes_and_datasets(nodes: list[str], read: str, written: str) -> None:
    nodes = list(dict.fromkeys(nodes))
    task = Task(id="t", nodes=tuple(nodes), inputs=(read,), outputs=(written,))
    info = {nodes[0]: NodeInfo(name=nodes[0], func=nodes[0], source=SourceLocation(file="src/a.py", line=3))}
    page = describe_task(task, info)
    shown = spans(page)
    assert shown[:3] == [show(nodes[0]), show(nodes[0]), "src/a.py"]
    assert shown[-2:] == [show(read), show(written)]
    assert {token.type for token in tokens(page)} <= PROSE | LISTS
    assert page.endswith("\n")


def test_the_line_of_a_function_is_not_shown_for_it_moves_with_every_edit_above() -> None:
    task = Task(id="t", nodes=("a",))
    pages = {
        describe_task(task, {"a": NodeInfo(name="a", func="f", source=SourceLocation(file="a.py", line=line))})
        for line in (3, 4)
    }
    assert len(pages) == 1


@given(names, names, names)
def test_the_page_of_a_dag_is_prose_and_one_picture(package: str, pipeline: str, env: str) -> None:
    plan = Plan(package=package, pipeline=pipeline, env=env, group_by="none", tasks=(Task(id="t", nodes=("n",)),))
    page = describe_dag(plan, doc=None, fingerprint="0123456789abcdef")
    assert spans(page)[:3] == [show(pipeline), show(package), show(env)]
    found = tokens(page)
    assert {token.type for token in found} <= PROSE
    assert [token.info for token in found if token.type == "fence"] == ["mermaid"]
    assert "0123456789abcdef" in page
    assert page.endswith("\n")


@given(names, names, names)
def test_the_docstring_is_one_whatever_the_names(pipeline: str, env: str, command: str) -> None:
    plan = Plan(package="p", pipeline=pipeline, env=env, group_by="none", tasks=(Task(id="t", nodes=("n",)),))
    text = describe_file(plan, command=command, fingerprint="0123456789abcdef")
    found = ast.literal_eval(f'"""{text}\n"""')
    assert found.splitlines()[0].startswith("Kedro pipeline `")
    assert len(found.splitlines()) == 7


@pytest.mark.parametrize(
    ("command", "recorded"),
    [
        ("create --set=db.password=x", "create --set=db.password=***"),
        ("create --params=owner=me,api_token=abc==,retries=3", "create --params=owner=me,api_token=***,retries=3"),
        ("create '--set=env_vars.AWS_SECRET_ACCESS_KEY=a/b'", "create '--set=env_vars.AWS_SECRET_ACCESS_KEY=***'"),
        ("create --set=handoff=s3://me:pw@host/x", "create --set=handoff=s3://***@host/x"),
        ("create --set=retries=3 --env=prod", "create --set=retries=3 --env=prod"),
    ],
)
def test_the_recorded_command_has_no_secrets(command: str, recorded: str) -> None:
    plan = Plan(package="p", pipeline="q", env="e", group_by="none", tasks=(Task(id="t", nodes=("n",)),))
    text = describe_file(plan, command=f"kedro airflow {command}", fingerprint="0")
    assert f"Made by: kedro airflow {recorded}\n" in text
