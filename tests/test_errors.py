"""Errors say what, where, what was seen and what to do; their codes are stable and survive processes."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import re
from typing import TYPE_CHECKING

import pytest

import kedro_aloft
from kedro_aloft import errors
from kedro_aloft.errors import AloftError, NodeError, NotThereError, RemoteError, close_match

if TYPE_CHECKING:
    from collections.abc import Iterator

_PURE_ROOMS = ("graph", "rules", "contract", "settings", "client")


def _tree(root: type[AloftError] = AloftError, depth: int = 0) -> Iterator[tuple[type[AloftError], int]]:
    yield root, depth
    for child in root.__subclasses__():
        yield from _tree(child, depth + 1)


CLASSES = [one for one, _ in _tree()]
each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda one: one.__name__)


def test_the_tree_is_drawn_as_it_is() -> None:
    """The drawing at the top of the module is what people read."""
    drawn = [
        (match["name"], (match.start("name") - 4) // 4)
        for line in (errors.__doc__ or "").splitlines()
        if (match := re.match(r"    [│├└─ ]*(?P<name>[A-Z]\w+Error)  ", line + "  "))
    ]
    assert drawn == [(one.__name__, depth) for one, depth in _tree()]


def test_codes_are_unique_and_each_class_has_its_own() -> None:
    codes = [one.code for one in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"ALOFT-\d{3}", code) for code in codes)
    assert all("code" in vars(one) for one in CLASSES)


def test_no_room_has_errors_beside_the_tree() -> None:
    for room in _PURE_ROOMS:
        package = importlib.import_module(f"kedro_aloft.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    ours = [one for one, _ in _tree() if one.__module__.startswith(kedro_aloft.__name__)]
    assert {one.__module__ for one in ours} == {errors.__name__}


def test_exit_codes_are_those_of_the_command_line() -> None:
    assert {one.__name__: one.exit_code for one in CLASSES if one.exit_code != 1} == {"UsageError": 2, "RemoteError": 3}


def test_only_what_may_pass_by_itself_is_tried_again() -> None:
    assert {one for one in CLASSES if not one.deterministic} == {RemoteError, NodeError, NotThereError}


@each_class
def test_a_message_has_one_line_for_each_part(cls: type[AloftError]) -> None:
    error = cls("It broke.", where="conf/base/airflow.yml", seen="a list", remedy="kedro airflow check")
    assert str(error) == (
        f"[{cls.code}] It broke.\n  where: conf/base/airflow.yml\n  seen: a list\n  to do: kedro airflow check"
    )
    assert str(cls("It broke.")) == f"[{cls.code}] It broke."
    assert str(cls("It broke.", remedy="mend it")) == f"[{cls.code}] It broke.\n  to do: mend it"


@each_class
def test_a_code_of_its_own_replaces_the_one_of_the_class(cls: type[AloftError]) -> None:
    assert str(cls("It broke.", code="ALOFT-999")) == "[ALOFT-999] It broke."
    assert cls("It broke.").code == cls.code


@each_class
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_survive_the_way_between_processes(cls: type[AloftError], protocol: int) -> None:
    error = cls("It 'broke'.", where="here", seen="é", remedy="", code="ALOFT-999")
    arrived = pickle.loads(pickle.dumps(error, protocol))
    assert type(arrived) is cls
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
    assert (arrived.args, arrived.exit_code, arrived.deterministic) == (error.args, cls.exit_code, cls.deterministic)


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("schedul", "Did you mean 'schedule'?"),
        ("retry", "Did you mean 'retries'?"),
        ("schedule", "Did you mean 'schedule'?"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_the_closest_word_is_proposed_when_it_is_close(word: str, wanted: str) -> None:
    assert close_match(word, {"schedule", "retries", "pool"}) == wanted


def test_the_proposal_does_not_depend_on_the_order_of_a_set() -> None:
    words = ["aab", "aac", "aad", "aae"]
    assert {close_match("aaa", order) for order in (words, words[::-1], set(words))} == {close_match("aaa", words)}
    assert close_match("aaa", []) == ""
