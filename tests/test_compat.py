"""The private things of Kedro and Airflow that we lean on are still there and still do what we think."""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import subprocess
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedro_aloft import compat

# --- Kedro

kedro_io = pytest.importorskip("kedro.io")
kedro_pipeline = pytest.importorskip("kedro.pipeline")
omegaconf_config = pytest.importorskip("kedro.config.omegaconf_config")
OmegaConfigLoader = omegaconf_config.OmegaConfigLoader


def test_a_catalogs_materialised_datasets_are_where_we_replace_them() -> None:
    catalog = kedro_io.DataCatalog(datasets={"a": kedro_io.MemoryDataset(1)})
    replacement = kedro_io.MemoryDataset(2)
    compat.replace_dataset(catalog, "a", replacement)
    assert catalog.load("a") == 2
    compat.replace_dataset(catalog, "new", kedro_io.MemoryDataset(3))
    assert catalog.load("new") == 3


def test_replacing_a_dataset_warns_nobody(caplog: pytest.LogCaptureFixture) -> None:
    catalog = kedro_io.DataCatalog(datasets={"a": kedro_io.MemoryDataset(1)})
    compat.replace_dataset(catalog, "a", kedro_io.MemoryDataset(2))
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


PLAIN: list[Any] = [True, b"a", {"a": [1]}, 1.5, 3, [1], {1}, "a", (1,), None]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values_are_copied_as_kedro_would(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kedro.io import memory_dataset

    original = memory_dataset._infer_copy_mode
    monkeypatch.setattr(memory_dataset, "_infer_copy_mode", original)  # put back what we replace
    expected = original(value)
    compat.infer_copy_mode_cheaply()
    assert memory_dataset._infer_copy_mode(value) == expected == "deepcopy"


def test_frames_and_arrays_are_copied_as_kedro_would(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    import pandas as pd
    from kedro.io import memory_dataset

    original = memory_dataset._infer_copy_mode
    monkeypatch.setattr(memory_dataset, "_infer_copy_mode", original)
    values = [pd.DataFrame({"a": [1]}), np.zeros(2), pd.Series([1]), type("Dict", (dict,), {})(), object()]
    expected = [original(value) for value in values]
    compat.infer_copy_mode_cheaply()
    compat.infer_copy_mode_cheaply()  # twice is once
    assert [memory_dataset._infer_copy_mode(value) for value in values] == expected


def test_a_memory_dataset_of_a_plain_value_imports_no_pandas() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from kedro_aloft import compat; compat.infer_copy_mode_cheaply();"
        "from kedro.io import MemoryDataset; MemoryDataset({'a': 1}).load(); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_the_commit_of_a_project_is_what_kedro_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kedro.framework.session import session

    asked: list[Path] = []
    original = session._describe_git
    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.setattr(session, "_describe_git", lambda path: asked.append(path) or original(path))
    compat.describe_git_cheaply()
    compat.describe_git_cheaply()  # twice is once
    project = tmp_path / "repository" / "project"
    project.mkdir(parents=True)
    assert session._describe_git(project) == original(project) == {}
    assert asked == []
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run([*git, *command], cwd=project.parent, check=True)
    described = session._describe_git(project)
    assert described == original(project)
    assert described["git"]["dirty"] is False
    monkeypatch.setenv("GIT_DIR", str(project.parent / ".git"))
    assert session._describe_git(tmp_path)["git"]["commit_sha"] == described["git"]["commit_sha"]
    assert asked == [project, tmp_path]


def test_hook_managers_are_made_where_we_block_plugins() -> None:
    from kedro.framework.hooks.manager import _create_hook_manager
    from kedro.framework.session import session
    from kedro.runner import task

    modules = (session, task)
    with compat.block_plugin_hooks(["kedro-telemetry"]):
        made = [module._create_hook_manager() for module in modules]
        inside = [module._create_hook_manager for module in modules]
    assert all(function is not _create_hook_manager for function in inside)
    assert all(module._create_hook_manager is _create_hook_manager for module in modules)
    for manager in made:
        assert manager.is_blocked("kedro-telemetry")
        assert not manager.is_blocked("kedro-viz")


def test_blocking_ends_with_an_error_too() -> None:
    from kedro.framework.session import session

    before = session._create_hook_manager
    with pytest.raises(KeyError), compat.block_plugin_hooks([]):
        raise KeyError
    assert session._create_hook_manager is before


def test_every_runner_runs_nodes_through_the_method_that_we_measure() -> None:
    import inspect

    from kedro.runner import Task, runner

    assert "Task(" in inspect.getsource(runner)
    assert callable(Task.execute)
    assert "self.execute()" in inspect.getsource(Task.__call__)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("a", ["a"]),
        ("a,b , c", ["a", "b", "c"]),
        ("f([a,b]) -> [c],d", ["f([a,b]) -> [c]", "d"]),
    ],
)
def test_node_names_are_split_as_kedro_does(text: str, names: list[str]) -> None:
    assert compat.split_node_names(text) == names


