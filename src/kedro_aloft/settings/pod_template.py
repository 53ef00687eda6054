"""`kubernetes.pod_template` as a file: read once, when the DAG is compiled, so that the DAG file needs no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.settings.models import DagSettings


def with_pod_templates(settings: DagSettings, *, project: Path) -> DagSettings:
    """Return the settings with every pod template that is named by its file in place of the name.

    Args:
        settings: The settings of a DAG.
        project: Folder in which the files are named.

    Raises:
        SettingsError: If a file is missing or is no pod.
    """
    tasks = tuple(
        one.model_copy(update={"kubernetes": _filled(one.kubernetes, project)}) if one.kubernetes else one
        for one in settings.tasks
    )
    return settings.model_copy(update={"kubernetes": _filled(settings.kubernetes, project), "tasks": tasks})


def _filled(section: Any, project: Path) -> Any:
    if not isinstance(section.pod_template, str):
        return section
    return section.model_copy(update={"pod_template": _read(project / section.pod_template, section.pod_template)})


def _read(path: Path, name: str) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _refusal(name, str(error).replace("\n", " ")) from None
    if not isinstance(content, dict) or content.get("kind", "Pod") != "Pod":
        kind = content.get("kind") if isinstance(content, dict) else type(content).__name__
        raise _refusal(name, f"it holds a {kind}")
    return content


def _refusal(name: str, seen: str) -> SettingsError:
    return SettingsError(
        "The pod template cannot be used.",
        where=f"kubernetes.pod_template: {name}",
        seen=seen,
        remedy="name a YAML file with one Pod, relative to the project",
    )
