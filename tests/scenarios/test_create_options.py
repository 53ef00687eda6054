"""T2, T5–T16, T20, N5, N20, N22: every option of kedro-airflow's `create`, seen in the DAG that Airflow loads."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import (
    airflow_environment,
    edges,
    kedro_tasks,
    load_dags,
    load_one,
    nodes_by_task,
    run_dag_test,
    serialize,
)
from support.commands import program, run_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow

FUNCTIONS = "def first(*values): return 1"
GROUPINGS = ("none", "memory", "namespace", "tag", "pipeline", "chain")


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    """Three pipelines, several environments, nothing that needs a run."""
    return (
        module_builder("options")
        .functions(FUNCTIONS)
        .pipeline(
            "__default__",
            """
            node(first, "raw", "x", name="split", tags=["nightly", "slow_lane"]),
            node(first, "x", "y", name="train", tags="gpu", namespace=None),
            node(first, "y", "z", name="report", tags="nightly"),
            """,
        )
        .pipeline("etl", 'node(first, "raw", "x", name="load"), node(first, "x", "y", name="clean")')
        .pipeline("science-1", 'node(first, "raw", "z", name="model")')
        .pickles("raw", "x", "y", "z")
        .file("conf/prod/catalog.yml", "{}")
        .file("conf/test-2/catalog.yml", "{}")
        .build()
    )


def created(project: Project, name: str, *args: str, env: dict[str, str] | None = None) -> Path:
    """Create DAG files in a folder of their own."""
    folder = project.path / name
    project.create(f"--target-dir={name}", *args, env=env)
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_another_pipeline_than_the_default_one(project: Project) -> None:
    """T2: `-p etl` compiles the pipeline `etl`."""
    dag = load_one(created(project, "t2", "-p", "etl"))
    assert nodes_by_task(dag) == {"load": ["load"], "clean": ["clean"]}
    assert edges(dag) == {("load", "clean")}


def test_the_environment_is_part_of_the_file_name_unless_it_is_local(project: Project) -> None:
    """T8: file names as kedro-airflow gives them."""
    package = project.package
    folder = created(project, "t8")
    created(project, "t8", "--env=local", "-p", "etl")
    created(project, "t8", "--env=prod")
    created(project, "t8", "--env=prod", "--pipelines=etl")
    expected = [f"{package}_dag.py", f"{package}_etl_dag.py", f"{package}_prod_dag.py", f"{package}_prod_etl_dag.py"]
    assert names_in(folder) == sorted(expected)


def test_kedro_env_counts_and_the_option_wins_over_it(project: Project) -> None:
    """A18, T22: the environment variable KEDRO_ENV, and `--env` over it."""
    by_variable = load_one(created(project, "a18-variable", env={"KEDRO_ENV": "prod"}))
    by_option = load_one(created(project, "a18-option", "--env=test-2", env={"KEDRO_ENV": "prod"}))
    assert {task.kedro.env for task in kedro_tasks(by_variable).values()} == {"prod"}
    assert {task.kedro.env for task in kedro_tasks(by_option).values()} == {"test-2"}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("nightly", {"split", "report"}),
        ("gpu,nightly", {"split", "train", "report"}),
        (" gpu , slow_lane ", {"split", "train"}),
    ],
)
def test_tags_select_nodes(project: Project, tags: str, expected: set[str]) -> None:
    """T9: one tag, several tags, spaces around them."""
    dag = load_one(created(project, f"t9-{abs(hash(tags))}", f"--tags={tags}"))
    assert {name for nodes in nodes_by_task(dag).values() for name in nodes} == expected


def test_an_unknown_pipeline_is_refused_with_the_closest_name(project: Project) -> None:
    """T10, A25: also when other pipelines are fine; nothing is written."""
    before = project.tree()
    done = project.airflow("create", "-p", "etl,sience-1", "--target-dir=t10")
    assert done.code != 0
    assert "sience-1" in done.text
    assert "science-1" in done.text
    assert "Traceback" not in done.text
    assert project.tree() == before


def test_all_pipelines_become_one_dag_each(project: Project) -> None:
    """T11, A11: `--all`; every DAG has an id of its own."""
    dags, errors = load_dags(created(project, "t11", "--all"))
    assert not errors
    assert sorted(len(nodes_by_task(dag)) for dag in dags.values()) == [1, 2, 3]


def test_a_comma_list_of_pipelines(project: Project) -> None:
    """T12: `-p a,b`, with spaces; a pipeline that is named twice is compiled once."""
    folder = created(project, "t12", "-p", "etl, science-1,etl")
    dags, errors = load_dags(folder)
    assert not errors
    assert sorted(len(nodes_by_task(dag)) for dag in dags.values()) == [1, 2]


def test_all_and_a_list_exclude_each_other(project: Project) -> None:
    """T13: exit code 2, as for any misuse of the command line."""
    before = project.tree()
    done = project.airflow("create", "--all", "-p", "etl")
    assert done.code == 2
    assert "--all" in done.text
    assert project.tree() == before


KEPT = "kept: {type: pickle.PickleDataset, filepath: data/kept.pkl}"


def test_conf_source_is_read_now_and_when_tasks_run(
    builder: ProjectBuilder, airflow_database: Path, tmp_path: Path
) -> None:
    """T14, T20, N17, A19: another conf folder; the task runs from a directory far away from the project."""
    project = (
        builder.functions("def keep(value): return value")
        .pipeline("__default__", 'node(keep, "params:number", "kept", name="keep")')
        .parameters(number=1)
        .file("elsewhere/conf with space/base/parameters.yml", "number: 2")
        .file(
            "elsewhere/conf with space/base/catalog.yml", "kept: {type: pickle.PickleDataset, filepath: data/kept.pkl}"
        )
        .file("elsewhere/conf with space/local/catalog.yml", "{}")
        .build()
    )
    conf = project.path / "elsewhere" / "conf with space"
    project.create("--conf-source", conf)
    dag = load_one(project.dags)
    work = tmp_path / "work"
    work.mkdir()
    run_dag_test(project.dags, dag.dag_id, template=airflow_database, workdir=work).succeeded()
    assert project.pickled("kept") == 2
    assert names_in(work) == ["airflow_home"]


def test_airflow_lists_the_tasks_and_runs_one_alone(
    builder: ProjectBuilder, airflow_database: Path, tmp_path: Path
) -> None:
    """T20: `airflow tasks list` and `airflow tasks test`, as in kedro-airflow's own end-to-end tests."""
    project = (
        builder.functions("def keep(value): return value")
        .pipeline("__default__", 'node(keep, "params:n", "one", name="split"), node(keep, "one", "two", name="train")')
        .pickles("one", "two")
        .parameters(n=3)
        .build()
    )
    project.create()
    dag_id = load_one(project.dags).dag_id
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(airflow_database, home / "airflow.db")
    environment = airflow_environment(home, project.dags)
    airflow = program("airflow")
    listed = run_command(airflow, "tasks", "list", dag_id, cwd=home, env=environment).ok()
    assert {"split", "train"} <= set(listed.out.split())
    run_command(airflow, "tasks", "test", dag_id, "split", cwd=home, env=environment).ok()
    assert project.pickled("one") == 3
    assert not (project.path / "data" / "two.pkl").exists()


