"""The log of deployments: which release stands in whose place. Creating the next entry is the lock."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from kedro_aloft.contract.release import DagFile, Release, canonical, manifest_path
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kedro_aloft.contract.files import FileStore

_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What stands in one DAG file's place: the release that it came with, and what is in it."""

    release: str
    file: DagFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One entry of the log.

    Args:
        serial: 1, 2, 3 …; the highest is the current one.
        did: `deploy` or `rollback`.
        release: The release that was brought.
        places: All DAG files from then on, by name, those of earlier releases that stayed included.
        when: ISO 8601, UTC.
        who: User and machine.
        commit: Git commit of what was brought; with `+` when files differed from it; empty when not known.
        versions: Of what made it: kedro-aloft, kedro, python.
        gone: DAG files of earlier deployments that have no place any more. Every entry names all of them, so that
            one whose deploy was killed before it removed a file is repaired by the next.
    """

    serial: int
    did: str
    release: str
    places: Mapping[str, Place]
    when: str
    who: str
    commit: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()

    @property
    def releases(self) -> frozenset[str]:
        """Every release that some DAG file names."""
        return frozenset(one.release for one in self.places.values())

    def to_json(self) -> str:
        """Return the entry."""
        return canonical(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: bytes) -> Deployment:
        """Return the entry that `to_json` gave."""
        raw = json.loads(text)
        places = {
            name: Place(release=one["release"], file=DagFile.from_dict(one["file"]))
            for name, one in raw["places"].items()
        }
        return cls(**{**raw, "places": places, "gone": tuple(raw["gone"])})


class History:
    """The releases and deployments of one package in one environment.

    Args:
        store: Where releases of all packages are kept.
        package, env: Whose.
    """

    def __init__(self, store: FileStore, *, package: str, env: str) -> None:
        self._store, self.package, self.env = store, package, env
        self.files = store.at(package)
        self._folder = f"deployments/{env}"

    def serials(self) -> tuple[int, ...]:
        """Return the numbers of all deployments, in order."""
        names = (name.removesuffix(".json") for name in self.files.names(self._folder))
        return tuple(sorted(int(name) for name in names if name.isdigit()))

    def deployment(self, serial: int) -> Deployment:
        """Return one deployment.

        Raises:
            DeployError: If it is not there.
        """
        content = self.files.read(self.path(serial))
        if content is None:
            raise DeployError("There is no such deployment.", where=self.files.address(self.path(serial)))
        return Deployment.from_json(content)

    def current(self) -> Deployment | None:
        """Return the latest deployment; None before the first."""
        serials = self.serials()
        return self.deployment(serials[-1]) if serials else None

    def all(self) -> tuple[Deployment, ...]:
        """Return all deployments, the latest first."""
        return tuple(self.deployment(serial) for serial in reversed(self.serials()))

    def path(self, serial: int) -> str:
        """Return where a deployment is in the store."""
        return f"{self._folder}/{serial:0{_DIGITS}}.json"

    def claim(self, deployment: Deployment) -> None:
        """Make a deployment the current one.

        Raises:
            DeployError: If somebody else was first (ALOFT-902).
        """
        name = self.path(deployment.serial)
        if not self.files.create(name, deployment.to_json().encode()):
            other = self.deployment(deployment.serial)
            raise DeployError(
                "Somebody else has deployed in the meantime; nothing of yours is visible.",
                where=self.files.address(name),
                seen=f"release {other.release or 'none'} by {other.who} at {other.when}",
                remedy="look at what they brought (`kedro airflow releases`), then deploy again",
                code="ALOFT-902",
            )

    def release(self, release_id: str) -> Release:
        """Return a release by its id.

        Raises:
            DeployError: If it is not in the store, or damaged.
        """
        content = self.files.read(manifest_path(release_id))
        made = None if content is None else Release.from_json(content)
        if made is None or not made.is_whole:
            raise DeployError(
                f"The release {release_id} is {'not in the store' if made is None else 'damaged'}.",
                where=self.files.address(manifest_path(release_id)),
                remedy="see `kedro airflow releases` for those that are there; deploy again to make a new one",
            )
        return made

    def elsewhere(self) -> tuple[Deployment, ...]:
        """Return the latest deployments of the same package in other environments, which share blobs."""
        others = [name for name in self.files.folders("deployments") if f"deployments/{name}" != self._folder]
        found = (History(self._store, package=self.package, env=env).current() for env in others)
        return tuple(one for one in found if one is not None)

    def erase(self, release_ids: Sequence[str]) -> tuple[str, ...]:
        """Remove releases, manifest first, and the blobs that no other release has; return those that were there."""
        there = {name.removesuffix(".json") for name in self.files.names("releases")}
        gone = [one for one in release_ids if one in there]
        needed = {blob.path for one in there - set(gone) for blob in self.release(one).blobs}
        for one in gone:
            blobs = self.release(one).blobs
            self.files.remove(manifest_path(one))
            for blob in blobs:
                if blob.path not in needed:
                    self.files.remove(blob.path)
        return tuple(gone)

    def erasing(self, *, keep: Collection[str]) -> Iterator[Step]:
        """Yield the steps that remove everything of this environment; the log last, which knows what there is."""
        deployments = self.all()
        ids = {one.release for one in deployments} | {id_ for one in deployments for id_ in one.releases}
        gone = sorted(ids - set(keep))
        if gone:
            what = f"remove the releases {', '.join(gone)}"
            yield Step(phase=Phase.REMOVE, name="remove releases", what=what, apply=lambda: self._erased(gone))
        if deployments:
            what = f"remove the log of {len(deployments)} deployments: {self.files.address(self._folder)}"
            yield Step(phase=Phase.REMOVE, name="remove the log", what=what, apply=self._erase_log)

    def _erase_log(self) -> None:
        for serial in self.serials():
            self.files.remove(self.path(serial))

    def _erased(self, release_ids: Sequence[str]) -> str:
        return f"{len(self.erase(release_ids))} removed"
