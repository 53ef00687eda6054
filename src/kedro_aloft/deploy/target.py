"""Target: a place to which releases are deployed. One class per kind in `targets/`, or of a third party.

A third party names its class in the entry point group `kedro_aloft.targets`, under the word that stands as `kind:` in
airflow.yml; the class then has its model of settings in `settings_model`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.contract.files import FileStore
    from kedro_aloft.contract.release import Release
    from kedro_aloft.deploy.steps import Step
    from kedro_aloft.settings.targets import TargetSettings

ENTRY_POINTS = "kedro_aloft.targets"
STORE_FOLDER = ".kedro-aloft"
"""Where releases are kept inside a folder of DAG files. Airflow looks into hidden folders too, so no name in there
ends in `.py` or `.zip`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind of target can do; the rest of the room asks this and never for the kind.

    Args:
        loads: How workers get the project's code: from a `release` in the store, an `image`, or an installed `package`
            or folder that the target's own steps put there. Only with `release` do the DAG files name one, and only
            then are archives uploaded.
        keeps_releases: Whether there is a store with manifests and a log of deployments, so that `releases`,
            `rollback` and the lock work.
        starts_itself: Whether the target's own steps start the Airflow, so that it is live for sure at the end.
        live_s: How long Airflow may take to see a new DAG file, in seconds; the deadline of the wait.
        set_variable: How somebody gives the tasks an environment variable, `{name}`; said of those that the
            configuration reads. Empty where tasks have the environment of who deploys.
        several_machines: Whether tasks of one run are on machines that share no disk.
    """

    loads: Literal["release", "image", "package"] = "release"
    keeps_releases: bool = True
    starts_itself: bool = False
    live_s: float = 360.0
    set_variable: str = "on the workers: export {name}=…"
    several_machines: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one deploy brings to a target: made once, read by all steps.

    Args:
        project: Folder of the project.
        package: Its Python package.
        env: Kedro environment of the DAGs.
        compiled: The pipelines, with plan and settings.
        dag_files: Text of each DAG file by its name, as it is published.
        release: The release, where the target loads or keeps one.
        requirements: The pinned requirements of the project, one per line; empty when it has none.
        options: What the kind's own options of the command line say, and `force`.
    """

    project: Path
    package: str
    env: str
    compiled: tuple[CompiledDag, ...]
    dag_files: Mapping[str, str]
    release: Release | None
    requirements: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


class Target(Protocol):
    """One place, as its settings describe it. Making it connects to nothing."""

    kind: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    settings_model: ClassVar[type[TargetSettings]]

    def __init__(self, settings: TargetSettings, *, name: str, project: Path) -> None: ...

    @property
    def name(self) -> str:
        """How the user calls it: its name in airflow.yml, or the address itself."""

    def overrides(self) -> Mapping[str, Any]:
        """Return settings of airflow.yml that this target decides, by dotted key; the pipelines are compiled so."""

    def dags(self) -> FileStore:
        """Return where DAG files are put; for targets that make a folder, that folder."""

    def store(self) -> FileStore | None:
        """Return where releases are kept; None when the target keeps none."""

    def releases(self) -> str:
        """Return how DAG files name the store: a path relative to themselves, or a URI that workers can read."""

    def steps(self, delivery: Delivery) -> Sequence[Step]:
        """Return what is special for this kind; each step's phase says when it is done."""

    def api(self) -> AirflowApi | None:
        """Return the Airflow that reads the target, or None when nobody said which one."""


@runtime_checkable
class HandsOver(Protocol):
    """What a target has besides when nothing is seen of its files until all are handed over: by a commit, say."""

    def handover(self, did: str) -> Sequence[Step]:
        """Return the steps that hand over what was written or removed, after a deploy, a rollback or a destroy.

        Args:
            did: What was done, in a line for people.
        """