@pytest.mark.parametrize("word", ["MEMORY", "Namespace", "none"])
def test_the_grouping_is_read_without_regard_to_case(project: Project, word: str) -> None:
    """T15: valid words in any case."""
    assert load_one(created(project, f"t15-{word}", "--group-by", word))


def test_an_invalid_grouping_is_a_usage_error(project: Project) -> None:
    """T15: exit code 2, with the words that are allowed."""
    done = project.airflow("create", "-g", "colour")
    assert done.code == 2
    assert "namespace" in done.text


def test_all_pipelines_in_two_environments_have_unique_ids_in_one_dagbag(project: Project) -> None:
    """N5, A11, A30: three pipelines × three environments in one folder."""
    for env in ("local", "prod", "test-2"):
        created(project, "n5", "--all", f"--env={env}")
    dags, errors = load_dags(project.path / "n5")
    assert not errors
    assert len(dags) == 9
    assert len({dag_id.lower() for dag_id in dags}) == 9


def test_the_same_dag_id_for_two_pipelines_is_refused(project: Project) -> None:
    """N5, A12: an id that would hide another DAG is an error, not a surprise in Airflow."""
    before = project.tree()
    done = project.airflow("create", "--all", "--set=dag_id=same")
    assert done.code == 1
    assert "same" in done.text
    assert "dag_id" in done.text
    assert project.tree() == before


