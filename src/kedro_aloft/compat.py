"""The only place that knows differences between versions of Kedro and of Airflow, and what they keep private.

Every import of Kedro or Airflow is inside a function: either may be absent.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

TESTED_VERSIONS = {
    "python": ("3.10", "3.13"),
    "apache-airflow": ("3.0.6", "3.3.2"),
    "kedro": ("1.2.0", "1.7.0"),
}
"""Lowest and highest version that the tests run with; docs/compatibility.md says the same."""

# ---------------------------------------------------------------------------------------------------------- Kedro


@contextlib.contextmanager
def block_plugin_hooks(distributions: Iterable[str]) -> Iterator[None]:
    """Keep the Kedro hooks of some distributions from being loaded by sessions that are created and run inside.

    Kedro's own `DISABLE_HOOKS_FOR_PLUGINS` imports a plugin before it unregisters it, and an import may already
    stall or fail. Pluggy does not load an entry point whose name is blocked.
    Source: Kedro 1.2–1.7 `framework/hooks/manager.py`, pluggy `load_setuptools_entrypoints`.
    """
    import importlib.metadata

    import kedro.framework.session.session as session_module
    import kedro.runner.task as task_module  # makes hook managers in the processes of the ParallelRunner
    from kedro.framework.hooks.manager import _create_hook_manager

    unwanted = {_normal(name) for name in distributions}
    names = [
        entry_point.name
        for entry_point in importlib.metadata.entry_points(group="kedro.hooks")
        if entry_point.dist is not None and _normal(entry_point.dist.name) in unwanted
    ]
    modules: list[Any] = [session_module, task_module]
    try:
        import kedro.framework.session.service_session as service_module  # Kedro ≥ 1.4

        modules.append(service_module)
    except ImportError:
        pass

    def create_hook_manager() -> Any:
        manager = _create_hook_manager()
        for name in names:
            manager.set_blocked(name)
        return manager

    for module in modules:
        module._create_hook_manager = create_hook_manager
    try:
        yield
    finally:
        for module in modules:
            module._create_hook_manager = _create_hook_manager


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def silence_own_warnings() -> None:
    """Ignore what Kedro's use of omegaconf makes it say, three times per task: no user can do anything about it."""
    import warnings

    warnings.filterwarnings("ignore", message=r"register_new_resolver\(\) is deprecated", category=UserWarning)


def load_every_pipeline() -> None:
    """Make Kedro load the whole registry, whatever pipelines a session asks for.

    Kedro ≥ 1.3 tells `find_pipelines()` to find only the requested ones, which breaks registries that compose
    pipelines from others. Before 1.3 the whole registry is always loaded.
    """
    from kedro.framework.project import pipelines

    set_requested = getattr(pipelines, "set_requested", None)
    if set_requested is None:
        return
    set_requested(None)
    setattr(pipelines, "set_requested", lambda _names: None)  # noqa: B010  as the type checker wants it


def end_processes(runner: Any) -> None:
    """End the process in which Kedro's ParallelRunner keeps shared data.

    Kedro ends it when the runner is deleted, but an exception's traceback keeps the runner, and Airflow's processes
    leave without cleaning up: every failed task would leave a process behind for good.
    Source: Kedro 1.2–1.7 `runner/parallel_runner.py`.
    """
    shutdown = getattr(getattr(runner, "_manager", None), "shutdown", None)
    if shutdown is not None:
        shutdown()


def replace_dataset(catalog: Any, name: str, dataset: Any) -> None:
    """Put a dataset in the place of a materialised one, keeping what the catalog knows of the name.

    `catalog[name] = …` would log a warning and drop the validators that the catalog declares for the name.
    """
    materialised = getattr(catalog, "_datasets", None)
    if isinstance(materialised, dict) and name in materialised:
        materialised[name] = dataset
    else:
        catalog[name] = dataset


def part_in_order(pipeline: Any, names: Iterable[str]) -> Any:
    """Return some nodes of a pipeline as a pipeline whose nodes have the order that they have in the whole.

    By itself Kedro sorts each pipeline anew, so that nodes without an edge between them may change places, though they
    may use one file or one object. Source: Kedro 1.2–1.7 `pipeline/pipeline.py`.
    """
    wanted = set(names)
    part = pipeline.filter(node_names=sorted(wanted))
    vars(part)["nodes"] = [node for node in pipeline.nodes if node.name in wanted]  # a cached property, in all versions
    return part


def can_tell_existence(dataset: Any) -> bool:
    """Whether a dataset knows if its data is there; Kedro answers No for those that do not, with a warning."""
    from kedro.io import AbstractDataset

    return type(dataset)._exists is not AbstractDataset._exists


