"""What tasks demand of the place where they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PodWanted:
    """A pod that some tasks start.

    Args:
        pod: As it is sent to the cluster.
        tasks: Ids of the tasks.
        claims_volume: Whether each run makes a claim for it.
        storage_class: Storage class of that claim; None for the cluster's default.
    """

    pod: Mapping[str, Any]
    tasks: tuple[str, ...]
    claims_volume: bool = False
    storage_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterWanted:
    """A cluster, and what shall run there.

    Args:
        config_file: Path of the kubeconfig; None for the user's own.
        context: Context of it; None for its current one.
        in_cluster: Whether the account of the pod that asks is used, instead of a kubeconfig.
        pods: What shall run there.
    """

    config_file: str | None = None
    context: str | None = None
    in_cluster: bool = False
    pods: tuple[PodWanted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A place that cannot be asked from here, although tasks run there.

    Args:
        name: What it is called for people.
        why: Why not.
        remedy: How to ask instead.
        tasks: Ids of the tasks.
    """

    name: str
    why: str
    remedy: str
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineWanted:
    """A container engine, and what shall run there.

    Args:
        url: Its address; None for the one of this machine.
        images: Images of the containers.
        folders: Folders of this machine that are mounted.
        networks: Networks of the containers.
    """

    url: str | None = None
    images: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonWanted:
    """A Python environment of the project's own.

    Args:
        python: Its interpreter; with `requirements`, what it is made with: None for this one.
        requirements: What is installed in it; None when it is there already.
        cache: Folder of the environments that were built.
    """

    python: str | None
    requirements: Path | None
    cache: Path
