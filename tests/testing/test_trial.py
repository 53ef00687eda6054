"""`kedro airflow test` on real projects: green where Airflow leaves what `kedro run` leaves, red where it does not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from support.commands import program, run_command
from support.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.commands import Done
    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow

EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if (path / "pyproject.toml").exists())
NOT_COPIED = shutil.ignore_patterns(".airflow", "airflow_dags", "__pycache__")

# --- examples


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_equal_and_stays_as_it_was(name: str, tmp_path: Path) -> None:
    project = tmp_path / name
    shutil.copytree(ROOT / "examples" / name, project, ignore=NOT_COPIED)
    if (project / "make_data.py").exists():
        run_command(program("python"), "make_data.py", cwd=project).ok()
    before = _tree(project)
    done = run_command(program("kedro"), "airflow", "test", "--twice", "--json", cwd=project).ok()
    (report,) = done.json()
    assert (report["state"], report["airflow"]["runs"]) == ("equal", 2), done.err
    assert {one["verdict"] for one in report["datasets"]} <= {"same bytes", "same content"}
    assert len(report["datasets"]) >= 6
    assert _tree(project) == before


def _tree(project: Path) -> dict[str, bytes]:
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in sorted(project.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


FORGETS = """

def _as_new(model):
    return LinearRegression, ()


__import__("copyreg").pickle(LinearRegression, _as_new)
"""

# What is done to each example: file, text, text instead, options, and what `test` must say then.
SABOTAGES = {
    "spaceflights": {
        "a node that is not deterministic": (
            "src/spaceflights/pipelines/data_science/nodes.py",
            'random_state=options["random_state"]',
            "random_state=None",
            (),
            "evaluation: not deterministic",
        ),
        "a dataset that is appended to": (
            "conf/base/catalog.yml",
            "save_args:\n    index: false",
            "fs_args: {open_args_save: {mode: a}}\n  save_args:\n    index: false",
            ("--twice",),
            "capacity_by_shuttle_type: not idempotent",
        ),
        "a handoff that loses what the model learned": (
            "src/spaceflights/pipelines/data_science/nodes.py",
            "\n\ndef train_model(",
            f"{FORGETS}\n\ndef train_model(",
            (),
            "task evaluate_model_node: node 'evaluate_model_node': NotFittedError",
        ),
    }
}


@pytest.mark.parametrize(("name", "sabotage"), [(name, sabotage) for name in EXAMPLES for sabotage in SABOTAGES[name]])
def test_each_example_turns_red_when_it_is_broken_on_purpose(name: str, sabotage: str, tmp_path: Path) -> None:
    file, text, instead, options, said = SABOTAGES[name][sabotage]
    project = tmp_path / name
    shutil.copytree(ROOT / "examples" / name, project, ignore=NOT_COPIED)
    run_command(program("python"), "make_data.py", cwd=project).ok()
    # The model is handed over as it is within `kedro run`, so that only what crosses tasks is pickled.
    with (project / "conf/base/catalog.yml").open("a", encoding="utf-8") as catalog:
        catalog.write("\nregressor: {type: MemoryDataset, copy_mode: assign}\n")
    before = (project / file).read_text(encoding="utf-8")
    assert before.count(text) == 1
    (project / file).write_text(before.replace(text, instead), encoding="utf-8")
    done = run_command(program("kedro"), "airflow", "test", *options, cwd=project)
    assert done.code == 1, done.text
    assert said in " ".join(done.err.split()), done.err


# --- everything that can be wrong, and its neighbours that are not

DEFECTS = """
    import uuid

    def chance(): return {"lucky": uuid.uuid4().hex}
    def after_chance(luck): return {"luck": luck}

    def line(): return "one line\\n"

    class Loses:
        \"\"\"What pickle makes of it lacks a part; a copy does not.\"\"\"
        def __init__(self, kept, lost): self.kept, self.lost = kept, lost
        def __deepcopy__(self, memo): return Loses(self.kept, self.lost)
        def __reduce__(self): return Loses, (self.kept, None)

    def lossy(): return Loses(1, 2)
    def show(value): return {"kept": value.kept, "lost": value.lost}

    MEMORY = []
    def remember(): MEMORY.append("seen"); return "remembered"
    def recall(before): return {"memory": MEMORY}

    def parts(count): return {f"part_{number}": {"number": number} for number in range(count)}
    def model(scale):
        import numpy
        return {"weights": numpy.arange(4) * scale, "names": {"a", "b", "c"}}
    def steady(given): return {"given": given}