def infer_copy_mode_cheaply() -> None:
    """Answer Kedro's question how to copy plain Python values without importing pandas, numpy and ibis.

    Kedro wraps every parameter in a `MemoryDataset` and imports these libraries to find out that a number is no data
    frame: 0.4 CPU seconds and 80 MB per task of a project that uses none of them. The answers stay the same.
    Source: Kedro 1.2–1.7 `io/memory_dataset.py`.
    """
    from kedro.io import memory_dataset

    original = memory_dataset._infer_copy_mode
    if hasattr(original, "answers_plain_values"):
        return
    plain = (bool, bytes, dict, float, int, list, set, str, tuple, type(None))

    def infer_copy_mode(data: Any) -> Any:
        return "deepcopy" if type(data) in plain else original(data)

    infer_copy_mode.answers_plain_values = True  # type: ignore[attr-defined]
    memory_dataset._infer_copy_mode = infer_copy_mode


def read_plain_conf_cheaply() -> None:
    """Let Kedro's config loader keep files that leave OmegaConf nothing to do as plain dictionaries.

    OmegaConf makes an object of every value, finds that none refers to another one, and makes plain values of them
    again: 85 % of the time that a catalog takes. Finding, comparing and merging files stays Kedro's, parsing them
    OmegaConf's, and any file with an interpolation or an unusual value goes its usual way, so that the result is the
    same. A loader of the project's own may expect OmegaConf's objects and gets them.
    Source: Kedro 1.2–1.7 `config/omegaconf_config.py`, omegaconf 2.3–2.4.
    """
    from kedro.config import omegaconf_config

    module: Any = omegaconf_config
    if not hasattr(module.OmegaConf, "keeps_plain"):
        module.OmegaConf = _plain_omegaconf(module.OmegaConf)


_NODES_READ = 10_000
"""Of a file, unless a variable says otherwise. Source: omegaconf 2.4 `_yaml.py`."""


class _Plain(dict[str, Any]):
    """A configuration file without anything that OmegaConf would resolve."""


def _plain_omegaconf(usual: Any) -> Any:
    """Return OmegaConf with other ways for `_Plain`."""

    class PlainOmegaConf(usual):  # type: ignore[misc]
        keeps_plain = True

        @staticmethod
        def load(file_: Any) -> Any:
            text = file_.read()
            plain = _load_plain(text)
            return usual.load(io.StringIO(text)) if plain is None else plain

        @staticmethod
        def merge(*configs: Any) -> Any:
            return _merged(configs) or usual.merge(*map(_wrapped, configs))

        @staticmethod
        def unsafe_merge(*configs: Any) -> Any:
            return _merged(configs) or usual.unsafe_merge(*map(_wrapped, configs))

        @staticmethod
        def to_container(cfg: Any, **options: Any) -> Any:
            return dict(cfg) if type(cfg) is _Plain else usual.to_container(cfg, **options)

        @staticmethod
        def resolve(cfg: Any) -> None:
            if type(cfg) is not _Plain:
                usual.resolve(cfg)

        @staticmethod
        def register_new_resolver(name: str, resolver: Any, **options: Any) -> None:
            """Without the warning that another name is meant, which nobody here can heed; new in omegaconf 2.4."""
            getattr(usual, "register_resolver", usual.register_new_resolver)(name, resolver, **options)

    def _wrapped(config: Any) -> Any:
        return usual.create(dict(config)) if type(config) is _Plain else config

    return PlainOmegaConf


def _load_plain(text: str) -> _Plain | None:
    """Return the content of a file, or None when it is not plain, or wrong in a way that OmegaConf shall describe."""
    import yaml
    from kedro.config import OmegaConfigLoader
    from kedro.framework.project import settings

    from kedro_aloft.plain_yaml import load_plain_yaml

    if "${" in text or settings.CONFIG_LOADER_CLASS is not OmegaConfigLoader:
        return None
    try:
        # In `_utils` before omegaconf 2.4.
        get_yaml_loader = _first_of(("omegaconf._yaml", "get_yaml_loader"), ("omegaconf._utils", "get_yaml_loader"))
        loader = get_yaml_loader()
        found = load_plain_yaml(text, is_text=_text_test(loader))
        if found is not None and _may_have_nodes(found[1]):
            return _Plain(found[0])
        content = yaml.load(text, Loader=loader)  # noqa: S506  OmegaConf's own, a safe one
    except (ImportError, yaml.YAMLError):
        return None
    return _Plain(content) if type(content) is dict and _is_plain(content, set()) else None


def _text_test(loader: Any) -> Callable[[str], bool]:
    """Return what tells whether an unquoted word is a text to a YAML loader."""
    resolvers = loader.yaml_implicit_resolvers

    def is_text(word: str) -> bool:
        found = resolvers.get(word[0])
        return not found or not any(pattern.match(word) for _, pattern in found)

    return is_text


