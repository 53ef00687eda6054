"""Open a project as `kedro run` would, and read snapshots of its pipelines."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft import compat
from kedro_aloft.errors import ProjectError
from kedro_aloft.graph.snapshot import Snapshot, datasets_of, is_parameter
from kedro_aloft.project.config import (
    base_env,
    check_env,
    conf_root,
    config_files,
    config_loader,
    default_env,
    read_airflow_config,
    resolve_conf_source,
    resolve_env,
)
from kedro_aloft.project.datasets import describe_datasets
from kedro_aloft.project.failures import importing, reading, short
from kedro_aloft.project.files import ProjectFiles
from kedro_aloft.project.libraries import missing_libraries
from kedro_aloft.project.locate import find_project
from kedro_aloft.project.nodes import describe_node
from kedro_aloft.project.parameters import used_parameters
from kedro_aloft.project.places import Places
from kedro_aloft.project.plugins import MLFLOW, is_installed, uses_mlflow
from kedro_aloft.project.registry import DEFAULT_PIPELINE, Registry, is_selective, load_registry
from kedro_aloft.project.selection import Filters, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kedro.pipeline import Pipeline

    from kedro_aloft.rules import Finding

_UNNEEDED_PLUGINS = ("kedro-telemetry", "kedro-viz", MLFLOW)
"""Plugins whose hooks talk to the network or keep statistics of runs; nothing of a snapshot depends on them."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Kedro project, configured in this process.

    Args:
        path: Its root.
        package: Its Python package.
        env: The environment that is read.
        default_env: The environment that `kedro run` takes when nobody names one.
        conf_source: Configuration source as it was given: absolute path or URI; None for the project's own.
        runtime_params: Kedro runtime parameters of this command, nested.
    """

    path: Path
    package: str
    env: str
    default_env: str
    conf_source: str | None = None
    runtime_params: Mapping[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def _registry(self) -> Registry:
        return load_registry(self.path)

    @property
    def pipelines(self) -> Mapping[str, Pipeline]:
        """Every registered pipeline, by name."""
        return self._registry.pipelines

    def resolve_pipelines(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the names, each once; refuse what is not registered."""
        return self._registry.resolve(names)

    def every_pipeline(self) -> tuple[str, ...]:
        """Return the names of all registered pipelines that have nodes, sorted."""
        return self._registry.every()

    @functools.cached_property
    def used_plugins(self) -> frozenset[str]:
        """Plugins that the project has said a word about, of those that do nothing for others."""
        return frozenset({MLFLOW} if uses_mlflow(self.path, self.conf_source, self.env) else ())

    @functools.cached_property
    def has_mlflow_runs(self) -> bool:
        """Whether tasks log into MLflow through kedro-mlflow.

        Where the configuration cannot be searched, kedro-mlflow is used if it is installed here.
        """
        return MLFLOW in self.used_plugins and (conf_root(self.path, self.conf_source).is_dir() or is_installed(MLFLOW))

    def airflow_config(self) -> tuple[dict[str, Any], str]:
        """Return the merged content of airflow.yml (empty when there is none), and where it was read from."""
        loader = config_loader(self.path, self.conf_source, self.env, self.runtime_params)
        return read_airflow_config(loader, self.path, self.conf_source, self.env)

    def airflow_file(self) -> Path:
        """Return where airflow.yml belongs, whether it is there or not.

        Raises:
            ProjectError: If the configuration is no directory on this machine (ALOFT-103).
        """
        root = conf_root(self.path, self.conf_source)
        if not root.is_dir():
            raise ProjectError(
                "The configuration is no directory, so nothing can be written into it.",
                where=str(self.conf_source or root.name),
                remedy="name a directory with --conf-source",
                code="ALOFT-103",
            )
        return root / base_env() / "airflow.yml"

    def snapshot(
        self, name: str, filters: Filters | None = None, *, runtime_params: Mapping[str, Any] | None = None
    ) -> Snapshot:
        """Return a frozen description of one pipeline.

        Args:
            name: A registered pipeline.
            filters: Which of its nodes.
            runtime_params: What airflow.yml gives the tasks; this command's own win.

        Raises:
            ProjectError: If configuration or catalog cannot be read, or a parameter is missing.
            PlanError: If nothing is selected, or nodes wait for each other in a circle.
        """
        pipeline = select(self.pipelines[name], filters or Filters(), name=name)
        defaults = dict(runtime_params or {})
        context = self._context({**defaults, **self.runtime_params})
        catalog = self._catalog(context, name)
        owners = self._registry.owners()
        nodes = tuple(
            describe_node(node, owners=owners.get(node.name, ()), project_path=self.path) for node in pipeline.nodes
        )
        used = datasets_of(nodes)
        return Snapshot(
            package=self.package,
            pipeline=name,
            env=self.env,
            nodes=nodes,
            datasets=describe_datasets(
                catalog, used, project_path=self.path, hooks_fill=_hooks_act_before_run(self.package)
            ),
            parameters=used_parameters(
                {dataset for dataset in used if is_parameter(dataset)},
                defaults=self._parameters(defaults),
                known=self._parameters({**defaults, **self.runtime_params}),
                catalog=catalog,
                pipeline=name,
            ),
            selective=is_selective(self._registry, name),
        )

    @property
    def files(self) -> ProjectFiles:
        """The files that people write."""
        return ProjectFiles(root=self.path)

    @functools.cached_property
    def places(self) -> Places:
        """Where catalog entries, settings and parameters stand."""
        root = conf_root(self.path, self.conf_source)
        loader = config_loader(self.path, self.conf_source, self.env, self.runtime_params)
        kinds, envs = ("catalog", "airflow", "parameters"), tuple(dict.fromkeys((self.env, base_env())))
        return Places(
            root=self.path,
            files={kind: [file for env in envs for file in config_files(root, (env,), loader, kind)] for kind in kinds},
        )

    def catalog(self, name: str) -> Any:
        """Return Kedro's catalog for one pipeline, made as `kedro run` makes it; `load` finds the latest versions.

        Args:
            name: A registered pipeline.

        Raises:
            ProjectError: If configuration or catalog cannot be read.
        """
        return self._catalog(self._context(self.runtime_params), name)

    def missing_libraries(self, snapshot: Snapshot) -> tuple[Finding, ...]:
        """Return one error for each dataset type that cannot be imported here."""
        return missing_libraries(snapshot)

    def _context(self, params: Mapping[str, Any]) -> Any:
        """Kedro's context, made by a session as in `kedro run`, so that all hooks see it."""
        from kedro.framework.project import settings
        from kedro.framework.session import KedroSession

        wanted = getattr(settings, "SESSION_CLASS", KedroSession)
        session_class = wanted if issubclass(wanted, KedroSession) else KedroSession
        with reading("The project", self.path), compat.block_plugin_hooks(_UNNEEDED_PLUGINS):
            session = session_class.create(
                project_path=self.path,
                env=self.env,
                runtime_params=dict(params),
                conf_source=self.conf_source,
                save_on_close=False,
            )
            return session.load_context()

    def _catalog(self, context: Any, name: str) -> Any:
        from kedro.framework.project import settings

        if name != DEFAULT_PIPELINE and hasattr(context, "_pipelines_to_validate"):  # Kedro ≥ 1.6
            context._pipelines_to_validate = [name]
        compat.infer_copy_mode_cheaply()
        with reading("The catalog", self.path):
            return context._get_catalog(catalog_class=settings.DATA_CATALOG_CLASS)

    def _parameters(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The configured parameters, overridden by the given ones; none when there is no file."""
        from kedro.config import MissingConfigException

        loader = config_loader(self.path, self.conf_source, self.env, params)
        try:
            return dict(loader["parameters"])
        except MissingConfigException:
            return dict(params)
        except Exception:  # noqa: BLE001  a default may need a runtime parameter that only the command has
            with reading("The parameters", self.path):
                return dict(config_loader(self.path, self.conf_source, self.env, self.runtime_params)["parameters"])


def open_project(
    path: Path | None = None,
    *,
    env: str | None = None,
    conf_source: str | None = None,
    runtime_params: Mapping[str, Any] | None = None,
) -> Project:
    """Configure the project in this process.

    Args:
        path: A directory in the project; None for the working directory.
        env: Kedro environment; None for `KEDRO_ENV`, else the project's default.
        conf_source: Configuration directory, archive or URI; None for the project's own.
        runtime_params: Kedro runtime parameters, nested.

    Raises:
        ProjectError: If there is no project, it cannot be imported, or the environment does not exist.
    """
    from kedro.framework.project import validate_settings

    root = find_project(path)
    package = _configured_package(root) or _bootstrap(root)
    with importing("The project's settings.py", root):
        validate_settings()
    compat.read_plain_conf_cheaply()
    compat.make_paths_absolute_cheaply()
    compat.find_parameter_types_cheaply()
    compat.inspect_functions_once()
    source, chosen = resolve_conf_source(conf_source), resolve_env(env)
    check_env(root, source, chosen)
    return Project(
        path=root,
        package=package,
        env=chosen,
        default_env=default_env(),
        conf_source=source,
        runtime_params=dict(runtime_params or {}),
    )


def _configured_package(root: Path) -> str:
    """Return the package of the project when Kedro's command line has configured it in this process; else nothing.

    To configure it again would change nothing and take a tenth of the time of `create`.
    """
    import importlib.util

    from kedro.framework import project

    package: Any = project.PACKAGE_NAME
    spec = importlib.util.find_spec(package) if package else None
    place = Path(spec.origin) if spec and spec.origin else Path()
    return str(package) if place.is_relative_to(root) else ""


def _bootstrap(root: Path) -> str:
    from kedro.framework.startup import bootstrap_project

    try:
        return str(bootstrap_project(root).package_name)
    except (RuntimeError, ValueError, NotADirectoryError) as error:
        raise ProjectError(
            "This is no Kedro project that the installed Kedro can open.",
            where="pyproject.toml",
            seen=short(error),
            remedy="correct the [tool.kedro] section",
            code="ALOFT-101",
        ) from error


def _hooks_act_before_run(package: str) -> bool:
    """Whether a hook of the project itself runs before the pipeline: it may fill datasets that nothing else fills."""
    from kedro.framework.project import settings

    return any(
        hasattr(hook, "before_pipeline_run") and type(hook).__module__.partition(".")[0] == package
        for hook in settings.HOOKS
    )
