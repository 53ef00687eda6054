"""Bad input gets a clear answer before anything runs, and leaves nothing half-written (issue 2, N7, N9, N24, N25)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import load_one, nodes_by_task, serialize

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.commands import Done
    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow

FUNCTIONS = "def first(*values): return 1"
SOUND = 'node(first, "raw", "x", name="load_raw"), node(first, "x", "y", name="make_y")'


def sound(builder: ProjectBuilder) -> ProjectBuilder:
    """A project that is all right; tests break one thing."""
    return builder.functions(FUNCTIONS).pipeline("__default__", SOUND).pickles("raw", "x", "y")


def refused(project: Project, *args: str, words: tuple[str, ...], code: int = 1) -> Done:
    """Run `kedro airflow …`, which must fail clearly: exit code, all words, no traceback, nothing written."""
    before = project.tree()
    done = project.airflow(*args)
    assert done.code == code, done.text
    assert "Traceback" not in done.text
    assert [word for word in words if word not in done.text] == [], done.text
    assert project.tree() == before
    assert not (project.path / ".airflow" / "home").exists()
    return done


# --- projects that cannot be read

BREAKS: dict[str, tuple[Callable[[ProjectBuilder], ProjectBuilder], tuple[str, ...]]] = {
    "a function's module cannot be imported": (
        lambda builder: builder.functions("import a_library_that_is_not_there"),
        ("a_library_that_is_not_there", "functions.py"),
    ),
    "a module has a syntax error": (
        lambda builder: builder.functions("def broken(:"),
        ("functions.py", "SyntaxError"),
    ),
    "the registry raises": (
        lambda builder: builder.registry("def register_pipelines():\n    return {'__default__': 1 / 0}\n"),
        ("ZeroDivisionError", "pipeline_registry.py"),
    ),
    "settings.py raises": (
        lambda builder: builder.settings("raise RuntimeError('settings are wrong')\n"),
        ("settings are wrong", "settings.py"),
    ),
    "the catalog is broken YAML": (
        lambda builder: builder.catalog("broken:\n  type: pickle.PickleDataset\n filepath: [unclosed"),
        ("catalog.yml",),
    ),
    "a catalog entry has no type": (
        lambda builder: builder.catalog("x2: {filepath: data/x2.pkl}").pipeline(
            "__default__", SOUND + ', node(first, "y", "x2", name="last")'
        ),
        ("x2", "type"),
    ),
    "a credentials key is missing": (
        lambda builder: builder.catalog(
            "z: {type: pickle.PickleDataset, filepath: data/z.pkl, credentials: no_such_key}"
        ).pipeline("__default__", SOUND + ', node(first, "y", "z", name="last")'),
        ("no_such_key", "credentials"),
    ),
    "the parameters are broken YAML": (
        lambda builder: builder.file("conf/base/parameters.yml", "a: [1, 2\nb: }"),
        ("parameters.yml",),
    ),
    "airflow.yml is broken YAML": (
        lambda builder: builder.airflow_yml("default: {owner: [}"),
        ("airflow.yml",),
    ),
    "two nodes have one name": (
        lambda builder: builder.pipeline(
            "__default__", 'node(first, "raw", "x", name="a"), node(first, "raw", "y", name="a")'
        ),
        ("a",),
    ),
    "two nodes write one dataset": (
        lambda builder: builder.pipeline(
            "__default__", 'node(first, "raw", "x", name="a"), node(first, "raw", "x", name="b")'
        ),
        ("x",),
    ),
    "nodes wait for each other in a circle": (
        lambda builder: builder.pipeline(
            "__default__", 'node(first, "y", "x", name="to_x"), node(first, "x", "y", name="to_y")'
        ),
        ("to_x", "to_y"),
    ),
    "an input is neither written nor kept": (
        lambda builder: builder.pipeline("__default__", 'node(first, "nowhere", "x", name="reader")'),
        ("nowhere", "reader"),
    ),
    "a parameter does not exist": (
        lambda builder: builder.pipeline("__default__", 'node(first, "params:missing.key", "x", name="reader")'),
        ("missing.key",),
    ),
    "the default pipeline is empty": (
        lambda builder: builder.registry("def register_pipelines():\n    return {}\n"),
        ("__default__",),
    ),
}


@pytest.mark.parametrize("command", ["create", "run"])
@pytest.mark.parametrize("why", BREAKS)
def test_a_project_that_is_wrong_is_refused(builder: ProjectBuilder, why: str, command: str) -> None:
    """Unimportable project, broken YAML, missing credentials key …: named with its place; nothing is left behind."""
    break_it, words = BREAKS[why]
    refused(break_it(sound(builder)).build(), command, words=words)


# --- command lines that ask for what is not there


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    return (
        sound(module_builder("sound"))
        .pipeline("etl", 'node(first, "raw", "x", name="load_etl", tags="nightly")')
        .file("conf/prod/catalog.yml", "{}")
        .build()
    )


@pytest.mark.parametrize("command", ["create", "run", "plan", "check", "diff"])
def test_a_pipeline_that_does_not_exist(project: Project, command: str) -> None:
    """T10: with the closest name."""
    refused(project, command, "-p", "elt", words=("'elt'", "etl"), code=1)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--tags=weekly",), ("weekly",)),
        (("--env=prdo",), ("prdo", "prod")),
        (("--nodes=load_rwa",), ("load_rwa",)),
        (("--from-nodes=load_rwa",), ("load_rwa",)),
        (("--to-nodes=nobody",), ("nobody",)),
        (("--from-inputs=nothing",), ("nothing",)),
        (("--to-outputs=nothing",), ("nothing",)),
        (("--namespaces=nowhere",), ("nowhere",)),
        (("--conf-source=no/such/conf",), ("no/such/conf",)),
        (("--set=retires=3",), ("retires", "retries")),
        (("--set=schedule=every day",), ("schedule", "every day")),
        (("--set=tasks=[{select: tag:gpu, retires: 3}]",), ("retires", "retries")),
    ],
)
@pytest.mark.parametrize("command", ["create", "run"])
def test_a_selection_or_setting_that_matches_nothing(
    project: Project, command: str, args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """N7: tags that match nothing, an env that does not exist, unknown nodes, datasets, namespaces and settings."""
    refused(project, command, *args, words=words)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("create", "--set=no_equals_sign"), ("no_equals_sign",)),
        (("create", "--params", "schedule='unclosed"), ("schedule",)),
        (("create", "--all", "-p", "etl"), ("--all",)),
        (("create", "--no-such-option"), ("--no-such-option",)),
        (("crate",), ("crate", "create")),
        (("run", "--params", "no_equals_sign"), ("no_equals_sign",)),
        (("up", "--port=99999999"), ("99999999",)),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(project: Project, args: tuple[str, ...], words: tuple[str, ...]) -> None:
    """Exit code 2 for what is wrong on the command line itself."""
    refused(project, *args, words=words, code=2)


def test_outside_of_a_project_the_answer_says_so(project: Project) -> None:
    """No project, no traceback."""
    done = project.kedro("airflow", "create", cwd=project.path.parent)
    assert done.code != 0
    assert "Traceback" not in done.text
    assert "project" in done.text.lower() or "No such command" in done.text


# --- airflow.yml


@dataclass(frozen=True, slots=True)
class Mistake:
    """One line of airflow.yml below `default:` and what the answer must name."""

    yaml: str
    words: tuple[str, ...]


MISTAKES = [
    Mistake("schedule_intervall: '@daily'", ("default.schedule_intervall", "schedule")),
    Mistake("ownr: me", ("default.ownr", "owner")),
    Mistake("retries: many", ("default.retries", "many")),
    Mistake("retries: -1", ("default.retries", "-1")),
    Mistake("retry_delay: 30 parsecs", ("default.retry_delay", "30 parsecs")),
    Mistake("schedule: 0 0 4 * * *", ("default.schedule", "0 0 4 * * *")),
    Mistake("schedule: 61 * * * *", ("default.schedule", "61 * * * *")),
    Mistake("schedule: ''", ("default.schedule", "null")),
    Mistake("timezone: Europe/Zurych", ("default.timezone", "Europe/Zurych")),
    Mistake("start_date: 2023-13-01", ("default.start_date", "2023-13-01")),
    Mistake("start_date: '2023-01-01T06:00:00'", ("default.start_date", "timezone")),
    Mistake("start_date: 'days_ago(2)'", ("default.start_date", "days_ago(2)")),
    Mistake("group_by: colour", ("default.group_by", "colour")),
    Mistake("handoff: {url: s3://bucket}", ("default.handoff.url", "uri")),
    Mistake("catchup: perhaps", ("default.catchup", "perhaps")),
    Mistake("dag_id: 'proj:${commit}'", ("airflow.yml",)),
    Mistake("tags: {a: b}", ("default.tags",)),
    Mistake("notify: {on_failure: [{slack_conn_id: x}]}", ("default.notify.on_failure", "class")),
]


def test_every_mistake_in_airflow_yml_is_named_at_once_with_its_path(builder: ProjectBuilder) -> None:
    """N7, A12–A17, K15: all mistakes in one answer, each with path and what is allowed."""
    together = [one for one in MISTAKES if "commit" not in one.yaml and one.yaml.count("schedule:") == 0]
    single: dict[str, Mistake] = {one.yaml.partition(":")[0]: one for one in together}
    text = "default:\n" + "".join(f"  {one.yaml}\n" for one in single.values())
    words = tuple(word for one in single.values() for word in one.words)
    refused(sound(builder).airflow_yml(text).build(), "create", words=words)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.yaml)
def test_one_mistake_in_airflow_yml(builder: ProjectBuilder, mistake: Mistake) -> None:
    """N7, K14, K15: one by one, because one may hide another."""
    refused(sound(builder).airflow_yml(f"default:\n  {mistake.yaml}\n").build(), "create", words=mistake.words)


def test_a_section_without_a_pipeline_is_named(builder: ProjectBuilder) -> None:
    """N7: with the closest pipeline; also for another pipeline than the one that is asked for."""
    project = sound(builder).pipeline("training", SOUND).airflow_yml("trainning: {retries: 1}\n").build()
    refused(project, "create", words=("trainning", "training"))


# --- strings


NASTY = [
    "O'Brien & Co",
    'a "quoted" word',
    '"""',
    "'''",
    "back\\slash \\n \\x41 \\",
    "C:\\new\\table",
    "{braces} {0} {{ds}} {% raw %}",
    "<b>&amp;</b>",
    "line\nbreak",
    "tab\t and trailing \\",
    "100 % $HOME `id` #",
    "🚀 ünïcode \u2028 \u200b",
    '"); import os; os.abort() #',
]