"""
DEFECT_NODES = """
    node(chance, None, "luck", name="chance"),
    node(after_chance, "luck", "after_luck", name="after_chance"),
    node(line, None, "appended", name="line"),
    node(lossy, None, "crossing", name="lossy"), node(show, "crossing", "shown", name="show"),
    node(remember, None, "before", name="remember"), node(recall, "before", "recalled", name="recall"),
    node(parts, "params:count", "parts", name="parts"),
    node(model, "params:scale", "model", name="model"),
    node(steady, "given", "versions", name="steady"),
"""
DEFECT_CATALOG = """
    luck: {type: json.JSONDataset, filepath: data/luck.json}
    after_luck: {type: json.JSONDataset, filepath: data/after_luck.json}
    appended: {type: text.TextDataset, filepath: data/appended.txt, fs_args: {open_args_save: {mode: a}}}
    shown: {type: json.JSONDataset, filepath: data/shown.json}
    recalled: {type: json.JSONDataset, filepath: data/recalled.json}
    parts: {type: partitions.PartitionedDataset, path: data/parts, dataset: json.JSONDataset, filename_suffix: .json}
    model: {type: pickle.PickleDataset, filepath: data/model.pkl, versioned: true}
    given: {type: json.JSONDataset, filepath: data/given.json}
    versions: {type: json.JSONDataset, filepath: data/versions.json, versioned: true}
"""


@pytest.fixture(scope="module")
def defects(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    return (
        module_builder("defects")
        .functions(DEFECTS)
        .pipeline("__default__", DEFECT_NODES)
        .catalog(DEFECT_CATALOG)
        .parameters(count=1, scale=1)
        .airflow_yml(
            'default: {runtime_params: {count: 3, scale: "{{ 1 + 1 }}"}, handoff: {uri: "s3://nowhere/x"}, '
            'wait_for: [other], execution: docker, image: "shop:1.0", executor: KubernetesExecutor, '
            "tasks: [{select: steady, execution: kubernetes}], notify: {on_success: {class: nowhere.Notifier}}}"
        )
        .file("data/given.json", '{"size": "as large as it is"}')
        .file("small/given.json", '{"size": "small"}')
        .build()
    )


@pytest.fixture(scope="module")
def found(defects: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The verdicts of one trial, by dataset. The project stays as it was, and nothing else stays at all."""
    before, scratch = defects.tree(), tmp_path_factory.mktemp("scratch")
    options = ("--twice", "--data=small", "--json", "--params=count=2")
    done = defects.airflow("test", *options, env={"TMPDIR": str(scratch)})
    assert (done.code, done.out[:1]) == (1, "["), done.text
    assert defects.tree() == before
    assert list(scratch.iterdir()) == []
    (report,) = done.json()
    assert (report["state"], report["airflow"]["state"], report["kedro"]["state"]) == (
        "different",
        "success",
        "success",
    )
    return {one["dataset"]: {**one, "said": done.err} for one in report["datasets"]}


def test_a_node_that_is_not_deterministic_is_told_apart_and_named(found: dict[str, Any]) -> None:
    for dataset in ("luck", "after_luck"):
        assert found[dataset]["verdict"] == "not deterministic"
        assert "node 'chance' is not deterministic" in found[dataset]["reason"]
    assert found["luck"]["where"] == "['lucky']"
    assert found["luck"]["kedro"] != found["luck"]["airflow"]


def test_an_append_only_dataset_is_not_idempotent(found: dict[str, Any]) -> None:
    assert found["appended"]["verdict"] == "not idempotent"
    assert "node 'line'" in found["appended"]["reason"]
    assert (found["appended"]["kedro"], found["appended"]["airflow"]) == (
        repr("one line\n"),
        repr("one line\none line\n"),
    )


def test_a_handoff_that_loses_something_is_the_difference(found: dict[str, Any]) -> None:
    shown = found["shown"]
    assert (shown["verdict"], shown["where"]) == ("different", "['lost']")
    assert (shown["kedro"], shown["airflow"]) == ("2", "None")
    assert "crosses between tasks" in shown["reason"]
    assert "shown: different" in shown["said"]


def test_each_task_has_a_process_of_its_own(found: dict[str, Any]) -> None:
    recalled = found["recalled"]
    assert (recalled["verdict"], recalled["kedro"], recalled["airflow"]) == ("different", "1", "0")


@pytest.mark.parametrize("dataset", ["parts", "model", "versions"])
def test_what_is_right_beside_them_is_equal(found: dict[str, Any], dataset: str) -> None:
    assert found[dataset]["verdict"].startswith("same")


# --- failures