def test_the_dag_id_can_be_set(project: Project) -> None:
    """A12: kedro-airflow fails with a TypeError here."""
    dag = load_one(created(project, "a12", "--set=dag_id=shop-daily"))
    assert dag.dag_id == "shop-daily"


# --- airflow.yml


@pytest.fixture
def layered(builder: ProjectBuilder) -> Project:
    return (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, "raw", "x", name="a")')
        .pipeline("etl", 'node(first, "raw", "y", name="b")')
        .pipeline("default", 'node(first, "raw", "z", name="c")')
        .pickles("raw", "x", "y", "z")
        .airflow_yml("default: {owner: everybody, retries: 2, tags: [a]}\netl: {owner: etl team}\n")
        .airflow_yml("etl: {retries: 5}\n", env="prod")
        .build()
    )


def owner_and_retries(dag: Any) -> tuple[str, int]:
    tasks = list(kedro_tasks(dag).values())
    return tasks[0].owner, tasks[0].retries


def test_a_section_wins_over_default_and_the_command_line_over_both(layered: Project) -> None:
    """T5: default → section → environment → `--params` and `--set`."""
    found = {
        "default": load_one(created(layered, "one")),
        "section": load_one(created(layered, "two", "-p", "etl")),
        "params": load_one(created(layered, "three", "-p", "etl", "--params", "owner=me,retries=0")),
        "set": load_one(created(layered, "four", "-p", "etl", "--set=owner=me", "--set", "retries=7")),
    }
    assert {name: owner_and_retries(dag) for name, dag in found.items()} == {
        "default": ("everybody", 2),
        "section": ("etl team", 2),
        "params": ("me", 0),
        "set": ("me", 7),
    }


def test_an_environment_overlays_airflow_yml_as_the_config_loader_says(layered: Project) -> None:
    """T5, T40: Kedro's own loader merges the environments; its default replaces whole sections."""
    owner, retries = owner_and_retries(load_one(created(layered, "prod", "-p", "etl", "--env=prod")))
    assert (owner, retries) == ("everybody", 5)


def test_a_pipeline_that_is_called_default_gets_the_default_section_and_a_notice(layered: Project) -> None:
    """A30: a collision that nobody sees in kedro-airflow."""
    done = layered.airflow("create", "-p", "default").ok()
    assert "ALOFT-213" in done.err


def test_another_config_pattern_finds_another_file(builder: ProjectBuilder) -> None:
    """T5: `CONFIG_LOADER_ARGS` may say that the settings are in `scheduler*`."""
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, "raw", "x", name="a")')
        .pickles("raw", "x")
        .settings(
            """
            CONFIG_LOADER_ARGS = {
                "base_env": "base",
                "default_run_env": "local",
                "config_patterns": {"airflow": ["scheduler*", "scheduler/**"]},
            }
            """
        )
        .file("conf/base/scheduler.yml", "default: {owner: scheduler}")
        .airflow_yml("default: {owner: airflow_yml}")
        .build()
    )
    project.create()
    assert owner_and_retries(load_one(project.dags))[0] == "scheduler"


def test_several_files_and_globals_make_the_settings(builder: ProjectBuilder) -> None:
    """T5: `airflow*` and `airflow/**`, with Kedro's globals and resolvers inside."""
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, "raw", "x", name="a")')
        .pipeline("etl", 'node(first, "raw", "y", name="b")')
        .pickles("raw", "x", "y")
        .file("conf/base/globals.yml", "team: ducks")
        .file("conf/base/airflow.yml", 'default: {owner: "${globals:team}"}')
        .file("conf/base/airflow/etl.yml", "etl: {retries: 9}")
        .build()
    )
    project.create("-p", "etl")
    assert owner_and_retries(load_one(project.dags)) == ("ducks", 9)