def test_any_string_comes_out_in_airflow_as_it_went_in(builder: ProjectBuilder) -> None:
    """N6, N23, A15, A16, K29: quotes, backslashes, `&`, braces in every setting that takes a text."""
    import yaml

    text = "\n".join(NASTY)
    settings: dict[str, Any] = {
        "description": text,
        "owner": NASTY[0],
        "tags": [word.replace("\n", " ")[:60] for word in NASTY],
        "doc": text,
        "display_name": 'Bob\'s "shop" \\ {x}',
        "env_vars": {"NASTY": text},
        "runtime_params": {"nasty": NASTY, "nested": {'a "key"': {"b": text}}},
        "handoff": {"uri": '/tmp/it\'s {here} & "there"'},
        "project_path": "C:\\new\\table",
        "conf_source": "C:\\new\\'conf'",
        "notify": {"on_failure": [{"class": "support.notes.Note", "text": text}]},
    }
    project = (
        sound(builder)
        .pipeline("__default__", 'node(first, ["raw", "params:nasty", "params:more"], "x", name="a")')
        .file("conf/base/parameters.yml", yaml.safe_dump({"nasty": NASTY, "more": {"text": text}}))
        .file("conf/base/airflow.yml", yaml.safe_dump({"default": settings}))
        .build()
    )
    project.create()
    dag = load_one(project.dags)
    (task,) = (one for one in dag.tasks if one.task_id == "a")
    assert (dag.description, task.owner) == (text, NASTY[0])
    assert set(settings["tags"]) <= set(dag.tags)
    assert text in dag.doc_md
    assert dag.dag_display_name == settings["display_name"]
    assert task.env_vars["NASTY"] == text
    assert task.kedro.runtime_params == settings["runtime_params"]
    assert task.kedro.handoff == settings["handoff"]["uri"]
    assert task.kedro.project_path == settings["project_path"]
    assert task.kedro.conf_source == settings["conf_source"]
    callbacks = dag.on_failure_callback
    (callback,) = callbacks if isinstance(callbacks, list) else [callbacks]
    assert callback.text == text
    shown = {name: dag.params[name] for name in dag.params}
    assert shown["nasty"] == NASTY
    assert shown["more.text" if "more.text" in shown else "more"] in (text, {"text": text})


