"""The store of releases on S3: files are whole, and one of many creates a file."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from cloud.conftest import Clouds

pytestmark = pytest.mark.e2e

_LIFE = """
import json, sys, threading
from kedro_aloft.contract.files import FileStore

uri = sys.argv[1]
store, said = FileStore(uri), {}
said["before"] = [store.read("a/x"), store.has("a/x"), list(store.names("a"))]
said["written"] = [store.write("a/x", b"1"), store.write("a/x", b"1"), store.write("a/x", b"2")]
said["read"] = [store.read("a/x").decode(), store.has("a/x"), list(store.names("a")), list(store.folders())]
said["created"] = [store.create("log/1", b"mine"), store.create("log/1", b"theirs"), store.read("log/1").decode()]
won = []
work = lambda number: won.append(FileStore(uri).create("log/2", str(number).encode() * 1000))
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
said["won"] = [won.count(True), len(won)]
store.remove("log/1"); store.remove("log/1")
said["left"] = list(store.names("log"))
store.remove_folder(); store.remove_folder()
said["after"] = [list(store.names("log")), store.read("a/x")]
print(json.dumps(said))
"""


def test_files_live_and_go_as_on_a_disk(clouds: Clouds) -> None:
    clouds.s3_bucket("releases-of-shop")
    said = clouds.python(_LIFE, "s3://releases-of-shop/dags/.kedro-aloft", AWS_ENDPOINT_URL=clouds.s3).ok().json()
    assert said == {
        "before": [None, False, []],
        "written": [True, False, True],
        "read": ["2", True, ["x"], ["a"]],
        "created": [True, False, "mine"],
        "won": [1, 8],
        "left": ["2"],
        "after": [[], None],
    }


def test_a_client_that_says_nothing_keeps_nobody_waiting(clouds: Clouds) -> None:
    """gcsfs connects for two questions at once and drops the slower one: its connection may stay without a request."""
    address = urlsplit(clouds.gcs)
    assert address.hostname is not None
    assert address.port is not None
    with socket.create_connection((address.hostname, address.port)):
        assert clouds.gcs_bucket("bucket-beside-a-silent-client").names() == []