@pytest.fixture
def failing(builder: ProjectBuilder) -> Project:
    return (
        builder.functions(
            """
            import threading

            def lock(): return threading.Lock()
            def use(value): return "used"
            def fail(): raise OSError("the disk is full")

            def once():
                (PROJECT / "done").touch(exist_ok=False)
                return 1
            """
        )
        .pipeline("__default__", 'node(lock, None, "the_lock", name="lock"), node(use, "the_lock", "out", name="use")')
        .pipeline("once", 'node(once, None, "out", name="once")')
        .pipeline("broken", 'node(fail, None, "out", name="fail")')
        .pipeline("joined", 'node(fail, None, "in", name="fail_it"), node(use, "in", "out", name="use_it")')
        .pickles("out")
        .airflow_yml("default: {retries: 3, retry_delay: 5m}")
        .catalog("the_lock: {type: MemoryDataset, copy_mode: assign}")
        .build()
    )


def test_a_handoff_that_fails_is_airflows_part_and_an_error_of_a_node_is_not(failing: Project) -> None:
    done = failing.airflow("test")
    assert done.code == 1
    assert "task lock:" in done.err
    assert "'the_lock'" in done.err
    assert "`kedro run` succeeds" in done.err
    done = failing.airflow("test", "--pipeline=broken")
    assert done.code == 1
    assert "the disk is full" in done.err
    assert "not Airflow's doing" in done.err


def test_of_a_fused_task_the_report_has_the_task_alone(failing: Project) -> None:
    """Nothing shows nodes here: a task that would do so counts as done, whatever its node did."""
    done = failing.airflow("test", "--pipeline=joined", "--set=group_by=pipeline", "--json")
    assert done.code == 1
    (report,) = done.json()
    states = {task["id"]: task["state"] for task in report["airflow"]["tasks"]}
    assert (report["airflow"]["state"], states.pop("joined")) == ("failed", "failed"), done.text
    assert not [name for name in states if "joined" in name or name in ("fail_it", "use_it")]
    assert report["airflow"]["nodes"] == [
        {"name": "fail_it", "state": "failed"},
        {"name": "use_it", "state": "not run"},
    ]


def test_a_second_run_that_fails_is_no_matter_of_the_handoff(failing: Project) -> None:
    done = failing.airflow("test", "--twice", "--pipeline=once")
    assert done.code == 1
    assert "task once: node 'once': FileExistsError" in done.err
    assert "a retry or a cleared task would fail, too" in done.err


# --- refusals: before anything runs


def same(builder: ProjectBuilder, catalog: str) -> Project:
    return (
        builder.functions("def same(x): return x")
        .pipeline("__default__", 'node(same, "raw", "out", name="same")')
        .catalog(catalog)
        .build()
    )


RAW = "raw: {type: text.TextDataset, filepath: data/raw.txt}\n"


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("{type: text.TextDataset, filepath: 's3://bucket/out.txt'}", "s3://bucket/out.txt"),
        ("{type: text.TextDataset, filepath: /elsewhere/out.txt}", "/elsewhere/out.txt"),
        ("{type: pandas.SQLTableDataset, table_name: t, credentials: {con: 'sqlite:///x.db'}}", "place is not known"),
    ],
)
def test_outputs_outside_of_the_project_are_refused(builder: ProjectBuilder, entry: str, place: str) -> None:
    project = same(builder, f"{RAW}out: {entry}")
    project.write("data/raw.txt", "x")
    done = project.airflow("test")
    assert _refused(done, "ALOFT-010", "out", place, "--env=test") == 2


def test_an_environment_that_keeps_them_inside_is_not_refused(builder: ProjectBuilder) -> None:
    """What is missed then is the data, which are looked for next."""
    builder.file("conf/test/catalog.yml", "out: {type: text.TextDataset, filepath: data/out.txt}")
    project = same(builder, f"{RAW}out: {{type: text.TextDataset, filepath: 's3://bucket/out.txt'}}")
    assert _refused(project.airflow("test"), "ALOFT-010") == 2
    assert _refused(project.airflow("test", "--env=test"), "ALOFT-120") == 1


def test_an_absolute_path_into_the_project_itself_is_refused_too(builder: ProjectBuilder, tmp_path: Path) -> None:
    path = tmp_path / builder.package / "data" / "out.txt"
    project = same(builder, f"{RAW}out: {{type: text.TextDataset, filepath: {path}}}")
    project.write("data/raw.txt", "x")
    assert _refused(project.airflow("test"), "ALOFT-010", str(path)) == 2
    assert not path.exists()


def test_missing_data_are_named(builder: ProjectBuilder) -> None:
    project = same(builder, f"{RAW}out: {{type: text.TextDataset, filepath: data/out.txt}}")
    assert _refused(project.airflow("test"), "ALOFT-120", "raw", "data/raw.txt", "--data") == 1


def _refused(done: Done, *words: str) -> int:
    assert not [word for word in words if word not in done.err], done.err
    return done.code
