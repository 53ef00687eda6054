"""Whose a DAG file is, where we are about to write: nobody's gets lost without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.errors import DeployError
from kedro_aloft.render import recorded_fingerprint, was_edited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kedro_aloft.contract.files import FileStore

FOREIGN = "ALOFT-903"


def refuse_foreign(dags: FileStore, texts: Mapping[str, str], *, gone: Iterable[str] = ()) -> None:
    """Refuse to replace or remove DAG files that are not ours as we made them.

    The first line of a DAG file of ours names package, pipeline and environment; its fingerprint tells an edit.

    Args:
        dags: Where DAG files are.
        texts: The new text of each file.
        gone: Files that are to be removed.

    Raises:
        DeployError: If there is such a file (ALOFT-903); the message names all of them.
    """
    problems = [*_replaced(dags, texts), *_removed(dags, gone)]
    if problems:
        raise DeployError(
            "A DAG file there is not as this project left it; nothing was changed.",
            where=dags.uri,
            seen="; ".join(f"{name} {what}" for name, what in problems),
            remedy="deploy to another folder, or move the file away; --force replaces it",
            code=FOREIGN,
        )


def ours_of(dags: FileStore, names: Iterable[str], *, package: str, env: str) -> tuple[str, ...]:
    """Return which of the files are there and of this package and environment, sorted."""
    mark = f"of `{package}` (env `{env}`) as an Airflow DAG."
    found = {name: dags.read(name) for name in names}
    return tuple(sorted(name for name, text in found.items() if text and mark.encode() in text.partition(b"\n")[0]))


def _replaced(dags: FileStore, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in texts.items():
        old = dags.read(name)
        found = None if old is None else old.decode(errors="replace")
        if found is not None and found != text:
            yield from _why(name, found, first=text.partition("\n")[0])


def _removed(dags: FileStore, gone: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in gone:
        old = dags.read(name)
        if old is not None:
            yield from _why(name, old.decode(errors="replace"), first=None)


def _why(name: str, found: str, *, first: str | None) -> Iterator[tuple[str, str]]:
    line = found.partition("\n")[0]
    if recorded_fingerprint(found) is None:
        yield name, "was not made by kedro-aloft"
    elif first is not None and line != first:
        yield name, f"is another DAG's: {line.strip(chr(34))}"
    elif was_edited(found):
        yield name, "was edited by hand"
