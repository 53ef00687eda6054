"""What a node that failed leaves of its log: the last lines of its own thread, and of the traceback."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.runtime.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("shop")


@pytest.fixture
def tail() -> Iterator[Tail]:
    listening = Tail()
    with listening.listening():
        yield listening
    assert listening not in logging.getLogger().handlers


def fails() -> ValueError:
    with pytest.raises(ValueError, match="no luck") as caught:
        raise ValueError("no luck " + "x" * 1000)
    return caught.value


def test_the_last_lines_come_before_the_traceback_and_none_is_long(tail: Tail) -> None:
    logger.warning("before the node")
    tail.begin()
    for number in range(30):
        logger.warning("line %d", number)
    logger.warning("one\ntwo")
    lines = tail.last_lines(fails()).splitlines()
    assert lines[0] == "WARNING shop: line 12"
    assert lines[17:20] == ["WARNING shop: line 29", "WARNING shop: one", "two"]
    assert lines[20] == "Traceback (most recent call last):"
    assert lines[-1].startswith("ValueError: no luck xxx")
    assert max(map(len, lines)) <= 201


def test_all_of_it_is_bounded(tail: Tail) -> None:
    tail.begin()
    for _ in range(20):
        logger.warning("y" * 1000)
    text = tail.last_lines(fails())
    assert len(text) == 3000
    assert text.splitlines()[-1].startswith("ValueError: no luck")


def test_a_node_has_only_what_it_logged_itself(tail: Tail) -> None:
    tail.begin()
    logger.warning("of the node before")
    tail.begin()
    other = threading.Thread(target=logger.warning, args=("of another thread",))
    other.start()
    other.join()
    assert tail.last_lines(fails()).startswith("Traceback")
