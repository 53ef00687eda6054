"""What containers need from their engine: on a real one."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.preflight import EngineWanted, look_at_engine
from support.commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.engine import Engine

pytestmark = pytest.mark.docker


class _EmptyRegistry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_root = self.path == "/v2/"
        body = b"{}" if is_root else b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
        self.send_response(200 if is_root else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815  http.server's word

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    options = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost")
    run_command("openssl", "req", *options, "-keyout", key, "-out", certificate, cwd=tmp_path).ok()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), _EmptyRegistry) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_is_there_is_ok(engine: Engine, tmp_path: Path) -> None:
    wanted = EngineWanted(url=engine.url, images=(engine.base_image(),), folders=(tmp_path,), networks=("host",))
    answers = look_at_engine(wanted)
    assert [(one.code, one.result.state.value) for one in answers] == [
        ("engine", "ok"),
        ("image", "ok"),
        ("mount", "ok"),
        ("network", "ok"),
    ]


def test_what_is_missing_is_bad_and_says_what_to_do(engine: Engine, tmp_path: Path, registry: str) -> None:
    image = f"{registry}/lost:1"
    wanted = EngineWanted(url=engine.url, images=(image,), folders=(tmp_path / "data",), networks=("shop",))
    answers = {one.code: one.result for one in look_at_engine(wanted)}
    assert {code: result.state.value for code, result in answers.items()} == {
        "engine": "ok",
        "image": "bad",
        "mount": "bad",
        "network": "bad",
    }, answers["image"]
    assert answers["network"].remedy == "docker network create shop"
    assert str(tmp_path / "data") in answers["mount"].remedy


def test_a_registry_that_does_not_answer_leaves_the_image_unknown(engine: Engine) -> None:
    (_, image) = look_at_engine(EngineWanted(url=engine.url, images=("127.0.0.1:9/lost:1",)))
    assert image.result.state.value == "unknown"


def test_an_engine_that_does_not_answer_is_one_bad_answer(tmp_path: Path) -> None:
    (one,) = look_at_engine(EngineWanted(url=f"unix://{tmp_path}/none.sock", images=("a", "b")))
    assert (one.code, one.result.state.value) == ("engine", "bad")
    assert "none.sock" in one.title