def _may_have_nodes(count: int) -> bool:
    """Whether OmegaConf is sure to read so many nodes; since 2.4 it has a limit, which a variable may lift."""
    limit = os.environ.get("OMEGACONF_MAX_YAML_EXPANDED_NODES", "")
    return count <= _NODES_READ or limit.strip().lower() == "none"


def _is_plain(value: Any, seen: set[int]) -> bool:
    """Whether OmegaConf would give a value back as it is: no interpolation, and nothing that occurs twice."""
    kind = type(value)
    if kind is str:
        return "${" not in value
    if kind is dict or kind is list:
        if id(value) in seen:
            return False
        seen.add(id(value))
        if kind is list:
            return all(_is_plain(item, seen) for item in value)
        return all(type(key) is str and _is_plain(item, seen) for key, item in value.items())
    return value is None or kind is int or kind is bool or kind is float


def _merged(configs: Sequence[Any]) -> _Plain | None:
    """Return plain configurations without common keys as one, or None when they are not; empty ones do not count."""
    merged = _Plain()
    for config in (one for one in configs if one != {}):
        if type(config) is not _Plain or not merged.keys().isdisjoint(config):
            return None
        merged.update(config)
    return merged


def make_paths_absolute_cheaply() -> None:
    """Let Kedro put the project before relative paths of the catalog without taking each apart four times.

    20 microseconds for each dataset. Only a path of plain parts is treated here, for which the answer is the same.
    Source: Kedro 1.2–1.7 `framework/context/context.py`.
    """
    from kedro.framework.context import context as module

    original = getattr(module, "_convert_paths_to_absolute_posix", None)
    if original is None or hasattr(original, "kedros"):
        return

    def convert(project_path: Path, conf_dictionary: dict[str, Any]) -> Any:
        if not project_path.is_absolute():
            return original(project_path=project_path, conf_dictionary=conf_dictionary)
        root = project_path.as_posix().rstrip("/")

        def put_before(entries: dict[str, Any]) -> dict[str, Any]:
            for name, entry in entries.items():
                if type(entry) is dict:
                    put_before(entry)
                elif name in _PATH_KEYS and type(entry) is str and _PLAIN_PATH.fullmatch(entry):
                    entries[name] = f"{root}/{entry}"
                elif name in _PATH_KEYS or isinstance(entry, dict):
                    entries.update(original(project_path=project_path, conf_dictionary={name: entry}))
            return entries

        return put_before(conf_dictionary)

    convert.kedros = original  # type: ignore[attr-defined]
    module._convert_paths_to_absolute_posix = convert


_PATH_KEYS = frozenset({"filename", "filepath", "path"})
_PLAIN_PATH = re.compile(r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_.{}-]+(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_.{}-]+)*")


def find_parameter_types_cheaply() -> None:
    """Let Kedro look for the types of parameters only at nodes that read some.

    It inspects the function of every node and resolves its annotations, 7 microseconds each, and throws away what it
    found about datasets. Since Kedro 1.4; nodes without parameters leave no trace in what it returns.
    Source: Kedro 1.4–1.7 `validation/type_extractor.py`.
    """
    try:
        from kedro.validation.type_extractor import TypeExtractor
    except ImportError:
        return
    original = getattr(TypeExtractor, "_extract_types_from_node", None)
    if original is None or hasattr(original, "kedros"):
        return

    def extract(self: Any, node: Any) -> Any:
        inputs = getattr(node, "inputs", None) or ()
        return original(self, node) if any(name.startswith("params:") for name in inputs) else {}

    extract.kedros = original  # type: ignore[attr-defined]
    TypeExtractor._extract_types_from_node = extract  # type: ignore[method-assign]


def inspect_functions_once() -> None:
    """Let Kedro look at the signature of a function once, however many nodes call it: 10 microseconds for each node.

    Source: Kedro 1.2–1.7 `pipeline/node.py`.
    """
    import importlib
    import inspect
    import types

    module: Any = importlib.import_module("kedro.pipeline.node")
    if getattr(module, "inspect", None) is not inspect:
        return
    seen: dict[Any, tuple[Any, Any, Any]] = {}

    def signature(function: Any, **options: Any) -> Any:
        is_plain = type(function) is types.FunctionType and not vars(function) and not function.__kwdefaults__
        if not is_plain or options != {"follow_wrapped": False}:
            return inspect.signature(function, **options)
        code, defaults, known = seen.get(function, (None, None, None))
        if known is None or code is not function.__code__ or defaults is not function.__defaults__:
            known = inspect.signature(function, **options)
            seen[function] = (function.__code__, function.__defaults__, known)
        return known

    module.inspect = types.SimpleNamespace(**{**vars(inspect), "signature": signature})


