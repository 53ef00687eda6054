"""Every example in the documentation is valid: airflow.yml, Python, JSON, templates."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kedro_aloft.settings import read_settings
from kedro_aloft.settings.targets import read_targets
from support.commands import program, run_command
from support.pages import ROOT, Block, blocks, commands, pages

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import ProjectBuilder

PIPELINES = ("__default__", "data_processing", "data_science", "reporting")
YAML, PYTHON = blocks("yaml"), blocks("python")


@pytest.mark.parametrize("block", YAML, ids=str)
def test_every_airflow_yml_is_accepted_without_a_notice(block: Block) -> None:
    config = yaml.safe_load(block.text)
    for pipeline in PIPELINES:
        _, notices = read_settings(config, pipeline=pipeline, pipelines=PIPELINES, source=str(block))
        assert notices == ()
    read_targets(config, source=str(block))


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_every_python_example_compiles(block: Block) -> None:
    compile(textwrap.dedent(block.text), str(block), "exec", dont_inherit=True)


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_every_json_example_is_json(block: Block) -> None:
    json.loads(block.text)


def test_there_are_examples_at_all() -> None:
    assert len(YAML) > 10
    assert len(PYTHON) > 2


@pytest.mark.airflow
def test_the_dag_written_by_hand_loads(tmp_path: Path) -> None:
    from support.airflow import load_one, nodes_by_task

    (block,) = blocks("python", page="docs/reference/dag-file.md")
    (tmp_path / "by_hand.py").write_text(block.text, encoding="utf-8")
    assert nodes_by_task(load_one(tmp_path)) == {"split": ["split_data_node"], "train": ["train_model_node"]}


@pytest.mark.airflow
def test_the_template_makes_a_dag_that_loads(builder: ProjectBuilder) -> None:
    from support.airflow import edges, load_one

    (block,) = blocks("jinja", page="docs/how-to/custom-template.md")
    project = (
        builder.functions("def same(x): return x")
        .pipeline("__default__", "node(same, 'params:a', 'b', name='1_load.data'), node(same, 'b', 'c', name='two')")
        .pickles("b", "c")
        .parameters(a=1)
        .file("dag.py.j2", block.text)
        .build()
    )
    project.create("--jinja-file=dag.py.j2")
    assert len(edges(load_one(project.dags))) == 1


@pytest.mark.airflow
def test_the_page_on_dag_files_lists_what_is_public() -> None:
    import dataclasses

    import kedro_aloft.airflow as public
    from support.pages import section, table_rows, text_of

    page = "docs/reference/dag-file.md"
    assert not [name for name in public.__all__ if name not in text_of(page)]
    fields = {field.name: field for field in dataclasses.fields(public.KedroPipeline)}
    rows = [row for row in table_rows(section(page, "Written by hand")) if len(row) == 3]
    documented = {name.strip("`"): default for names, default, _ in rows for name in names.split(", ")}
    assert set(documented) == set(fields)
    for name, field in fields.items():
        if field.default is not dataclasses.MISSING and name in documented and "," not in documented[name]:
            assert documented[name] == f"`{_spelled(field.default)}`", name


@pytest.mark.airflow
def test_every_command_that_compiles_does_so_on_the_example(tmp_path: Path) -> None:
    project = tmp_path / "spaceflights"
    shutil.copytree(ROOT / "examples" / "spaceflights", project, ignore=shutil.ignore_patterns("data", ".airflow"))
    (project / "conf" / "prod").mkdir()
    (project / "dag.py.j2").write_text(blocks("jinja")[0].text, encoding="utf-8")
    for words in _compiling_commands():
        argv = [word.replace("/path/to/", "") for word in words]
        done = run_command(program("kedro"), "airflow", *argv, cwd=project)
        elsewhere = "--target=several-machines" in argv  # where a project that keeps all in data/ cannot run
        assert done.code in ((0, 1) if "--exit-code" in argv or elsewhere else (0,)), f"{argv}: {done.text}"
        assert ("✗" in done.text) == elsewhere, f"{argv}: {done.text}"


def _compiling_commands() -> list[list[str]]:
    """The commands of all pages that start no Airflow, each once; `init` first, which must find nothing."""
    found = {tuple(words): None for page in pages() for words in commands(page)}
    wanted = [
        list(words) for words in found if words[0] in {"check", "create", "diff", "plan"} and "--help" not in words
    ]
    assert len(wanted) > 10
    return [["init"], *wanted, ["init", "--force"]]


def _spelled(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)