@pytest.mark.parametrize(
    ("yaml", "kind", "fields"),
    [
        ("schedule: null", "NullTimetable", {}),
        ("retries: 1", "NullTimetable", {}),
        ("schedule: '@once'", "OnceTimetable", {}),
        ("schedule: '0 6 * * 1-5'", "CronTriggerTimetable", {"expression": "0 6 * * 1-5", "timezone": "UTC"}),
        ("schedule: '@daily'\n  timezone: Asia/Tokyo", "CronTriggerTimetable", {"timezone": "Asia/Tokyo"}),
        ("schedule: '@daily'\n  interval: data", "CronDataIntervalTimetable", {"expression": "0 0 * * *"}),
        ("schedule: {every: 90m}", "DeltaTriggerTimetable", {"delta": 5400.0}),
        ("schedule: {assets: ['s3://shop/orders', plain]}", "AssetTriggeredTimetable", {}),
    ],
)
def test_every_kind_of_schedule(builder: ProjectBuilder, yaml: str, kind: str, fields: dict[str, Any]) -> None:
    """N6, A13: null, and saying nothing, mean that nothing runs by itself."""
    project = sound(builder).airflow_yml(f"default:\n  {yaml}\n").build()
    project.create()
    timetable = serialize(load_one(project.dags))["dag"]["timetable"]
    assert timetable["__type"].rpartition(".")[2] == kind
    assert {name: timetable["__var"][name] for name in fields} == fields


