"""Stores of two clouds for tests: moto's S3 server and gcp-storage-emulator, read with plain HTTP.

The servers end with the test: they watch their standard input. `Bucket.synced` stands for what MWAA and Composer do
with the DAG folder of their bucket; they do it every half minute, and in no order that one could rely on.
"""

from __future__ import annotations

import json
import subprocess
import threading
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote
from urllib.request import Request, urlopen

from support.commands import user_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SYNC_PAUSE_S = 0.3
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=tests/20260101/eu-west-1/s3/aws4_request"}
"""moto lets nobody read who names nobody; it checks no more than that."""

_XML = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

_S3 = """
import os, sys, threading
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
os._exit(0)
"""

_GCS = """
import io, logging, os, sys, threading
from functools import partial
from http.server import ThreadingHTTPServer
from gcp_storage_emulator.server import RequestHandler, Router
from gcp_storage_emulator.storage import Storage

logging.disable(logging.CRITICAL)
one_at_a_time = threading.Lock()  # the storage is made for one thread

class Handler(RequestHandler):
    def answer(self):
        # The body is read before the lock is taken: a client that is slow, or gone, keeps nobody waiting.
        if "Content-Length" in self.headers:
            self.rfile = io.BytesIO(self.rfile.read(int(self.headers["Content-Length"])))
        with one_at_a_time:
            Router(self).handle(self.command)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

class Server(ThreadingHTTPServer):
    request_queue_size = 128

server = Server(("127.0.0.1", 0), partial(Handler, Storage(use_memory_fs=True)))
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
os._exit(0)
"""
"""The emulator's own server has one thread: a connection on which nothing comes would block all others."""


class Bucket:
    """A bucket as another program sees it.

    Args:
        name: Its name.
        names: Returns the names of its objects.
        read: Returns an object's bytes.
        write: Makes an object.
    """

    def __init__(
        self,
        name: str,
        *,
        names: Callable[[], list[str]],
        read: Callable[[str], bytes],
        write: Callable[[str, bytes], object],
    ) -> None:
        self.name = name
        self.names = names
        self.read = read
        self.write = write

    def everything(self) -> dict[str, bytes]:
        """Return every object."""
        return {name: self.read(name) for name in self.names()}

    @contextmanager
    def synced(self, prefix: str, folder: Path) -> Iterator[None]:
        """Keep a folder equal to what is below a prefix, as long as the block lasts."""
        ended = threading.Event()
        thread = threading.Thread(target=self._sync, args=(prefix, folder, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _sync(self, prefix: str, folder: Path, ended: threading.Event) -> None:
        known: dict[str, bytes] = {}
        while not ended.wait(SYNC_PAUSE_S):
            found = {name.removeprefix(prefix): self.read(name) for name in self.names() if name.startswith(prefix)}
            for name, content in found.items():
                if known.get(name) != content:
                    _replace(folder / name, content)
            for name in set(known) - set(found):
                (folder / name).unlink(missing_ok=True)
            known = found


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    aside.write_bytes(content)
    aside.replace(path)


@contextmanager
def s3_server(python: Path, log: Path) -> Iterator[str]:
    """Serve S3 as long as the block lasts; give its address."""
    with kept(python, _S3, log=log) as port:
        yield f"http://127.0.0.1:{port}"


def new_s3_bucket(url: str, name: str, *, versioned: bool = True) -> Bucket:
    """Make a bucket."""
    where = "<LocationConstraint>eu-west-1</LocationConstraint>"
    text = f"<CreateBucketConfiguration {_XML}>{where}</CreateBucketConfiguration>"
    _send("PUT", f"{url}/{name}", text.encode())
    if versioned:
        text = f"<VersioningConfiguration {_XML}><Status>Enabled</Status></VersioningConfiguration>"
        _send("PUT", f"{url}/{name}?versioning", text.encode())

    def names() -> list[str]:
        listing = ET.fromstring(_send("GET", f"{url}/{name}?list-type=2"))
        return sorted(one.text or "" for one in listing.iterfind("{*}Contents/{*}Key"))

    return Bucket(
        name,
        names=names,
        read=lambda key: _send("GET", f"{url}/{name}/{quote(key)}"),
        write=lambda key, content: _send("PUT", f"{url}/{name}/{quote(key)}", content),
    )


@contextmanager
def gcs_server(python: Path, log: Path) -> Iterator[str]:
    """Serve Cloud Storage as long as the block lasts; give its address."""
    with kept(python, _GCS, log=log) as port:
        yield f"http://127.0.0.1:{port}"


def new_gcs_bucket(url: str, name: str) -> Bucket:
    """Make a bucket; the emulator asks nobody who they are."""
    _send("POST", f"{url}/storage/v1/b?project=shop", json.dumps({"name": name}).encode())
    objects = f"{url}/storage/v1/b/{name}/o"

    def names() -> list[str]:
        return sorted(one["name"] for one in json.loads(_send("GET", objects)).get("items", ()))

    def read(key: str) -> bytes:
        return _send("GET", f"{url}/download/storage/v1/b/{name}/o/{quote(key, safe='')}?alt=media")

    def write(key: str, content: bytes) -> bytes:
        return _send("POST", f"{url}/upload/storage/v1/b/{name}/o?uploadType=media&name={quote(key, safe='')}", content)

    return Bucket(name, names=names, read=read, write=write)


def _send(method: str, address: str, body: bytes | None = None) -> bytes:
    headers = {**SIGNED, **({"Content-Type": "application/json"} if body else {})}
    request = Request(address, method=method, data=body, headers=headers)
    with urlopen(request, timeout=60) as response:
        content: bytes = response.read()
    return content


@contextmanager
def kept(python: Path, code: str, *words: str, env: Mapping[str, str] | None = None, log: Path) -> Iterator[str]:
    """Run a program as long as the block lasts; give its first line. It ends when its input does."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [python, "-c", code, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=user_environment(**(env or {})),
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline().strip()
        assert line, log.read_text()
        yield line
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