def test_runtime_parameters_are_read_as_kedro_does() -> None:
    import click

    with click.Context(click.Command("run")):
        assert compat.split_runtime_params("a=1,b.c=x,d=true,e=1.5") == {"a": 1, "b": {"c": "x"}, "d": True, "e": 1.5}
        assert compat.split_runtime_params("") == {}


# Every form in which a file may say something, `k` standing for a name.
ENTRIES = (
    *("k: 1", "k: -0.5", "k: 1e3", "k: .inf", "k: .nan", "k: 012", "k: 0o14", "k: 0x1F", "k: 1_000", "k: 12:30:45"),
    *("k: yes", "k: ~", "k:", "k: ''", "k: text", "k: 2026-01-02", "k: 2026-01-02 03:04:05", "k: !!str 1", "k: ünï"),
    *("k: ???", "k: {a: ???}", "k: ${other}", "k: '${other}'", "k: ${globals:g}", "k: ${runtime_params:r, 5}"),
    *('k: "\\x24{other}"', "k: \\${other}", 'k: "$\\\n  {other}"', "k: a${other}b", "k: $", "k: ${oc.env:HOME}"),
    *(
        "k: {type: t, a: {b: [1, {c: 2}]}}",
        "k: [1, [2, {}], []]",
        "k: {}",
        "k: {k: {k: 1}}",
        "k: {1: a}",
        "k: {yes: a}",
    ),
    *(
        "k: {~: a}",
        "k: {2026-01-02: a}",
        "? [1, 2]\n: 3",
        "1: a",
        "1.5: a",
        "yes: a",
        "~: a",
        "k.l: 1",
        "'': 1",
        "=: 1",
    ),
    *("k: &x {a: 1}\nl: *x", "k: &x 1\nl: *x", "k: &x [*x]", "<<: {k: 1}", "k: {<<: {a: 1}, b: 2}", "k: 1\nk: 2"),
    *(
        "k: !!set {a, b}",
        "k: !!binary aGk=",
        "k: !!omap [a: 1]",
        "k: !!python/tuple [1]",
        "k: |\n  a\n  b",
        "k: >\n  a\n  b",
    ),
    *(
        "_k: 1",
        "_k: {a: 1}",
        "k: ${_k}",
        "other: 7",
        "- 1",
        "k: [1",
        "k: a: b",
        "\tk: 1",
        "text",
        "--- \nk: 1\n--- \nl",
    ),
)


CONF_FILES = (
    *("base/catalog.yml", "base/catalog_b.yml", "local/catalog.yml", "base/parameters.yml", "local/parameters.yml"),
    *("base/sub/parameters_c.json", "base/globals.yml", "local/credentials.yml"),
)


@st.composite
def conf_files(draw: st.DrawFn) -> dict[str, str]:
    files = {}
    for name in draw(st.sets(st.sampled_from(CONF_FILES), min_size=1)):
        entries = draw(st.lists(st.tuples(st.sampled_from(ENTRIES), st.sampled_from("klmnop")), max_size=4))
        files[name] = "\n".join(re.sub(r"\bk\b", key, entry) for entry, key in entries)
    return files