@pytest.mark.parametrize(
    ("yaml", "moment"),
    [
        ("start_date: 2023-08-09", "2023-08-09T00:00:00+00:00"),
        ("start_date: '2023-08-09'", "2023-08-09T00:00:00+00:00"),
        ("start_date: [2023, 8, 9]", "2023-08-09T00:00:00+00:00"),
        ("start_date: 2023-08-09T06:00:00+02:00", "2023-08-09T06:00:00+02:00"),
        ("start_date: 2023-08-09\n  timezone: Europe/Zurich", "2023-08-09T00:00:00+02:00"),
        ("retries: 1", "2023-01-01T00:00:00+00:00"),
    ],
)
def test_every_form_of_start_date_is_an_aware_moment(builder: ProjectBuilder, yaml: str, moment: str) -> None:
    """N6, A14: ISO text, YAML date, list of numbers, with zone and without."""
    from datetime import datetime

    project = sound(builder).airflow_yml(f"default:\n  {yaml}\n").build()
    project.create()
    dag = load_one(project.dags)
    assert dag.start_date == datetime.fromisoformat(moment)
    assert dag.start_date.tzinfo is not None
    assert serialize(dag)


# --- findings


def test_two_datasets_in_one_place_are_a_finding_and_their_nodes_never_race(builder: ProjectBuilder) -> None:
    """N9, G2: `check` names the place and both datasets; the nodes that use it run one after the other."""
    project = (
        builder.functions(FUNCTIONS)
        .pipeline(
            "__default__", 'node(first, "raw", "X_train", name="train"), node(first, "raw", "X_test", name="test")'
        )
        .pickles("raw")
        .catalog(
            """
            X_train: {type: pickle.PickleDataset, filepath: data/x_train.pkl}
            X_test: {type: pickle.PickleDataset, filepath: data/x_train.pkl}
            """
        )
        .build()
    )
    done = project.airflow("check", "--json")
    (finding,) = done.json()
    assert finding["severity"] in ("warning", "error")
    assert done.code == (1 if finding["severity"] == "error" else 0)
    for word in ("X_train", "X_test", "data/x_train.pkl"):
        assert word in str(finding)
    tasks = {task["id"]: task["upstream"] for task in project.plan()["tasks"]}
    assert sorted(len(upstream) for upstream in tasks.values()) == [0, 1]


