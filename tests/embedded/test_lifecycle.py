"""Start, look, stop: one Airflow, one test after the other."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.embedded import EmbeddedAirflow
from kedro_aloft.embedded.config import machine_parallelism
from kedro_aloft.errors import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Wait = Callable[[Callable[[], Any], str], Any]
    Processes = Callable[[Path], dict[int, str]]
    Run = Callable[[Path, str], subprocess.Popen[str]]

pytestmark = [pytest.mark.e2e, pytest.mark.airflow]


def test_nothing_runs_before(embedded: EmbeddedAirflow) -> None:
    status = embedded.status()
    assert (status.up, status.running, status.address) == (False, False, None)
    assert embedded.down() is False
    with pytest.raises(EmbeddedError) as caught:
        embedded.api()
    assert "kedro airflow up" in caught.value.remedy


def test_two_that_start_it_at_once_get_the_same(embedded: EmbeddedAirflow, python: Run) -> None:
    code = "import json\na = embedded.up()\nprint(json.dumps([a.pid, a.already_up]))\n"
    both = [python(embedded.project_path, code) for _ in range(2)]
    (first, early), (second, late) = (json.loads(process.communicate(timeout=300)[0]) for process in both)
    assert first == second
    assert sorted((early, late)) == [False, True]


def test_a_second_up_says_that_it_is_up(embedded: EmbeddedAirflow) -> None:
    address = embedded.up()
    assert address.already_up
    status = embedded.status()
    assert status.up
    assert status.keeps
    assert status.address is not None
    assert status.address.pid == address.pid
    assert set(status.components) >= {"scheduler", "dag_processor", "triggerer", "metadatabase"}


def test_the_password_is_in_no_text(embedded: EmbeddedAirflow) -> None:
    address = embedded.up()
    assert address.password
    assert address.password not in repr(address) + str(embedded.status())


def test_nobody_gets_in_without_a_password(embedded: EmbeddedAirflow) -> None:
    url = f"{embedded.up().url}/api/v2/dags"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, timeout=60)
    assert caught.value.code == 401
    caught.value.close()
    assert embedded.api().import_errors() == []


def test_it_listens_on_the_loopback_device_alone(embedded: EmbeddedAirflow, processes_of: Processes) -> None:
    embedded.up()
    sockets = {inode for pid in processes_of(embedded.project_path) for inode in _sockets_of(pid)}
    listening = [
        (words[1].partition(":")[0], kind)
        for kind in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
        if (words := line.split())[3] == "0A" and words[9] in sockets
    ]
    assert listening
    assert {place for place, _ in listening} == {"0100007F"}


def _sockets_of(pid: int) -> Iterator[str]:
    """Inodes of the sockets that a process holds; one that ends, or closes a file, while we look is no fault."""
    with suppress(FileNotFoundError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                kind, _, inode = link.readlink().name.partition(":")
                if kind == "socket":
                    yield inode.strip("[]")


def test_git_ignores_all_of_it(embedded: EmbeddedAirflow) -> None:
    assert (embedded.project_path / ".airflow" / ".gitignore").read_text().split() == ["*"]


def test_airflow_has_our_tuning(embedded: EmbeddedAirflow, processes_of: Processes) -> None:
    embedded.up()
    pid = min(processes_of(embedded.project_path))
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    code = (
        "from airflow.configuration import conf\n"
        "print(conf.getboolean('core', 'load_examples'), conf.get('core', 'executor'),"
        " conf.getint('core', 'parallelism'), conf.getfloat('scheduler', 'scheduler_idle_sleep_time') < 1)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "LocalExecutor", str(machine_parallelism()), "True"]


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(EmbeddedError) as caught:
            EmbeddedAirflow(tmp_path, port=port).up()
    assert str(port) in caught.value.what
    assert EmbeddedAirflow(tmp_path).status().running is False


def test_down_leaves_nothing(embedded: EmbeddedAirflow, processes_of: Processes) -> None:
    address = embedded.up()
    port = int(address.url.rpartition(":")[2])
    assert processes_of(embedded.project_path)
    assert embedded.down() is True
    assert processes_of(embedded.project_path) == {}
    with socket.create_server(("127.0.0.1", port)):
        assert embedded.status().running is False


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_user_however_that_one_ends(
    embedded: EmbeddedAirflow, processes_of: Processes, python: Run, wait_until: Wait, ending: signal.Signals
) -> None:
    code = "import time\nwith embedded.running():\n    print('up', flush=True)\n    time.sleep(600)\n"
    user = python(embedded.project_path, code)
    assert user.stdout is not None
    assert user.stdout.readline().strip() == "up"
    user.send_signal(ending)
    user.wait(timeout=180)
    if ending is not signal.SIGKILL:
        assert processes_of(embedded.project_path) == {}
    wait_until(lambda: processes_of(embedded.project_path) == {}, "the end of all processes")


def test_what_a_killed_machine_leaves_is_not_taken_for_a_running_one(embedded: EmbeddedAirflow) -> None:
    state = {"url": "http://127.0.0.1:9", "process": {"pid": 1, "started": 1, "boot": "another boot"}}
    embedded.layout.state.write_text(json.dumps(state))
    assert embedded.status().running is False
    assert embedded.down() is False


class Robbed(EmbeddedAirflow):
    """One whose port somebody takes after it was chosen, once."""

    thief: socket.socket | None = None

    def _spawn(self, port: int, environment: dict[str, str]) -> int:
        if self.thief is None:
            self.thief = socket.create_server(("127.0.0.1", port))
        return super()._spawn(port, environment)


def test_a_port_that_is_taken_while_it_starts_is_replaced(embedded: EmbeddedAirflow, processes_of: Processes) -> None:
    robbed = Robbed(embedded.project_path)
    with robbed.running() as address:
        assert robbed.thief is not None
        with robbed.thief:
            assert address.url != f"http://127.0.0.1:{robbed.thief.getsockname()[1]}"
            assert robbed.api().version() == address.airflow
    assert processes_of(embedded.project_path) == {}