def schedule_of(dag: Any) -> str:
    """Return the cron text that Airflow stores."""
    return str(serialize(dag)["dag"]["timetable"]["__var"]["expression"])


def test_the_old_spelling_of_the_schedule_works_and_says_so(builder: ProjectBuilder) -> None:
    """T16: `schedule_interval` is `schedule`; Airflow 3 removed the word."""
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, "raw", "x", name="a")')
        .pickles("raw", "x")
        .airflow_yml('default: {schedule_interval: "@weekly"}')
        .build()
    )
    done = project.airflow("create").ok()
    assert "ALOFT-210" in done.err
    assert schedule_of(load_one(project.dags)) in ("@weekly", "0 0 * * 0")
    by_params = created(project, "params", "--params", "schedule_interval='0 3 * * *'")
    assert schedule_of(load_one(by_params)) == "0 3 * * *"


def test_several_other_dags_can_be_waited_for(project: Project) -> None:
    """N22, K12, K13: kedro-airflow-k8s repeats a task group's id and its sensors hold a slot for a day."""
    folder = project.path / "n22"
    waits = "[{dag_id: ingest, timeout: 6h}, {dag_id: ingest, task_id: last}, {dag_id: other, execution_delta: 1h}]"
    project.create("--target-dir=n22", f"--set=wait_for={waits}")
    dag = load_one(folder)
    sensors = [task for task in dag.tasks if hasattr(task, "external_dag_id")]
    assert [(task.external_dag_id, task.external_task_id, task.deferrable) for task in sensors] == [
        ("ingest", None, True),
        ("ingest", "last", True),
        ("other", None, True),
    ]
    assert all(task.failed_states and task.downstream_task_ids == {"split"} for task in sensors)


# --- custom templates

TEMPLATE = '''\
from airflow.sdk import dag, task


@dag(
    dag_id={{ dag_name | slugify | tojson }},
    schedule={{ schedule_interval | default("@once") | tojson }},
    tags={{ labels }},
    description={{ description | tojson }},
)
def made():
    tasks = {}
    {% for group in node_objs %}

    @task(task_id={{ group.name | slugify | tojson }}, retries={{ retries }})
    def task_{{ loop.index }}(nodes={{ group.nodes }}, kind={{ group.type | tojson }}):
        """{{ package_name }} {{ pipeline_name }} {{ env }} {{ conf_source }}"""

    tasks[{{ group.name | tojson }}] = task_{{ loop.index }}()
    {% endfor %}
    {% for group in node_objs %}
    {% for parent in group.dependencies %}
    tasks[{{ parent | tojson }}] >> tasks[{{ group.name | tojson }}]
    {% endfor %}
    {% endfor %}


made()
'''


def test_a_custom_template_gets_kedro_airflows_variables(builder: ProjectBuilder) -> None:
    """T6, A15: the variables, unknown settings as variables, and nothing escaped as HTML."""
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, "raw", "x", name="load.data"), node(first, "x", "y", name="load_data")')
        .pickles("raw", "x", "y")
        .airflow_yml("default: {retries: 4, schedule: '@daily', description: \"Bob's <daily> & more\", labels: [a, b]}")
        .file("template.j2", TEMPLATE)
        .build()
    )
    project.create("--jinja-file", project.path / "template.j2", "--verify")
    dag = load_one(project.dags)
    assert dag.description == "Bob's <daily> & more"
    assert set(dag.tags) == {"a", "b"}
    assert len(dag.tasks) == 2
    assert len({task.task_id for task in dag.tasks}) == 2
    assert sum(len(task.downstream_task_ids) for task in dag.tasks) == 1
    assert {task.retries for task in dag.tasks} == {4}


