"""Each way to log in, against a server that says what it was asked."""

from __future__ import annotations

import base64
import importlib
import json
import ssl
import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.client import AirflowApi
from kedro_aloft.client.auth import basic_token, google_token, no_token, variable_token
from kedro_aloft.client.mwaa import MwaaTransport
from kedro_aloft.client.transport import OfficialTransport
from kedro_aloft.errors import RemoteError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Script

RUN = "GET /api/v2/dags/d/dagRuns/r"
TRUST = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
QUEUED = {"dag_id": "d", "dag_run_id": "r", "state": "queued"}


def test_a_token_of_the_environment_is_read_anew_at_each_login(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "first")
    api = AirflowApi(script.url, token=variable_token("SHOP_TOKEN"))
    script.answer(RUN, (200, QUEUED), (401, {"detail": "expired"}), (200, QUEUED))
    api.run("d", "r")
    monkeypatch.setenv("SHOP_TOKEN", "second")
    api.run("d", "r")
    assert [asked.token for asked in script.calls(RUN)] == ["first", "first", "second"]


def test_a_missing_variable_is_said_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    with pytest.raises(UsageError, match="SHOP_TOKEN"):
        variable_token("SHOP_TOKEN")


def test_basic_authentication_is_exchanged_for_a_token(script: Script) -> None:
    fetch = basic_token(OfficialTransport(script.url), username="ann", password="s3cret")
    script.answer(RUN, (200, QUEUED))
    AirflowApi(script.url, token=fetch).run("d", "r")
    (login,) = script.calls("POST /auth/token")
    assert login.body == {}
    assert login.token == "Basic " + base64.b64encode(b"ann:s3cret").decode()
    assert [asked.token for asked in script.calls(RUN)] == ["t1"]


def test_a_refused_basic_login_shows_no_password(script: Script) -> None:
    script.answer("POST /auth/token", (401, {"detail": "no"}))
    fetch = basic_token(OfficialTransport(script.url), username="ann", password="s3cret")
    with pytest.raises(RemoteError) as caught:
        fetch()
    assert "401" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_without_login_no_authorization_is_sent(script: Script) -> None:
    script.answer(RUN, (200, QUEUED))
    AirflowApi(script.url, token=no_token).run("d", "r")
    assert [asked.token for asked in script.calls(RUN)] == [None]


def test_a_login_whose_library_is_missing_says_what_to_install() -> None:
    with suppress(ModuleNotFoundError):
        importlib.import_module("google.auth")
        pytest.skip("google-auth is here")
    with pytest.raises(RemoteError) as caught:
        google_token()
    assert "pip install google-auth" in caught.value.remedy


class _Amazon:
    """Stands for the boto3 client: somebody else's, and its answers are those of botocore's model."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer, self.asked = answer, list[dict[str, Any]]()

    def invoke_rest_api(self, **call: Any) -> dict[str, Any]:
        self.asked.append(call)
        return self.answer


class ClientError(Exception):
    """As botocore raises it."""

    def __init__(self, response: dict[str, Any]) -> None:
        super().__init__(str(response))
        self.response = response


class _Refusing(_Amazon):
    def invoke_rest_api(self, **call: Any) -> dict[str, Any]:
        self.asked.append(call)
        raise ClientError(self.answer)


def test_amazon_gets_method_path_query_and_body_and_no_token() -> None:
    amazon = _Amazon({"RestApiStatusCode": 200, "RestApiResponse": QUEUED})
    api = AirflowApi("https://airflow.aws", token=no_token, transport=MwaaTransport("shop", client=amazon))
    assert api.trigger("d", conf={"a": 1}).run_id == "r"
    assert amazon.asked == [
        {
            "Name": "shop",
            "Method": "POST",
            "Path": "/dags/d/dagRuns",
            "Body": {"logical_date": None, "conf": {"a": 1}},
        }
    ]


def test_what_airflow_refuses_behind_amazon_is_told_as_anywhere_else() -> None:
    amazon = _Refusing({"Error": {}, "RestApiStatusCode": 404, "RestApiResponse": {"detail": "no such DAG"}})
    api = AirflowApi("https://airflow.aws", token=no_token, transport=MwaaTransport("shop", client=amazon))
    assert api.dag_details("d") is None
    with pytest.raises(RemoteError, match="404"):
        api.run("d", "r")


@pytest.mark.parametrize(
    ("code", "seen"), [("AccessDeniedException", "airflow:InvokeRestApi"), ("ResourceNotFoundException", "not found")]
)
def test_what_amazon_refuses_names_the_right_or_the_environment(code: str, seen: str) -> None:
    amazon = _Refusing({"Error": {"Code": code, "Message": "not found"}})
    api = AirflowApi("https://airflow.aws", token=no_token, transport=MwaaTransport("shop", client=amazon))
    with pytest.raises(RemoteError) as caught:
        api.version()
    assert seen in str(caught.value)


# --- TLS


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An HTTPS server whose certificate nobody knows, and that certificate."""
    certificate, key = _certificate(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = json.dumps({"version": "3.3.2"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://localhost:{server.server_port}", certificate
    server.shutdown()
    thread.join()
    server.server_close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    day = timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return folder / "certificate.pem", folder / "key.pem"


def test_an_unknown_certificate_is_refused(secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kedro_aloft.client.api.PAUSES_S", (0.0,))
    with pytest.raises(RemoteError) as caught:
        AirflowApi(secure[0]).version()
    assert "certificate" in caught.value.seen.lower()


@pytest.mark.parametrize("variable", TRUST)
def test_the_usual_variables_name_whom_to_trust(
    secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in TRUST:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(secure[1]))
    assert AirflowApi(secure[0]).version() == "3.3.2"
