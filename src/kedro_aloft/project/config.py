"""Environment, configuration source and airflow.yml of a project."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import ProjectError, SettingsError, close_match
from kedro_aloft.project.failures import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

AIRFLOW_PATTERNS = ["airflow*", "airflow*/**", "**/airflow*"]
"""Where airflow.yml may lie; the same patterns as kedro-airflow's."""

_RESERVED_SECTION = re.compile(r"""^["']?(?P<name>_[^\s"':]*)["']?\s*:""")


def default_env() -> str:
    """Return the environment that `kedro run` takes when nobody names one."""
    from kedro.framework.project import settings

    return str(settings.CONFIG_LOADER_ARGS.get("default_run_env") or "local")


def resolve_env(env: str | None) -> str:
    """Return the environment of a command: its option, else `KEDRO_ENV`, else the project's default."""
    return env or os.environ.get("KEDRO_ENV") or default_env()


def resolve_conf_source(conf_source: str | None) -> str | None:
    """Return a given configuration source as Kedro takes it; None stays None.

    Raises:
        ProjectError: If it is a local path and nothing is there (ALOFT-104).
    """
    if not conf_source or ("://" in conf_source and not conf_source.startswith("file://")):
        return conf_source or None
    path = Path(conf_source)
    if not path.exists():
        raise ProjectError(
            "The configuration source does not exist.",
            where="--conf-source",
            seen=str(path),
            remedy="name a directory like conf/, or an archive of one",
            code="ALOFT-104",
        )
    return str(path.resolve())


def conf_root(project_path: Path, conf_source: str | None) -> Path:
    """Return the configuration directory; for archives and URIs a path at which there is no directory."""
    from kedro.framework.project import settings

    return Path(conf_source) if conf_source else project_path / settings.CONF_SOURCE


def base_env() -> str:
    """Return the environment that all others build on."""
    from kedro.framework.project import settings

    return str(settings.CONFIG_LOADER_ARGS.get("base_env") or "base")


def check_env(project_path: Path, conf_source: str | None, env: str) -> None:
    """Refuse an environment that has no directory.

    Kedro says so too, but only after it has imported everything. Archives and remote sources are left to Kedro.

    Raises:
        ProjectError: If there is no such environment (ALOFT-104).
    """
    root = conf_root(project_path, conf_source)
    if not root.is_dir() or (root / env).is_dir():
        return
    found = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    raise ProjectError(
        f"The environment '{env}' does not exist.",
        where=f"{root.name}/{env}/",
        seen=f"{root.name}/ has {', '.join(found) or 'no directories'}",
        remedy=close_match(env, found) or f"make the directory {root.name}/{env}, or name another one with --env",
        code="ALOFT-104",
    )


def config_loader(project_path: Path, conf_source: str | None, env: str, params: Mapping[str, Any]) -> Any:
    """Return the project's own config loader, with patterns for airflow.yml added."""
    from kedro.framework.project import settings

    with reading("The configuration", project_path):
        loader = settings.CONFIG_LOADER_CLASS(
            conf_source=conf_source or str(project_path / settings.CONF_SOURCE),
            env=env,
            runtime_params=dict(params),
            **settings.CONFIG_LOADER_ARGS,
        )
        patterns = getattr(loader, "config_patterns", None)
        if isinstance(patterns, dict):
            patterns.setdefault("airflow", AIRFLOW_PATTERNS)
        return loader


def read_airflow_config(
    loader: Any, project_path: Path, conf_source: str | None, env: str
) -> tuple[dict[str, Any], str]:
    """Return the merged content of airflow.yml, and where it was read from.

    Raises:
        ProjectError: If a file cannot be parsed (ALOFT-103).
        SettingsError: If a file has a section that Kedro's loader would drop without a word.
    """
    from kedro.config import MissingConfigException

    root = conf_root(project_path, conf_source)
    files = config_files(root, (base_env(), env), loader, "airflow")
    for file in files:
        _refuse_reserved(file, root)
    source = ", ".join(f"{root.name}/{file.relative_to(root).as_posix()}" for file in files) or "airflow.yml"
    try:
        with reading("airflow.yml", project_path):
            content = loader["airflow"]
    except ProjectError as error:
        if isinstance(error.__cause__, MissingConfigException | KeyError):
            return {}, "airflow.yml"
        raise
    return dict(content or {}), source


def config_files(root: Path, envs: tuple[str, ...], loader: Any, kind: str) -> list[Path]:
    """Return the files that the loader reads for one kind of configuration; for messages and what the loader hides."""
    usual = [f"{kind}*", f"{kind}*/**", f"**/{kind}*"]
    patterns = getattr(loader, "config_patterns", {}).get(kind, usual)
    found = {
        path
        for env in dict.fromkeys(envs)
        for pattern in patterns
        for path in (root / env).glob(_globbable(pattern))
        if path.suffix in {".yml", ".yaml", ".json"} and path.is_file()
    }
    return sorted(found)


def _globbable(pattern: str) -> str:
    """`a/**` means files below `a` to Kedro, and directories to Python before 3.13."""
    return f"{pattern}/*" if pattern.endswith("**") else pattern


def _refuse_reserved(file: Path, root: Path) -> None:
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        match = _RESERVED_SECTION.match(line)
        if match and match["name"].startswith("__"):
            raise SettingsError(
                f"Kedro's configuration loader ignores the section '{match['name']}'.",
                where=f"{root.name}/{file.relative_to(root).as_posix()}, line {number}",
                seen="names that begin with an underscore are for YAML anchors",
                remedy="settings of the pipeline `__default__` are written in the section `default`",
            )
