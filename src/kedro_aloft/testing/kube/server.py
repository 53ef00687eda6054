"""HTTP for the double: a thread per request, on loopback, streams in chunks."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from kedro_aloft.testing.kube.api import Answer, Request
from kedro_aloft.testing.kube.status import RefusalError, bad_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.testing.kube.api import Api

_GONE = (BrokenPipeError, ConnectionResetError)


class Server(ThreadingHTTPServer):
    """Serves one API on a free port of the loopback device, in a thread of its own."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        """Stop to serve."""
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hung up."""
        import sys

        if not isinstance(sys.exc_info()[1], _GONE):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server
    # Small answers go out at once: waiting for more to send with them took 40 ms each.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Log nothing."""

    def do_GET(self) -> None:
        """Answer one request of any method."""
        try:
            answer = self.server.api.answer(self._request())
        except RefusalError as error:
            answer = Answer(error.code, error.body())
        except Exception as error:  # noqa: BLE001  whatever it is: a client waits for an answer
            answer = Answer(500, RefusalError(500, "InternalError", f"Internal error occurred: {error!r}").body())
        with suppress(*_GONE):
            if isinstance(answer.content, dict):
                self._send(answer.code, answer.content)
            else:
                self._stream(answer.content, answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  the base class looks for these names

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content_type = self.headers.get("Content-Type", "application/json").partition(";")[0]
        if content and not content_type.endswith("json"):
            raise RefusalError(415, "UnsupportedMediaType", f"the double reads JSON alone, not {content_type}")
        try:
            body = json.loads(content) if content else None
        except ValueError:
            raise bad_request("the body of the request is no JSON") from None
        return Request(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            body=body,
            content_type=content_type,
            accept=self.headers.get("Accept", ""),
        )

    def _send(self, code: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, pieces: Iterator[bytes], answer: Answer) -> None:
        self.send_response(answer.code)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            if piece:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")
