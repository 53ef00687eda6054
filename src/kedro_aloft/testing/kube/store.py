"""The objects, their versions, and who waits for changes."""

from __future__ import annotations

import copy
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from kedro_aloft.testing.kube.kinds import KINDS, name_of, namespace_of
from kedro_aloft.testing.kube.status import already_exists, conflict, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.testing.kube.kinds import Object

Key = tuple[str, str, str]


def timestamp() -> str:
    """Return the time now as the API writes it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one object.

    Args:
        version: Rises with every change of any object.
        plural: The object's kind.
        type: ADDED, MODIFIED or DELETED.
        item: The object after it; nobody changes it any more.
    """

    version: int
    plural: str
    type: str
    item: Object


class Store:
    """All objects. Safe for threads; what goes in and out is copied."""

    def __init__(self) -> None:
        self._objects: dict[Key, Object] = {}
        self._changes: list[Change] = []
        self._changed = threading.Condition(threading.RLock())
        self._closed = False

    @property
    def version(self) -> int:
        """The version of the newest change."""
        return len(self._changes)

    @property
    def closed(self) -> bool:
        """Whether nothing will happen any more."""
        return self._closed

    def close(self) -> None:
        """Wake everyone who waits, for the last time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def create(self, plural: str, item: Object) -> Object:
        """Add an object; return it with its version.

        Raises:
            RefusalError: There is one of this name.
        """
        with self._changed:
            if _key(plural, item) in self._objects:
                raise already_exists(plural, name_of(item))
            own = copy.deepcopy(item)
            own["metadata"].update(uid=str(uuid.uuid4()), creationTimestamp=timestamp())
            return self._put(plural, "ADDED", own)

    def read(self, plural: str, namespace: str, name: str) -> Object:
        """Return an object.

        Raises:
            RefusalError: There is none.
        """
        if (item := self.find(plural, namespace, name)) is None:
            raise not_found(plural, name)
        return item

    def find(self, plural: str, namespace: str, name: str) -> Object | None:
        """Return an object, None when there is none."""
        with self._changed:
            return copy.deepcopy(self._objects.get((plural, namespace, name)))

    def list(self, plural: str, namespace: str = "") -> list[Object]:
        """Return the objects of one kind by namespace and name; in all namespaces when none is named."""
        with self._changed:
            keys = sorted(key for key in self._objects if key[0] == plural and namespace in {"", key[1]})
            return [copy.deepcopy(self._objects[key]) for key in keys]

    def change(self, plural: str, namespace: str, name: str, change: Callable[[Object], Object | None]) -> Object:
        """Change an object where nobody can come between; return it.

        Args:
            change: Changes its argument or returns another object.

        Raises:
            RefusalError: There is no such object, or the new one carries an older version.
        """
        with self._changed:
            before = self.read(plural, namespace, name)
            after = copy.deepcopy(before)
            after = change(after) or after
            if after["metadata"].get("resourceVersion") not in {None, before["metadata"]["resourceVersion"]}:
                why = "the object has been modified; please apply your changes to the latest version and try again"
                raise conflict(plural, name, why)
            kept = {field: before["metadata"][field] for field in ("uid", "name", "creationTimestamp")}
            after["metadata"].update(kept, resourceVersion=before["metadata"]["resourceVersion"])
            return before if after == before else self._put(plural, "MODIFIED", after)

    def delete(self, plural: str, namespace: str, name: str) -> Object:
        """Remove an object; return it as it was.

        Raises:
            RefusalError: There is none.
        """
        with self._changed:
            return self._put(plural, "DELETED", self.read(plural, namespace, name))

    def changes(self, plural: str, since: int, timeout_s: float) -> Iterator[Change | None]:
        """Yield changes of one kind as they come; None at least once when the time is over or the store closes."""
        position = since
        while True:
            with self._changed:
                come = self._await_change(position, timeout_s)
                new, position = self._changes[position:], len(self._changes)
            yield from (change for change in new if change.plural == plural)
            if not come or self._closed:
                yield None

    def wait(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until something is true that a change can make true; return whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or condition(), timeout_s)
            return condition()

    def _await_change(self, since: int, timeout_s: float) -> bool:
        return self._changed.wait_for(lambda: self._closed or len(self._changes) > since, timeout_s)

    def _put(self, plural: str, change: str, item: Object) -> Object:
        version = len(self._changes) + 1
        item["metadata"]["resourceVersion"] = str(version)
        item.update(kind=KINDS[plural].kind, apiVersion="v1")
        if change == "DELETED":
            del self._objects[_key(plural, item)]
        else:
            self._objects[_key(plural, item)] = item
        self._changes.append(Change(version, plural, change, copy.deepcopy(item)))
        self._changed.notify_all()
        return copy.deepcopy(item)


def _key(plural: str, item: Object) -> Key:
    return plural, namespace_of(item), name_of(item)