def test_transcoded_datasets_in_one_place_are_no_finding(builder: ProjectBuilder) -> None:
    """N9, N2: they share their place on purpose."""
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, "raw", "t@a", name="w"), node(first, "t@b", "out", name="r")')
        .pickles("raw", "out")
        .catalog(
            """
            t@a: {type: pickle.PickleDataset, filepath: data/t.pkl}
            t@b: {type: pickle.PickleDataset, filepath: data/t.pkl}
            """
        )
        .build()
    )
    done = project.airflow("check", "--json").ok()
    assert done.json() == []


def test_a_dataset_whose_library_is_missing_compiles_and_is_a_finding(builder: ProjectBuilder) -> None:
    """N25, A6: a laptop without Spark writes the DAG file; whoever wants to run it here hears what is missing."""
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, "table", "x", name="a"), node(first, "x", "lake", name="b")')
        .pickles("x")
        .catalog(
            """
            table: {type: spark.SparkDataset, filepath: data/table.parquet}
            lake: {type: a_library_that_is_not_there.LakeDataset, path: data/lake}
            """
        )
        .build()
    )
    for grouping in ("none", "memory"):
        folder = project.path / f"dags_{grouping}"
        project.create(f"--group-by={grouping}", f"--target-dir={folder.name}")
        nodes = nodes_by_task(load_one(folder))
        assert sorted(name for names in nodes.values() for name in names) == ["a", "b"]
    done = project.airflow("check", "--json")
    text = str(done.json())
    assert "Traceback" not in done.text
    assert "'lake'" in text or "lake" in text
    assert "a_library_that_is_not_there" in text


def test_a_secret_in_the_catalog_or_in_credentials_reaches_no_output(builder: ProjectBuilder) -> None:
    """N19's law, for what exists today: DAG file, plan and check hold no secret."""
    secret = "hunter2-hunter2"
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", 'node(first, ["raw", "params:db.password"], "x", name="a")')
        .pickles("x")
        .parameters(db={"password": secret})
        .catalog(f"raw: {{type: pickle.PickleDataset, filepath: 'ftp://user:{secret}@host/raw.pkl', credentials: dev}}")
        .file("conf/local/credentials.yml", f"dev: {{password: {secret}}}")
        .build()
    )
    shown = [project.airflow(*command).text for command in (("create",), ("plan", "--json"), ("plan",), ("check",))]
    shown += [path.read_text(encoding="utf-8") for path in project.dag_files]
    assert project.dag_files
    assert not [text for text in shown if secret in text]
