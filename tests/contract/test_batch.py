"""Changes are told in batches, and the last word is its owner's."""

from __future__ import annotations

import threading

from kedro_aloft.contract.batch import Batch
from support.runs import wait_until


def test_many_changes_are_told_by_few_calls() -> None:
    told, first = [], threading.Event()
    go_on = threading.Event()

    def send() -> None:
        told.append(threading.current_thread().name)
        first.set()
        go_on.wait(30)

    batch = Batch(send, pause_s=0.0)
    batch.touch()
    assert first.wait(30)
    for _ in range(1000):
        batch.touch()
    go_on.set()
    wait_until(lambda: len(told) > 1, "another batch")
    batch.close()
    assert len(told) < 1000
    assert set(told) == {"kedro-aloft-journal"}


def test_no_thread_is_left_when_there_is_nothing_to_tell() -> None:
    told = threading.Event()
    batch = Batch(told.set, pause_s=0.0)
    batch.touch()
    assert told.wait(30)
    wait_until(lambda: all(thread.name != "kedro-aloft-journal" for thread in threading.enumerate()), "no thread")
    told.clear()
    batch.touch()
    assert told.wait(30), "it starts again"
    batch.close()


def test_after_the_end_nothing_is_told_and_a_long_pause_is_not_waited_for() -> None:
    told = []
    batch = Batch(lambda: told.append(1), pause_s=3600.0)
    batch.touch()
    wait_until(lambda: told, "the first batch")
    batch.touch()  # would wait for an hour
    batch.close()
    batch.touch()
    assert told == [1]
