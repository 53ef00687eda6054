"""From what the user calls a target to the target itself."""

from __future__ import annotations

import importlib
import os
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

from kedro_aloft.deploy.target import ENTRY_POINTS
from kedro_aloft.errors import UsageError, close_match
from kedro_aloft.settings.targets import KINDS, AirflowSettings, AuthSettings, read_targets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kedro_aloft.deploy.target import Target
    from kedro_aloft.settings.targets import TargetSettings

_MODULES = "kedro_aloft.deploy.targets"


def find_target(word: str, *, raw: Mapping[str, Any], source: str, project: Path, url: str | None = None) -> Target:
    """Return the target that a word stands for: a name in airflow.yml, `local`, a folder or an address.

    Args:
        word: What the user wrote.
        raw: The content of airflow.yml.
        source: Its name, for messages.
        project: Folder of the project, to which relative paths belong.
        url: Address of the Airflow that reads it, instead of what airflow.yml says.

    Raises:
        UsageError: If it stands for nothing.
        SettingsError: If the section `targets:` is wrong.
    """
    classes = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    foreign = {name: point.load() for name, point in classes.items()}
    models = {**KINDS, **{name: one.settings_model for name, one in foreign.items()}}
    named = read_targets(raw, source=source, kinds=models)
    settings = named.get(word) or _from_address(word, project, tuple(named))
    settings = settings if url is None else _read_by(settings, url)
    made: Target = (foreign.get(settings.kind) or _built_in(settings.kind))(settings, name=word, project=project)
    return made


def _read_by(settings: TargetSettings, url: str) -> TargetSettings:
    """Say which Airflow reads a target; who logs in there, the usual variables tell, unless airflow.yml does."""
    if settings.airflow is not None:
        return settings.model_copy(update={"airflow": settings.airflow.model_copy(update={"url": url})})
    kind: Literal["password", "token"] = "password" if os.environ.get(AuthSettings().username_env) else "token"
    airflow = AirflowSettings(url=url, auth=AuthSettings(kind=kind))
    return settings.model_copy(update={"airflow": airflow})


def _built_in(kind: str) -> Any:
    """The class of a kind is the one class called `<Kind>Target` in the module of that name."""
    return getattr(importlib.import_module(f"{_MODULES}.{kind}"), f"{kind.capitalize()}Target")


def _from_address(word: str, project: Path, names: tuple[str, ...]) -> TargetSettings:
    if word == "local":
        return KINDS["local"].model_validate({"kind": "local"})
    if "://" in word or "/" in word or (project / word).is_dir():
        return KINDS["folder"].model_validate({"kind": "folder", "path": word})
    raise UsageError(
        f"'{word}' is no target.",
        seen=f"targets of airflow.yml: {', '.join(names) or 'none'}",
        remedy=close_match(word, (*names, "local"))
        or "name one of them, `local`, or a folder or address such as s3://bucket/dags",
    )
