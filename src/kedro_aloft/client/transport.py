"""One HTTP exchange with an Airflow, through the official client's own transport.

We speak raw JSON instead of the official client's response models: the models of client 3.3 refuse answers of
Airflow 3.0 and 3.1 (fields that were added later are required), and its request models send keys that an older
server forbids. So one client speaks to Airflow 3.0.6 up to 3.3.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlparse

from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_client.client.api_client import ApiClient

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
TIMEOUT_S = 90.0


class Transport(Protocol):
    """The port to the network; raises ConnectionError when no answer comes."""

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Return the HTTP status and the decoded body of one exchange."""
        ...


class OfficialTransport:
    """The transport of `apache-airflow-client`: its connection pool, TLS and proxy settings.

    Importing that client costs 0.7 CPU seconds (it imports every model), so it happens at the first exchange.

    Args:
        url: Base address of the Airflow, e.g. `http://127.0.0.1:8080`.
        timeout_s: How long one exchange may take, in seconds.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._client: ApiClient | None = None

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Return the HTTP status and the decoded body; raise ConnectionError when no answer comes."""
        from airflow_client.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        client = self._connect()
        params = client.param_serialize(
            method, path, query_params=list(query.items()), header_params=_json_headers(headers), body=body
        )
        try:
            response = client.call_api(*params, _request_timeout=self._timeout_s)
            data: bytes | None = response.response.data
            return response.status, _decode(data)
        except (HTTPError, ApiException) as err:
            raise ConnectionError(str(err)) from err

    def _connect(self) -> ApiClient:
        if self._client is None:
            self._client = _new_client(self.url)
        return self._client


def _new_client(url: str) -> ApiClient:
    try:
        from airflow_client.client import ApiClient, Configuration
    except ImportError as err:
        raise RemoteError(
            "The client of the Airflow API is not installed",
            seen=str(err),
            remedy="pip install 'kedro-aloft[airflow]'",
        ) from err
    # Our own RemoteError decides about retries; urllib3's default would repeat a POST that never got an answer.
    config = Configuration(host=url, retries=False)
    config.ssl_ca_cert = _ca_bundle()
    if urlparse(url).hostname in LOOPBACK_HOSTS:
        config.proxy = None  # a proxy of the environment cannot reach this machine's loopback
    return ApiClient(config)


def _ca_bundle() -> str | None:
    """The certificates to trust, by the variables of `requests` and `curl`; OpenSSL reads SSL_CERT_FILE itself.

    There is no way to turn the verification off.
    """
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None


def _json_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {"Accept": "application/json", "Content-Type": "application/json", **headers}


def _decode(data: bytes | None) -> Any:
    text = (data or b"").decode("utf-8", errors="replace")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