@pytest.mark.filterwarnings("ignore:register_new_resolver")
@settings(max_examples=300, deadline=None)
@given(conf_files(), st.sampled_from([{}, {"r": 1}, {"k": {"a": 2}}]), st.sampled_from(["soft", "destructive"]))
def test_plain_configuration_is_read_as_kedro_reads_it(
    files: dict[str, str], params: dict[str, Any], strategy: str
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name in ("base/sub", "local"):
            (Path(folder) / name).mkdir(parents=True)
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        expected = _conf(folder, params, strategy)
        patch.setattr(omegaconf_config, "OmegaConf", omegaconf_config.OmegaConf)  # put back what we replace
        compat.read_plain_conf_cheaply()
        compat.read_plain_conf_cheaply()  # twice is once
        assert _conf(folder, params, strategy) == expected


def _conf(folder: str, params: dict[str, Any], strategy: str) -> list[str]:
    """Return all that a loader says, exact in types and order, errors included."""
    said = []
    strategies = dict.fromkeys(("catalog", "parameters"), strategy)
    for key in ("catalog", "parameters", "credentials", "globals"):
        try:
            loader = OmegaConfigLoader(folder, "local", params, base_env="base", merge_strategy=strategies)
            first, second = loader[key], loader[key]
            said.append(repr((first, second, type(first), first is second)))
        except Exception as error:  # noqa: BLE001  the error is what is compared
            said.append(f"{type(error)} {error}")
    return said


@pytest.mark.filterwarnings("ignore:register_new_resolver")
def test_plain_configuration_is_no_object_of_omegaconf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for env in ("base", "local"):
        (tmp_path / env).mkdir()
    (tmp_path / "base" / "catalog.yml").write_text("a: {type: t, b: [1]}", encoding="utf-8")
    monkeypatch.setattr(omegaconf_config, "OmegaConf", omegaconf_config.OmegaConf)
    compat.read_plain_conf_cheaply()
    monkeypatch.setattr("omegaconf.DictConfig.__init__", lambda *_, **__: pytest.fail("nothing is wrapped"))
    assert OmegaConfigLoader(str(tmp_path), "local", base_env="base")["catalog"] == {"a": {"type": "t", "b": [1]}}


def test_a_loader_of_the_projects_own_gets_what_it_expects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kedro.framework.project import settings as project_settings
    from omegaconf import DictConfig

    class Loader(OmegaConfigLoader):
        pass

    for env in ("base", "local"):
        (tmp_path / env).mkdir()
    (tmp_path / "base" / "catalog.yml").write_text("a: {type: t}", encoding="utf-8")
    monkeypatch.setattr(omegaconf_config, "OmegaConf", omegaconf_config.OmegaConf)
    monkeypatch.setitem(project_settings.__dict__, "CONFIG_LOADER_CLASS", Loader)
    compat.read_plain_conf_cheaply()
    with (tmp_path / "base" / "catalog.yml").open(encoding="utf-8") as file:
        assert isinstance(omegaconf_config.OmegaConf.load(file), DictConfig)


PATHS = (
    *(
        "data/a.csv",
        "a",
        "./a",
        "a/./b",
        "../a",
        "a//b",
        "a/",
        "/a/b",
        "s3://b/c",
        "c:/a",
        "C:\\a\\b",
        "\\\\host\\a",
        "",
        ".",
    ),
    *("{name}/a.csv", "a b/c", "ä/b", "a:b", "http:a", "..a/b", "a/..", "a.b/.c", "~/a", "a?b", "\n"),
)


@given(
    st.dictionaries(
        st.sampled_from(["filepath", "path", "filename", "type", "a"]),
        st.recursive(
            st.sampled_from(PATHS) | st.none() | st.integers(),
            lambda inner: (
                st.dictionaries(st.sampled_from(["filepath", "path", "b"]), inner) | st.lists(inner, max_size=2)
            ),
            max_leaves=6,
        ),
    ),
    st.sampled_from(["/", "/project", "/a b/c"]),
)
def test_paths_are_made_absolute_as_kedro_makes_them(conf: dict[str, Any], root: str) -> None:
    from kedro.framework.context import context

    with pytest.MonkeyPatch.context() as patch:
        original = _kedros(context._convert_paths_to_absolute_posix)
        patch.setattr(context, "_convert_paths_to_absolute_posix", original)
        compat.make_paths_absolute_cheaply()
        cheap = context._convert_paths_to_absolute_posix
        assert cheap is not original
        expected = original(project_path=Path(root), conf_dictionary=deepcopy(conf))
        assert repr(cheap(project_path=Path(root), conf_dictionary=deepcopy(conf))) == repr(expected)
        with pytest.raises(ValueError, match="absolute"):
            cheap(project_path=Path("relative"), conf_dictionary=deepcopy(conf))


def _kedros(function: Any) -> Any:
    """What Kedro has there; a test before this one may have opened a project in the same process."""
    return getattr(function, "kedros", function)


@dataclass
class Options:
    """Typed parameters of a node."""

    size: int


def typed(data: Any, options: Options, other: Options | None, plain: int) -> int: ...


def untyped(data: Any, options: Any) -> int: ...


def test_types_of_parameters_are_those_that_kedro_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = pytest.importorskip("kedro.validation.type_extractor", reason="new in Kedro 1.4").TypeExtractor
    node = kedro_pipeline.node
    pipeline = kedro_pipeline.Pipeline(
        [
            node(typed, ["a", "params:o", "params:p.q", "params:n"], "b", name="b"),
            node(typed, {"data": "b", "options": "params:o", "other": "c", "plain": "parameters"}, "d", name="d"),
            node(untyped, ["d", "params:r"], "e", name="e"),
            node(untyped, ["e", "c"], "f", name="f"),
        ]
    )
    original = _kedros(extractor._extract_types_from_node)
    monkeypatch.setattr(extractor, "_extract_types_from_node", original)
    expected = extractor({"p": pipeline}).extract_types_from_pipelines()
    assert set(expected) == {"o", "p.q"}
    compat.find_parameter_types_cheaply()
    assert extractor._extract_types_from_node is not original
    assert extractor({"p": pipeline}).extract_types_from_pipelines() == expected


def test_a_function_that_changes_is_inspected_again(monkeypatch: pytest.MonkeyPatch) -> None:
    module, node = importlib.import_module("kedro.pipeline.node"), kedro_pipeline.node
    monkeypatch.setattr(module, "inspect", inspect)
    compat.inspect_functions_once()
    assert module.inspect is not inspect

    def function(a: Any, b: Any = 1) -> Any: ...

    node(function, ["a", "b"], "c")
    node(function, "a", "c")
    with pytest.raises(TypeError, match="expected"):
        node(function, ["a", "b", "c"], "d")
    function.__defaults__ = None
    with pytest.raises(TypeError, match="expected"):
        node(function, "a", "c")
    function.__code__ = (lambda a: a).__code__
    node(function, "a", "c")
    function.__signature__ = inspect.Signature()  # type: ignore[attr-defined]
    node(function, None, "c")
    node(functools.partial(untyped, options=1), "a", "c")
    node(print, "a", "c")


# --- Airflow


@pytest.mark.airflow
def test_the_two_failures_are_airflows_own() -> None:
    pytest.importorskip("airflow.sdk")
    retry, fail = compat.airflow_exception("may heal"), compat.airflow_fail_exception("never")
    assert (type(retry).__name__, str(retry)) == ("AirflowException", "may heal")
    assert (type(fail).__name__, str(fail)) == ("AirflowFailException", "never")
    assert isinstance(fail, type(retry))


@pytest.mark.airflow
def test_a_timetable_with_data_intervals_exists() -> None:
    pytest.importorskip("airflow.sdk")
    assert type(compat.cron_data_interval_timetable("0 3 * * *", "UTC")).__name__ == "CronDataIntervalTimetable"


@pytest.mark.airflow
@pytest.mark.filterwarnings("ignore:.*BaseBranchOperator")  # Airflow 3.0 and 3.1 warn of themselves
def test_dag_files_are_loaded_with_their_errors(tmp_path: Any) -> None:
    pytest.importorskip("airflow.sdk")
    (tmp_path / "good.py").write_text("from airflow.sdk import DAG\ndag = DAG('good', schedule=None)\n")
    (tmp_path / "bad.py").write_text("from airflow.sdk import DAG\nraise ValueError('broken file')\n")
    dags, errors = compat.load_dag_bag(str(tmp_path))
    assert list(dags) == ["good"]
    assert [name.rpartition("/")[2] for name in errors] == ["bad.py"]
    assert "broken file" in str(next(iter(errors.values())))


def test_what_no_version_has_is_an_error_that_names_every_place() -> None:
    with pytest.raises(ImportError, match=r"none of json\.nope, nomodule\.x"):
        compat._first_of(("json", "nope"), ("nomodule", "x"))
