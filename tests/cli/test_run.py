"""What becomes of a run that nobody can follow any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.cli.run import _ending_run
from kedro_aloft.client import AirflowApi
from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

FAILED = {"dag_id": "d", "dag_run_id": "r1", "state": "failed"}
REFUSED = {"detail": "Forbidden"}


@dataclass
class Answering:
    """A network on which one Airflow gives one answer; it keeps what was asked."""

    status: int
    body: Any
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        assert path.endswith("/dagRuns/r1")
        assert not query
        assert not headers
        self.asked.append((method, body))
        return self.status, self.body


def _leave(network: Answering, error: BaseException) -> None:
    api = AirflowApi("http://127.0.0.1:1", token=str, transport=network)
    with _ending_run(api, "d", "r1"):
        raise error


@pytest.mark.parametrize("error", [RemoteError("Airflow is gone"), KeyboardInterrupt()], ids=["error", "interrupt"])
@pytest.mark.parametrize(("status", "body"), [(200, FAILED), (403, REFUSED)], ids=["ended", "refused"])
def test_a_run_that_is_left_is_ended_and_the_first_error_is_the_one_that_counts(
    error: BaseException, status: int, body: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    network = Answering(status, body)
    with pytest.raises(type(error)) as caught:
        _leave(network, error)
    assert caught.value is error
    assert network.asked == [("PATCH", {"state": "failed"})]
    noted = capsys.readouterr().err
    assert ("r1 of 'd' may go on" in noted) == (status == 403)
    assert ("HTTP status 403" in noted) == (status == 403)


def test_a_run_that_was_followed_to_its_end_is_left_alone() -> None:
    network = Answering(200, FAILED)
    with _ending_run(AirflowApi("http://127.0.0.1:1", token=str, transport=network), "d", "r1"):
        pass
    assert network.asked == []
