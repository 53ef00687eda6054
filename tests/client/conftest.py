"""A real HTTP server with a script: what it answers to each call, in order; it remembers what it was asked."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    token: str | None


@dataclass(slots=True)
class Script:
    """Answers by "METHOD /path"; the last one of a list repeats. Without an answer, the status is 404."""

    url: str
    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, call: str, *answers: tuple[int, Any]) -> None:
        self.answers[call] = list(answers)

    def calls(self, call: str) -> list[Asked]:
        return [asked for asked in self.asked if f"{asked.method} {asked.path}" == call]

    def next_answer(self, asked: Asked) -> tuple[int, Any]:
        self.asked.append(asked)
        answers = self.answers.get(f"{asked.method} {asked.path}", [(404, {"detail": "no such thing"})])
        return answers.pop(0) if len(answers) > 1 else answers[0]


def _handler(script: Callable[[], Script]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query)),
                json.loads(text) if text else None,
                (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None,
            )
            status, body = script().next_answer(asked)
            if status == 0:  # hang up without an answer
                self.close_connection = True
                return
            data = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def script() -> Iterator[Script]:
    """A server that knows the user `admin` with the password `right` and hands out the tokens t1, t2, …"""
    state: list[Script] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: state[0]))
    state.append(Script(f"http://127.0.0.1:{server.server_port}"))
    state[0].answer("POST /auth/token", (201, {"access_token": "t1"}), (201, {"access_token": "t2"}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state[0]
    server.shutdown()
    thread.join()
    server.server_close()
