"""The steps of a deploy, a rollback and a destroy. Planning reads; only the steps change the world."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from kedro_aloft.client import wait_for_dag
from kedro_aloft.deploy.advice import needs_steps
from kedro_aloft.deploy.building import Built, build_release, requirements_of
from kedro_aloft.deploy.collect import collect, deployments_in_use
from kedro_aloft.deploy.history import Deployment, History, Place
from kedro_aloft.deploy.origin import commit_of, is_newer, versions, who
from kedro_aloft.deploy.ownership import ours_of, refuse_foreign
from kedro_aloft.deploy.steps import Phase, Step, in_order
from kedro_aloft.deploy.target import Delivery, HandsOver
from kedro_aloft.errors import DeployError
from kedro_aloft.images import goes_along

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.contract.files import FileStore
    from kedro_aloft.contract.release import DagFile
    from kedro_aloft.deploy.target import Target
    from kedro_aloft.project import Project

_THERE = "there already"
_NO_AIRFLOW = "whether it is live cannot be seen: airflow.yml names no Airflow for this target (`airflow: {url: …}`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deploy will do.

    Args:
        steps: In the order in which they are applied.
        release: Id of the release; empty where the target keeps none.
        serial: Number of the deployment; 0 where there is no log.
        files: The DAG files that it brings, by name: id of the DAG and fingerprint.
        notes: What to know before.
    """

    steps: tuple[Step, ...]
    release: str = ""
    serial: int = 0
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def plan_deploy(
    target: Target,
    project: Project,
    compiled: Sequence[CompiledDag],
    *,
    force: bool = False,
    replaces_all: bool = False,
    with_data: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Plan:
    """Return what brings compiled pipelines to a target.

    Args:
        target: Where to.
        project: The project.
        compiled: Its pipelines.
        force: Replace what is somebody else's.
        replaces_all: Whether DAG files of pipelines that were not compiled go too.
        with_data: Whether raw data goes along.
        options: For `Delivery.options`, which has `force` besides.

    Raises:
        DeployError: If something of somebody else's would be replaced, or no release can be made.
    """
    _refuse_inside(target, project)
    store = target.store()
    built = None
    if store is not None:
        built = build_release(project, compiled, releases=target.releases(), with_data=with_data)
    delivery = Delivery(
        project=project.path,
        package=project.package,
        env=project.env,
        compiled=tuple(compiled),
        dag_files=built.dag_files if built else {dag.file_name: dag.rendered.source for dag in compiled},
        release=built.release if built else None,
        requirements="".join(f"{line}\n" for line in requirements_of(project.path)),
        options={"force": force, **(options or {})},
    )
    if store is None or built is None:
        return _without_store(target, delivery, force=force)
    history = History(store, package=project.package, env=project.env)
    current = history.current()
    brought = {name: Place(release=built.release.id, file=one) for name, one in built.release.dag_files.items()}
    kept = {} if replaces_all else _still_there(current, project.pipelines)
    following = _next(current, did="deploy", release=built.release.id, places={**kept, **brought})
    following = replace(following, commit=commit_of(project.path))
    if not force:
        _refuse_newer(project, current)
    steps = [
        *_uploads(history, built),
        *_switch(
            target,
            history,
            current,
            following,
            texts=delivery.dag_files,
            force=force,
            see=partial(_again, history, built),
        ),
        *target.steps(delivery),
        *_handover(target, f"Deploy {project.package} {built.release.id}"),
        *_live(target, {name: one.file for name, one in brought.items()}),
        *_collection(target, history),
        *needs_steps(delivery, target.capabilities),
    ]
    stay = sorted(f"{name} stays at release {one.release}" for name, one in kept.items() if name not in brought)
    return Plan(
        steps=in_order(steps),
        release=built.release.id,
        serial=following.serial,
        files={name: (one.dag_id, one.fingerprint) for name, one in built.release.dag_files.items()},
        notes=tuple(stay),
    )


def plan_rollback(target: Target, history: History, to: Deployment, *, force: bool = False) -> Plan:
    """Return what puts back the DAG files of an earlier deployment, whose releases are still in the store.

    Raises:
        DeployError: If something of somebody else's would be replaced, or a release is gone.
    """
    current = history.current()
    following = _next(current, did="rollback", release=to.release, places=to.places)
    following = replace(following, commit=to.commit)
    texts = {name: _text(history, one.file) for name, one in to.places.items()}
    _see(history, to.releases)
    files = {name: one.file for name, one in to.places.items()}
    steps = [
        *_switch(
            target, history, current, following, texts=texts, force=force, see=partial(_see, history, to.releases)
        ),
        *_handover(target, f"Roll {history.package} back to {to.release}"),
        *_live(target, files),
    ]
    return Plan(
        steps=in_order(steps),
        release=to.release,
        serial=following.serial,
        files={name: (one.dag_id, one.fingerprint) for name, one in files.items()},
    )


def plan_destroy(target: Target, history: History, *, force: bool = False) -> Plan:
    """Return what takes all DAG files and releases of a package and environment away; runs stay in Airflow's memory."""
    current = history.current()
    names = (*current.places, *current.gone) if current else ()
    places = ours_of(target.dags(), names, package=history.package, env=history.env)
    if not force:
        refuse_foreign(target.dags(), {}, gone=places)
    used = {one.release for other in history.elsewhere() for one in other.places.values()}
    erasing = (*_removals(target.dags(), places), *history.erasing(keep=used))
    steps = [*erasing, *_handover(target, f"Remove {history.package}")]
    return Plan(steps=in_order(steps), serial=current.serial if current else 0)


def _without_store(target: Target, delivery: Delivery, *, force: bool) -> Plan:
    """Targets that keep no releases get DAG files, and what is special for them."""
    if not force:
        refuse_foreign(target.dags(), delivery.dag_files)
    flips = (_flip(target.dags(), name, text) for name, text in delivery.dag_files.items())
    files = {dag.file_name: (dag.dag_id, dag.rendered.fingerprint) for dag in delivery.compiled}
    needs = needs_steps(delivery, target.capabilities)
    steps = [*flips, *target.steps(delivery), *(_wait(target, *one) for one in files.values()), *needs]
    return Plan(steps=in_order(steps), files=files)


def _still_there(current: Deployment | None, pipelines: Iterable[str]) -> dict[str, Place]:
    """The DAG files of earlier releases whose pipelines the project still has."""
    known = set(pipelines)
    return {name: one for name, one in (current.places if current else {}).items() if one.file.pipeline in known}


def _next(current: Deployment | None, *, did: str, release: str, places: Mapping[str, Place]) -> Deployment:
    return Deployment(
        serial=current.serial + 1 if current else 1,
        did=did,
        release=release,
        places=dict(places),
        when=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        who=who(),
        versions=versions(),
        gone=tuple(sorted({*current.places, *current.gone} - set(places))) if current else (),
    )


def _refuse_inside(target: Target, project: Project) -> None:
    """A release that holds the release before it is another one each time."""
    folder = target.dags().folder
    if folder is not None and goes_along(folder.resolve(), project.path.resolve()):
        raise DeployError(
            "The DAG files would become a part of the project, and every release a part of the next one.",
            where=str(folder),
            remedy="name a folder outside of the project, or below dist/ or build/, which no release takes along",
            code="ALOFT-905",
        )


def _refuse_newer(project: Project, current: Deployment | None) -> None:
    if current is not None and is_newer(project.path, current.commit):
        raise DeployError(
            "What is there was deployed from a commit that your checkout does not have.",
            where=f"release {current.release}",
            seen=f"commit {current.commit[:12]}, by {current.who} at {current.when}",
            remedy="`git pull`, then deploy again; --force replaces it all the same",
            code="ALOFT-904",
        )


def _handover(target: Target, did: str) -> Sequence[Step]:
    return target.handover(did) if isinstance(target, HandsOver) else ()


def _uploads(history: History, built: Built) -> Iterator[Step]:
    kinds = ("the code", "the configuration", "the raw data")
    words = {one.path: kind for one, kind in zip(built.release.archives, kinds, strict=False)}
    words |= {one.blob.path: name for name, one in built.release.dag_files.items()}
    for path, content in built.contents.items():
        there = history.files.has(path)
        size = f"{len(content) / 1024:,.1f} KiB"
        yield Step(
            phase=Phase.BLOBS,
            name=f"upload {words[path]}",
            what=f"{words[path]} is there already" if there else f"upload {words[path]}, {size}: {path}",
            apply=partial(_upload, history.files, path, content),
        )
    release = built.release
    yield Step(
        phase=Phase.MANIFEST,
        name="upload the manifest",
        what=f"upload the manifest of release {release.id}: {release.path}",
        apply=partial(_manifest, history.files, release.path, release.to_json().encode()),
    )


def _upload(files: FileStore, path: str, content: bytes) -> str:
    """A blob is named by its content, and readers see it whole or not at all: if it is there, it is right."""
    if files.has(path):
        return _THERE
    files.write(path, content)
    return f"{len(content):,} bytes"


def _again(history: History, built: Built) -> str:
    """Upload what a collection has removed since it was looked for, the manifest first, which protects the rest."""
    manifest = built.release.to_json().encode()
    back = [built.release.path] if history.files.write(built.release.path, manifest) else []
    back += [path for path, content in built.contents.items() if _upload(history.files, path, content) != _THERE]
    return f"; uploaded again: {', '.join(back)}" if back else ""


def _see(history: History, release_ids: Iterable[str]) -> str:
    """Refuse releases that are not all there; return nothing to tell."""
    blobs = {blob.path for one in sorted(release_ids) for blob in history.release(one).blobs}
    gone = [history.files.address(path) for path in sorted(blobs) if not history.files.has(path)]
    if gone:
        raise DeployError(
            "A part of the release is gone from the store.",
            where=", ".join(gone),
            remedy="see `kedro airflow releases` for other ones; deploy again to make a new one",
        )
    return ""


def _manifest(files: FileStore, path: str, content: bytes) -> str:
    return "written" if files.write(path, content) else _THERE


def _switch(
    target: Target,
    history: History,
    current: Deployment | None,
    following: Deployment,
    *,
    texts: Mapping[str, str],
    force: bool,
    see: Callable[[], str],
) -> list[Step]:
    """The steps that make another deployment the current one; DAG files of others are looked for before and at once.

    `see` looks whether all is there once it is in the log: a collection may have been about to remove what an old
    release has in common with it (`History.erase`).
    """
    dags = target.dags()
    gone = ours_of(dags, following.gone, package=history.package, env=history.env)
    kept = {name: _text(history, one.file) for name, one in following.places.items() if name not in texts}
    texts = {**kept, **texts}
    check = partial(refuse_foreign, dags, texts, gone=gone) if not force else None
    if check is not None:
        check()

    def claim() -> str:
        if check is not None:
            check()
        if current is not None and current.places == following.places:
            return f"nothing is new{see()}"
        history.claim(following)
        return f"deployment {following.serial}{see()}"

    what = f"make release {following.release} the current one: {history.files.address(history.path(following.serial))}"
    claiming = Step(phase=Phase.CLAIM, name="claim", what=what, apply=claim)
    flips = (_flip(dags, name, texts[name]) for name in sorted(following.places))
    return [claiming, *flips, *_removals(dags, gone)]


def _text(history: History, file: DagFile) -> str:
    content = history.files.read(file.blob.path)
    if content is None:
        raise DeployError(
            "A DAG file of a release is gone from the store.", where=history.files.address(file.blob.path)
        )
    return content.decode()


def _flip(dags: FileStore, name: str, text: str) -> Step:
    def flip() -> str:
        return "written" if dags.write(name, text.encode()) else "unchanged"

    return Step(phase=Phase.FLIP, name=f"flip {name}", what=f"write {dags.address(name)}", apply=flip)


def _removals(dags: FileStore, gone: Iterable[str]) -> Iterator[Step]:
    for name in sorted(gone):
        what = f"remove {dags.address(name)}"
        yield Step(phase=Phase.REMOVE, name=f"remove {name}", what=what, apply=partial(dags.remove, name))


def _live(target: Target, files: Mapping[str, DagFile]) -> Iterator[Step]:
    for one in files.values():
        yield _wait(target, one.dag_id, one.fingerprint)


def _wait(target: Target, dag_id: str, fingerprint: str) -> Step:
    def wait() -> str:
        api = target.api()
        if api is None:
            return _NO_AIRFLOW
        wait_for_dag(api, dag_id, marker=fingerprint, deadline_s=target.capabilities.live_s)
        return "live"

    what = f"wait until Airflow serves '{dag_id}' with fingerprint {fingerprint}"
    return Step(phase=Phase.LIVE, name=f"see {dag_id} live", what=what, apply=wait)


def _collection(target: Target, history: History) -> Iterator[Step]:
    def tidy() -> str:
        api = target.api()
        in_use = None if api is None else deployments_in_use(history, api)
        removed = () if in_use is None else collect(history, in_use=in_use)
        return f"removed {', '.join(removed)}" if removed else "nothing to remove"

    what = "remove releases that no DAG file, no unfinished run and no rollback needs"
    # What is handed over as a whole is tidied before.
    phase = Phase.REMOVE if isinstance(target, HandsOver) else Phase.COLLECT
    yield Step(phase=phase, name="collect", what=what, apply=tidy)