def describe_git_cheaply() -> None:
    """Answer Kedro's question about the commit without starting git where there is no repository.

    Git would fail, and Kedro would print its traceback for a debug message that nobody reads: 4 CPU milliseconds and
    1 MB per task. The answer stays the same.
    Source: Kedro 1.2–1.7 `framework/session/session.py`.
    """
    import kedro.framework.session.session as session_module

    original = getattr(session_module, "_describe_git", None)
    if original is None or hasattr(original, "knows_repositories"):
        return

    def describe_git(project_path: Any) -> Any:
        wanted = logging.getLogger(session_module.__name__).isEnabledFor(logging.DEBUG)
        return original(project_path) if wanted or _may_have_commits(project_path) else {}

    describe_git.knows_repositories = True  # type: ignore[attr-defined]
    session_module._describe_git = describe_git


def _may_have_commits(path: Path) -> bool:
    """Whether git may find a repository from here, by its folder or by a variable."""
    return "GIT_DIR" in os.environ or any((folder / ".git").exists() for folder in (path, *path.parents))


def split_node_names(text: str) -> list[str]:
    """Split a list of node names as `kedro run --nodes` does: at commas, except for those inside brackets."""
    from kedro.framework.cli.utils import split_node_names as split

    return [name.strip() for name in split(cast("Any", None), None, text) if name.strip()]


def split_runtime_params(text: str) -> dict[str, Any]:
    """Read `a=1,b.c=x` as `kedro run --params` does: nested, numbers and booleans converted."""
    import click
    from kedro.framework.cli.utils import _split_params

    if not text:
        return {}
    return dict(_split_params(click.get_current_context(), click.Option(["--params"]), text))


# -------------------------------------------------------------------------------------------------------- Airflow


def airflow_exception(message: str) -> Exception:
    """Return the exception that makes a task fail and Airflow retry it."""
    return _airflow_exception("AirflowException", message)


def airflow_fail_exception(message: str) -> Exception:
    """Return the exception that makes a task fail at once, whatever its retries."""
    return _airflow_exception("AirflowFailException", message)


def _airflow_exception(name: str, message: str) -> Exception:
    """Exceptions moved to `airflow.sdk.exceptions` one by one; the last ones in Airflow 3.2."""
    exception: Exception = _first_of(("airflow.sdk.exceptions", name), ("airflow.exceptions", name))(message)
    return exception


def airflow_hears_threads() -> bool:
    """Whether a thread may talk to Airflow while the task's nodes do, as with `Variable.get`.

    A task has one connection to its supervisor. Airflow 3.0 and 3.1 let two threads read each other's answers from it.
    """
    from airflow.sdk.execution_time.comms import CommsDecoder

    return "_thread_lock" in getattr(CommsDecoder, "__annotations__", {})


def airflow_redact(text: str) -> str:
    """Return a text without the secrets that Airflow knows of in this process: it hides them in logs, not in XComs."""
    places = ("airflow.sdk.log", "airflow.sdk.execution_time.secrets_masker")  # Airflow ≥ 3.1, before
    return str(_first_of(*((place, "redact") for place in places))(text))


def cron_data_interval_timetable(cron: str, timezone: str) -> Any:
    """Return Airflow's timetable with data intervals: part of the Task SDK since Airflow 3.2, of the core before."""
    name = "CronDataIntervalTimetable"
    return _first_of(("airflow.sdk", name), ("airflow.timetables.interval", name))(cron, timezone=timezone)


def has_workerless_tasks() -> bool:
    """Whether a task can start and end in the triggerer, with the state of other tasks in sight: Airflow ≥ 3.3.

    The DAG file asks at each parse, so only the version is looked at.
    """
    from airflow import __version__

    return tuple(int(part) for part in re.findall(r"\d+", __version__)[:2]) >= (3, 3)


def load_dag_bag(folder: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Load a folder of DAG files as Airflow does; return its DAGs by id and the import errors by file.

    `BundleDagBag` since Airflow 3.2; before, `DagBag`.
    """
    module = "airflow.dag_processing.dagbag"
    bag_class = _first_of((module, "BundleDagBag"), (module, "DagBag"), ("airflow.models.dagbag", "DagBag"))
    if bag_class.__name__ == "BundleDagBag":
        from pathlib import Path

        bag = bag_class(folder, bundle_path=Path(folder), bundle_name="verify")
    else:
        bag = bag_class(folder, include_examples=False)
    return dict(bag.dags), dict(bag.import_errors)


def _first_of(*places: tuple[str, str]) -> Any:
    """Return the first of some attributes of modules that exists."""
    import importlib

    for module, name in places:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    names = ", ".join(f"{module}.{name}" for module, name in places)
    raise ImportError(f"this version has none of {names}")
