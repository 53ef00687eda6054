"""Edits change what they are meant to change, and not one character besides."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.project import CannotEdit, remove_key, set_key

COMMENTED = """\
# Settings of all pipelines.
default:   # here
  retries: 0    # until the network is better
  tags: [a, b]  # flow

  tasks:
    - select: "train_*"   # slow
      timeout: 4h

# and of one
data_science:
  schedule: "@daily"
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("default", "retries"), 1, "  retries: 0    # until", "  retries: 1    # until"),
        (("default", "tags"), ["c"], "  tags: [a, b]  # flow", "  tags: [c]  # flow"),
        (("default", "tasks", 0, "timeout"), "2h", "timeout: 4h", "timeout: 2h"),
        (("default", "tasks", 0, "retries"), 2, "timeout: 4h\n", "timeout: 4h\n      retries: 2\n"),
        (("default", "catchup"), False, "timeout: 4h\n", "timeout: 4h\n  catchup: false\n"),
        (("default", "handoff", "uri"), "s3://x/y", "timeout: 4h\n", "timeout: 4h\n  handoff:\n    uri: s3://x/y\n"),
        (("data_science", "catchup"), True, '"@daily"\n', '"@daily"\n  catchup: true\n'),
        (("reporting", "retries"), 2, '"@daily"\n', '"@daily"\nreporting:\n  retries: 2\n'),
    ],
)
def test_set(path: tuple[Any, ...], value: Any, old: str, new: str) -> None:
    assert COMMENTED.count(old) == 1
    assert set_key(COMMENTED, path, value) == COMMENTED.replace(old, new)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (("default", "retries"), "  retries: 0    # until the network is better\n", ""),
        (("default", "tasks"), '  tasks:\n    - select: "train_*"   # slow\n      timeout: 4h\n', ""),
        (("default", "tasks", 0, "timeout"), "      timeout: 4h\n", ""),
        (("data_science", "schedule"), '  schedule: "@daily"\n', ""),
    ],
)
def test_remove(path: tuple[Any, ...], old: str, new: str) -> None:
    assert COMMENTED.count(old) == 1
    assert remove_key(COMMENTED, path) == COMMENTED.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "default:\n  retries: 1\n"),
        ("# nothing yet\n", "# nothing yet\ndefault:\n  retries: 1\n"),
        ("default:\n", "default:\n  retries: 1\n"),
        ("default:  # all\nother: {}\n", "default:  # all\n  retries: 1\nother: {}\n"),
        ("default: {catchup: true}  # short", "default: {catchup: true, retries: 1}  # short"),
        ("default:\n  owner: me", "default:\n  owner: me\n  retries: 1\n"),
    ],
)
def test_the_key_is_added_where_it_belongs(text: str, expected: str) -> None:
    assert set_key(text, ("default", "retries"), 1) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("default: {a: 1, b: 2, c: 3}\n", "default: {a: 1, c: 3}\n"),
        ("default: {b: 2, c: 3}\n", "default: {c: 3}\n"),
        ("default: {a: 1, b: 2}\n", "default: {a: 1}\n"),
        ("default: {b: 2}\n", "default: {}\n"),
    ],
)
def test_remove_from_one_line(text: str, expected: str) -> None:
    assert remove_key(text, ("default", "b")) == expected


@pytest.mark.parametrize("text", ["default: &a {b: 1}\nother: *a\n", "default: 5\n", "- default\n"])
def test_what_cannot_be_edited_safely_is_left(text: str) -> None:
    with pytest.raises(CannotEdit):
        set_key(text, ("other" if "*a" in text else "default", "b"), 2)


def test_what_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(CannotEdit):
        remove_key(COMMENTED, ("default", "catchup"))


NAMES = st.text("abcdef", min_size=1, max_size=3)
LEAVES = st.one_of(st.integers(), st.booleans(), st.text("xyz: #'\"", max_size=8))
DOCUMENTS = st.dictionaries(NAMES, st.dictionaries(NAMES, LEAVES, max_size=4), max_size=4)


@given(DOCUMENTS, NAMES, NAMES, LEAVES, st.booleans())
def test_any_document_gains_exactly_the_key(content: Any, section: str, key: str, value: Any, flow: bool) -> None:
    text = yaml.safe_dump(content, default_flow_style=None if flow else False)
    try:
        edited = set_key(text, (section, key), value)
    except CannotEdit:
        assert text.startswith("{")  # a whole document in one line
        return
    wanted = {**content, section: {**content.get(section, {}), key: value}}
    assert yaml.safe_load(edited) == wanted
