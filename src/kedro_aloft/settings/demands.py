"""What a mode of execution cannot do without, said before anything is written."""

from __future__ import annotations

import posixpath
from operator import attrgetter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kedro_aloft.errors import SettingsError, close_match
from kedro_aloft.settings.execution import CONTAINER_MODES, REQUIRED
from kedro_aloft.settings.overrides import PROFILE_TAG, effective

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kedro_aloft.settings.models import DagSettings
    from kedro_aloft.settings.overrides import TaskSettings

IN_IMAGE = "/home/kedro/project"
"""`contract.keys.PROJECT_IN_IMAGE`, which this room does not see."""


def check_execution(
    settings: DagSettings, nodes: Iterable[tuple[str, Collection[str], str | None]], *, source: str
) -> None:
    """Refuse modes that lack something, and resource profiles that do not exist.

    Args:
        settings: The settings of the DAG.
        nodes: Name, tags and namespace of each node.
        source: Name of the file for messages.

    Raises:
        SettingsError: With the first node that cannot run.
    """
    if not _uses_containers(settings):
        return
    with_volume: TaskSettings | None = None
    for name, tags, namespace in nodes:
        task = effective(settings, name, tags=tags, namespace=namespace)
        _refuse_missing(task, name, source)
        if task.execution in CONTAINER_MODES:
            _refuse_profile(task, settings, name, tags, source)
        if task.kubernetes is not None and task.kubernetes.volume is not None:
            with_volume = with_volume or task
            _refuse_second_volume(task, with_volume, name, source)


def _uses_containers(settings: DagSettings) -> bool:
    chosen = {settings.execution, *(one.execution for one in settings.tasks if one.execution)}
    return settings.spark is not None or bool(CONTAINER_MODES & chosen)


def _refuse_missing(task: TaskSettings, node: str, source: str) -> None:
    for path in REQUIRED.get(task.execution, ()):
        if attrgetter(path)(task) is None:
            mode = "spark.mode" if path.startswith("spark.") else "execution"
            raise SettingsError(
                f"`{mode}: {task.execution}` needs `{path}`.",
                where=f"{source}: {path}",
                seen=f"node '{node}' is to run there, and it is not set",
                remedy=_remedy(path),
            )


def _remedy(path: str) -> str:
    if path == "image":
        return "run `kedro airflow image build` and set `image: built`, or name an image that has the project"
    return f"set `{path}`, or choose another {'`spark.mode`' if path.startswith('spark.') else '`execution`'}"


def _refuse_profile(task: TaskSettings, settings: DagSettings, node: str, tags: Collection[str], source: str) -> None:
    tagged = sorted(tag for tag in tags if tag.startswith(PROFILE_TAG))
    if len(tagged) > 1:
        raise SettingsError(
            f"Node '{node}' has tags of several resource profiles.",
            where=", ".join(tagged),
            remedy="leave one, or choose with `tasks: [{select: <node>, resource_profile: <name>}]`",
        )
    name, known = task.resource_profile, settings.resource_profiles
    if name is not None and name not in known:
        raise SettingsError(
            f"There is no resource profile '{name}'. {close_match(name, known)}".strip(),
            where=f"{source}: resource_profiles",
            seen=f"node '{node}' asks for it; known: {', '.join(known) or 'none'}",
            remedy="add it to `resource_profiles`, or correct the name",
        )


def _refuse_second_volume(task: TaskSettings, first: TaskSettings, node: str, source: str) -> None:
    """A run has one claim, which lies in one namespace of one cluster."""
    if _place_of_volume(task) != _place_of_volume(first):
        raise SettingsError(
            "The pods of a run share one claim, and these settings want several.",
            where=f"{source}: tasks",
            seen=f"node '{node}' has another `kubernetes.volume`, namespace or cluster than nodes before it",
            remedy="give them the same, or `volume: null` to those that do not need it",
        )


def _place_of_volume(task: TaskSettings) -> tuple[object, ...]:
    pods = task.kubernetes
    assert pods is not None
    cluster = (pods.connection, pods.in_cluster, pods.context, pods.config_file)
    return (task.execution, task.gke, pods.volume, pods.namespace, *cluster)


def check_handoff(settings: DagSettings, crossings: Iterable[tuple[str, TaskSettings, TaskSettings]]) -> None:
    """Refuse a handoff store that the tasks do not share.

    Args:
        settings: The settings of the DAG.
        crossings: Dataset in memory, and what the task that makes it and the one that reads it demand.

    Raises:
        SettingsError: With the first dataset that would not arrive.
    """
    uri = settings.handoff.uri
    if "://" in uri or not _uses_containers(settings):
        return
    for dataset, source, target in crossings:
        modes = {source.execution, target.execution}
        if modes & CONTAINER_MODES and not _is_shared(uri, source, target):
            raise SettingsError(
                f"Dataset '{dataset}' lives in memory and would not cross from task to task.",
                where="airflow.yml: handoff.uri",
                seen=f"{uri!r} is a folder, and tasks with `execution: {', '.join(sorted(modes))}` do not share it",
                remedy=f"set `handoff: {_proposal(source)}` or another address that all tasks reach, give the dataset "
                "a place in the catalog, or put both nodes into one task (`group_by: memory`)",
            )


def _is_shared(uri: str, source: TaskSettings, target: TaskSettings) -> bool:
    """Containers of one engine share a volume, pods a claim or what their template mounts; else folders are apart."""
    if source.execution != target.execution:
        return uri.startswith("/") and "docker" in (source.execution, target.execution)
    if source.execution == "docker":
        return True
    kubernetes = source.kubernetes
    if kubernetes is None:
        return False
    shares = target.kubernetes is not None and target.kubernetes.volume is not None
    if kubernetes.volume is not None and shares:
        return _in_image(uri).is_relative_to(kubernetes.volume.mount)
    return kubernetes.pod_template is not None


def _proposal(task: TaskSettings) -> str:
    volume = task.kubernetes.volume if task.kubernetes is not None else None
    return "{uri: s3://…}" if volume is None else f"{{uri: {volume.mount}/.handoff}}"


def _in_image(uri: str) -> PurePosixPath:
    return PurePosixPath(posixpath.normpath(posixpath.join(IN_IMAGE, uri)))
