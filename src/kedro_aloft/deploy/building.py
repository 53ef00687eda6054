"""From a compiled project to a release with all its bytes. Writes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.contract.release import NO_RELEASE, Blob, DagFile, Release, Work, release_id
from kedro_aloft.deploy.archive import archive_data, archive_project
from kedro_aloft.errors import DeployError, ImageError
from kedro_aloft.images import project_requirements
from kedro_aloft.project import conf_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.project import Project

_DAG_SUFFIX = ".dag"
"""Not `.py`: the store may be inside the folder that Airflow searches for DAGs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A release and the bytes that it consists of.

    Args:
        release: Its manifest.
        contents: Bytes of every blob by its path in the store.
    """

    release: Release
    contents: Mapping[str, bytes]

    @property
    def dag_files(self) -> dict[str, str]:
        """Text of each DAG file by name."""
        return {name: self.contents[one.blob.path].decode() for name, one in self.release.dag_files.items()}


def build_release(
    project: Project, compiled: Sequence[CompiledDag], *, releases: str, with_data: bool = False
) -> Built:
    """Return the release of a project.

    Args:
        project: The project.
        compiled: Its pipelines; at least one.
        releases: How DAG files name the store.
        with_data: Whether the files that the pipelines read and do not make go along.

    Raises:
        DeployError: If a secret would go in, or the configuration is outside of the project.
    """
    code, conf = archive_project(project.path, conf=_conf_folder(project))
    requirements = requirements_of(project.path)
    blank = {dag.file_name: dag.render(release=NO_RELEASE, releases=releases).fingerprint for dag in compiled}
    data = archive_data(project.path, raw_data(compiled)) if with_data else None
    archives = [one for one in (code, conf, data) if one is not None]
    package, env = compiled[0].snapshot.package, project.env
    blobs = tuple(one.blob for one in archives)
    own = release_id(package, env, archives=blobs, dag_files=blank, requirements=requirements)
    contents = {one.blob.path: one.content for one in archives}
    files = {}
    for dag in compiled:
        rendered = dag.render(release=own, releases=releases)
        text = rendered.source.encode()
        blob = Blob(sha256=hashlib.sha256(text).hexdigest(), size=len(text), suffix=_DAG_SUFFIX)
        contents[blob.path] = text
        files[dag.file_name] = DagFile(
            dag_id=dag.dag_id,
            pipeline=dag.plan.pipeline,
            blank=blank[dag.file_name],
            fingerprint=rendered.fingerprint,
            blob=blob,
            tasks=_works(dag),
        )
    made = Release(
        id=own,
        package=package,
        env=env,
        code=code.blob,
        conf=conf.blob,
        dag_files=files,
        requirements=requirements,
        data=None if data is None else data.blob,
    )
    return Built(release=made, contents=contents)


def requirements_of(project: Path) -> tuple[str, ...]:
    """Return the lines of the project's requirements; none where it has none."""
    try:
        return project_requirements(project)
    except ImageError:
        return ()


def raw_data(compiled: Sequence[CompiledDag]) -> list[str]:
    """Return where below `data/` is what pipelines read and none of them makes; sorted.

    What is elsewhere in the project goes along with the code.
    """
    read: set[str] = set()
    made: set[str] = set()
    for dag in compiled:
        snapshot = dag.snapshot
        free = set(snapshot.free_inputs())
        for name, one in snapshot.datasets.items():
            if one.location and one.location.startswith("data/"):
                (read if name in free else made).add(one.location)
    return sorted(read - made)


def _works(dag: CompiledDag) -> dict[str, Work]:
    plan = dag.plan
    return {
        task.id: Work(
            nodes=task.nodes,
            gives=tuple(plan.gives(task.id)),
            takes=tuple(plan.takes(task.id)),
            pinned=task.pinned,
            versioned=task.versioned,
        )
        for task in plan.tasks
    }


def _conf_folder(project: Project) -> str:
    """Return the folder of the configuration, relative to the project; an address is read by the workers themselves."""
    source = project.conf_source
    if source is not None and "://" in source:
        return "conf"
    root = conf_root(project.path, source)
    if not root.is_relative_to(project.path):
        raise DeployError(
            "The configuration is outside of the project, and would not be in the release.",
            where="--conf-source",
            seen=str(root),
            remedy="put it into the project, or name an address that the workers can read",
        )
    return root.relative_to(project.path).as_posix()
