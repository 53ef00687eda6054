"""Doubles of HTTP services: a server on loopback in a thread of the test, which writes down what it was asked."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: what is before `?` as it was sent, headers with small names, the body as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body; an empty one is an empty object."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer; what is no bytes is sent as JSON."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Double:
    """A service with its state; a class of its own per service says what it answers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"double": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def answer(self, asked: Asked) -> Said:
        """Return what the service says."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: Double

    def _serve(self) -> None:
        address = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=address.path,
            query=dict(parse_qsl(address.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        self._send(self.double.answer(asked))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  as the base class calls them

    def _send(self, said: Said) -> None:
        content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        self.send_response(said.status)
        for name, value in {"Content-Type": "application/json", **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing: what was asked stands in the double."""


@dataclass(slots=True)
class RealAirflow:
    """The Airflow to which a double passes calls on, with a login of its own."""

    url: str
    username: str
    password: str
    _token: str = ""

    def call(self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: bytes = b"") -> Said:
        """Send a call with a fresh login and return what Airflow says."""
        self._token = self._token or self._login()
        return self._send(
            method, path, query=query or {}, body=body, headers={"Authorization": f"Bearer {self._token}"}
        )

    def _login(self) -> str:
        body = json.dumps({"username": self.username, "password": self.password}).encode()
        return str(json.loads(self._send("POST", "/auth/token", query={}, body=body, headers={}).body)["access_token"])

    def _send(
        self, method: str, path: str, *, query: Mapping[str, Any], body: bytes, headers: Mapping[str, str]
    ) -> Said:
        address = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        request = Request(
            address, method=method, data=body or None, headers={"Content-Type": "application/json", **headers}
        )
        try:
            with urlopen(request, timeout=60) as response:
                return Said(status=response.status, body=response.read())
        except HTTPError as error:
            with error:
                return Said(status=error.code, body=error.read())
