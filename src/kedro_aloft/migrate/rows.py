"""Rows of the tables that say what becomes of an old key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.migrate.values import Fate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.migrate.values import TagUse, Template


class NeedsHand(Exception):  # noqa: N818  it is no error: it says that only a person can decide
    """A value for which the row's usual way does not hold; the text is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a row may look at beside its own value.

    Args:
        section: The mapping in which the old key stands.
        tags: Old tags in the project's source.
        templates: Custom templates of the project.
    """

    section: Mapping[str, Any]
    tags: tuple[TagUse, ...] = ()
    templates: tuple[Template, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What becomes of one old key.

    Args:
        key: Dotted path of the key in its section.
        fate: What usually becomes of it.
        new: The new keys, for the reference page; empty when there are none.
        why: The reason, for the report and the page.
        become: Value → new settings by dotted key; an empty mapping when nothing needs to be written, NeedsHand when
            a person has to decide.
    """

    key: str
    fate: Fate
    new: str = ""
    why: str = ""
    become: Callable[[Any, Around], Mapping[str, Any]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A key that the old file does not have, and whose default is another one now."""

    key: str
    old: str
    new: str
    why: str


def kept(key: str, why: str = "") -> Row:
    """The same key with the same meaning."""
    return Row(key=key, fate=Fate.KEPT, new=f"`{key}`", why=why, become=lambda value, _: {key: value})


def mapped(key: str, new: str, become: Callable[[Any, Around], Mapping[str, Any]], why: str = "") -> Row:
    """Another key, or another spelling."""
    return Row(key=key, fate=Fate.MAPPED, new=new, why=why, become=become)


def renamed(key: str, new: str, why: str = "") -> Row:
    """Another key, with the same value."""
    return mapped(key, f"`{new}`", lambda value, _: {new: value}, why)


def obsolete(key: str, why: str) -> Row:
    """A key that is not needed any more."""
    return Row(key=key, fate=Fate.OBSOLETE, why=why)


def by_hand(key: str, why: str) -> Row:
    """A key that only a person can carry over."""
    return Row(key=key, fate=Fate.BY_HAND, why=why)