def test_variables_of_a_template_disturb_no_other_command(builder: ProjectBuilder, tmp_path: Path) -> None:
    project = (
        builder.functions("def one(): return 1")
        .pipeline("__default__", "node(one, None, 'a', name='one')")
        .pickles("a")
        .airflow_yml("default: {template_vars: {team: sales}}")
        .file("dag.j2", "TEAM = {{ team.__repr__() }}\n")
        .build()
    )
    for words in (("check",), ("plan",), ("create",), ("preflight",), ("deploy", tmp_path / "there")):
        assert project.airflow(*words).ok(), words
    project.create("--jinja-file", project.path / "dag.j2")
    assert [path.read_text() for path in project.dags.glob("*.py")] == ["TEAM = 'sales'"]


def test_a_template_that_does_not_exist_is_a_usage_error(project: Project) -> None:
    """T7: exit code 2."""
    done = project.airflow("create", "-j", "no_such_template.j2")
    assert done.code == 2
    assert "no_such_template.j2" in done.text


def test_a_template_with_a_mistake_names_its_line_and_writes_nothing(builder: ProjectBuilder) -> None:
    """T6, T7: wrong Jinja, and right Jinja that makes wrong Python."""
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, "raw", "x", name="a")')
        .pickles("raw", "x")
        .file("wrong.j2", "x = 1\n{% for group in node_objs %}\n")
        .file("no_python.j2", "x = = {{ dag_name }}\n")
        .build()
    )
    before = project.tree()
    for name, seen in (("wrong.j2", "wrong.j2"), ("no_python.j2", "x = =")):
        done = project.airflow("create", "-j", name)
        assert done.code == 1
        assert seen in done.text
        assert "Traceback" not in done.text
    assert project.tree() == before


# --- files


def test_what_did_not_change_is_not_written_again(project: Project) -> None:
    """N13, N20: a second `create` leaves the file alone; a change of a setting makes a new fingerprint."""
    folder = created(project, "same")
    (path,) = folder.iterdir()
    before = path.stat()
    created(project, "same")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    first = load_one(folder).doc_md
    created(project, "same", "--set=retries=9")
    assert load_one(folder).doc_md != first


def test_verify_says_that_the_installed_airflow_loads_the_files(project: Project) -> None:
    """T11: `--verify` loads what is about to be written, all of it."""
    done = project.airflow("create", "--all", "--verify", "--target-dir=verified").ok()
    assert "loads" in done.err
    assert len(names_in(project.path / "verified")) == 3


def test_a_dag_is_stored_and_read_back_by_airflow_under_every_grouping(project: Project) -> None:
    """T15: one more load of every grouping, with what Airflow stores of it being plain JSON."""
    for grouping in GROUPINGS:
        arguments = (f"--group-by={grouping}", "--set=group_tags=[nightly, gpu]")
        stored = serialize(load_one(created(project, f"stored-{grouping}", *arguments)))
        assert json.loads(json.dumps(stored)) == stored


def test_hooks_of_mlflow_are_loaded_where_the_configuration_speaks_of_it(project: Project) -> None:
    """What airflow.yml says is taken as it is."""
    project.write("conf/test-2/mlflow.yml", "server: {}\n")
    plain = next(iter(kedro_tasks(load_one(created(project, "plugins_plain"))).values()))
    used = next(iter(kedro_tasks(load_one(created(project, "plugins_used", "--env=test-2"))).values()))
    told = created(project, "plugins_told", "--env=test-2", "--set", "skip_plugin_hooks=[kedro-mlflow]")
    assert plain.kedro.skip_plugin_hooks == ("kedro-mlflow", "kedro-telemetry", "kedro-viz")
    assert used.kedro.skip_plugin_hooks == ("kedro-telemetry", "kedro-viz")
    assert used.kedro.mlflow
    assert {"start_run", "finish_run"} <= set(used.dag.task_ids)
    assert not plain.kedro.mlflow
    assert not {"start_run", "finish_run"} & {*plain.dag.task_ids, *load_one(told).task_ids}
    assert next(iter(kedro_tasks(load_one(told)).values())).kedro.skip_plugin_hooks == ("kedro-mlflow",)
