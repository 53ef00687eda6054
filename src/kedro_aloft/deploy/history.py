"""The log of deployments: which release stands in whose place. Creating the next entry is the lock."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from kedro_aloft.contract.release import DagFile, Release, canonical, manifest_path
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from kedro_aloft.contract.files import FileStore

_DIGITS = 6
_DIGEST = re.compile(rb"[0-9a-f]{64}")


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
        made = None if content is None else _whole(content)
        if made is None:
            raise DeployError(
                f"The release {release_id} is {'not in the store' if content is None else 'damaged'}.",
                where=self.files.address(manifest_path(release_id)),
                remedy="see `kedro airflow releases` for those that are there; deploy again to make a new one",
            )
        return made

    def elsewhere(self) -> tuple[Deployment, ...]:
        """Return the latest deployments of the same package in other environments, which share blobs."""
        others = [name for name in self.files.folders("deployments") if f"deployments/{name}" != self._folder]
        found = (History(self._store, package=self.package, env=env).current() for env in others)
        return tuple(one for one in found if one is not None)

    def erase(self, release_ids: Sequence[str], *, since: int) -> tuple[str, ...]:
        """Remove releases, manifest first, and the blobs that no other release has; return those that were removed.

        A deploy may count on what is removed at this very moment. It looks for all of its release once it is in the
        log (`publish._switch`); here it is asked after each removal whether the thing is wanted by now, and then it is
        put back. One of the two looks comes last. So no lock is needed, which somebody who is killed would leave.

        Args:
            release_ids: Of the releases.
            since: The latest deployment from which the caller knows that nothing needs them.
        """
        there = set(self._ids())
        digests = {one: self._digests(one) for one in release_ids if one in there}
        named = partial(self._is_named, since=since)
        removed = [one for one in digests if self._remove(manifest_path(one), partial(named, one))]
        unneeded = frozenset[str]().union(*digests.values()) - self._needed(digests)
        for name in self.files.names("blobs") if unneeded else ():
            digest = name.partition(".")[0]
            if digest in unneeded:
                self._remove(f"blobs/{name}", partial(self._is_needed, digest, digests))
        return tuple(removed)

    def _remove(self, name: str, wanted: Callable[[], bool]) -> bool:
        """Remove a file; put it back when it is wanted by now. Return whether it is gone."""
        content = self.files.read(name)
        self.files.remove(name)
        back = content is not None and wanted()
        if content is not None and back:
            self.files.write(name, content)
        return not back

    def _ids(self) -> tuple[str, ...]:
        return tuple(name.removesuffix(".json") for name in self.files.names("releases"))

    def _is_named(self, release_id: str, since: int) -> bool:
        """Whether a deployment after one, or the current one of another environment, has a release."""
        later = (self.deployment(serial) for serial in self.serials() if serial > since)
        return any(release_id in one.releases for one in (*later, *self.elsewhere()))

    def _is_needed(self, digest: str, known: dict[str, frozenset[str]]) -> bool:
        return digest in self._needed(known)

    def _needed(self, known: dict[str, frozenset[str]]) -> frozenset[str]:
        """The digests of the blobs of all releases that are there; `known` has those of manifests that were read."""
        ids = self._ids()
        known.update({one: self._digests(one) for one in ids if one not in known})
        return frozenset[str]().union(*(known[one] for one in ids))

    def _digests(self, release_id: str) -> frozenset[str]:
        """What a manifest names, read as text: so a damaged one protects its blobs, and stops nobody."""
        content = self.files.read(manifest_path(release_id)) or b""
        return frozenset(one.decode() for one in _DIGEST.findall(content))

    def erasing(self, *, keep: Collection[str]) -> Iterator[Step]:
        """Yield the steps that remove everything of this environment; the log last, which knows what there is."""
        deployments = self.all()
        last = deployments[0].serial if deployments else 0
        ids = {one.release for one in deployments} | {id_ for one in deployments for id_ in one.releases}
        gone = sorted(ids - set(keep))
        if gone:
            what = f"remove the releases {', '.join(gone)}"
            yield Step(phase=Phase.REMOVE, name="remove releases", what=what, apply=lambda: self._erased(gone, last))
        if deployments:
            what = f"remove the log of {len(deployments)} deployments: {self.files.address(self._folder)}"
            yield Step(phase=Phase.REMOVE, name="remove the log", what=what, apply=self._erase_log)

    def _erase_log(self) -> None:
        for serial in self.serials():
            self.files.remove(self.path(serial))

    def _erased(self, release_ids: Sequence[str], last: int) -> str:
        return f"{len(self.erase(release_ids, since=last))} removed"


def _whole(manifest: bytes) -> Release | None:
    """Return the release of a manifest; None when something has damaged it."""
    try:
        made = Release.from_json(manifest)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return made if made.is_whole else None
