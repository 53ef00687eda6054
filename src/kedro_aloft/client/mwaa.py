"""Airflow on Amazon MWAA: its REST API through Amazon's own, which signs and forwards each call."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from kedro_aloft.client.aws import aws_errors, connect_aws, refused_by_aws
from kedro_aloft.client.transport import OfficialTransport
from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGIN_PATH = "/pluginsv2/aws_mwaa/login"
"""Where the web server takes login tokens. Source: Amazon MWAA user guide, Using the Apache Airflow REST API."""
LONGEST_PATH = 64
"""Characters of a path that `InvokeRestApi` takes. Source: Amazon MWAA API reference, InvokeRestApi."""
_PREFIX = "/api/v2"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_LOGIN_TIMEOUT_S = 30.0
# Whether Amazon quotes a path before it forwards it is not documented; these characters are the same either way.
_PLAIN = re.compile(r"[\w/.~:+@!$'()*,;=-]*", re.ASCII)


class MwaaTransport:
    """Sends calls by `InvokeRestApi`; whoever may call that may use Airflow, with the role it is given.

    That takes short paths alone, and the tasks of a run have long ones: these go to the web server itself, with the
    session that it gives for a login token of Amazon.

    Args:
        environment: Name of the MWAA environment.
        region: Its region; None for the one of the AWS configuration.
        client: botocore's client of `mwaa`; made at the first call by default.
    """

    def __init__(self, environment: str, *, region: str | None = None, client: Any = None) -> None:
        self.environment = environment
        self._region = region
        self._client = client
        self._session: tuple[OfficialTransport, str] | None = None

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Return the HTTP status and the decoded body; raise ConnectionError when no answer comes."""
        if not path.startswith(f"{_PREFIX}/"):
            raise RemoteError("Amazon forwards calls of Airflow's REST API alone", where=f"{method} {path}")
        short = unquote(path[len(_PREFIX) :])
        if len(short) > LONGEST_PATH or not _PLAIN.fullmatch(short):
            return self._directly(method, path, query=query, body=body, headers=headers)
        optional = {"QueryParameters": {key: _text(value) for key, value in query.items()}, "Body": body}
        given = {name: value for name, value in optional.items() if value}
        return self._invoke({"Name": self.environment, "Method": method, "Path": short, **given})

    @property
    def _where(self) -> str:
        return f"MWAA environment '{self.environment}'"

    def _connect(self) -> Any:
        if self._client is None:
            self._client = connect_aws("mwaa", region=self._region)
        return self._client

    # Through Amazon

    def _invoke(self, call: dict[str, Any]) -> tuple[int, Any]:
        try:
            answer = self._connect().invoke_rest_api(**call)
        except RemoteError:
            raise
        except Exception as err:  # botocore makes its exceptions when it runs; what counts is what they carry
            answer = getattr(err, "response", None)
            if not isinstance(answer, dict):
                raise self._no_answer(err) from err
            # Airflow's own refusals carry its status and its answer; the others are Amazon's.
            if "RestApiStatusCode" not in answer:
                return self._refused_by_amazon(answer["Error"])
        return int(answer["RestApiStatusCode"]), _decoded(answer.get("RestApiResponse"))

    def _no_answer(self, err: Exception) -> Exception:
        name = type(err).__name__
        if name.startswith("NoCredentials"):
            return refused_by_aws(name, self._where, str(err))
        return ConnectionError(str(err))

    def _refused_by_amazon(self, error: Mapping[str, str]) -> tuple[int, Any]:
        if error.get("Code") == "AccessDeniedException":
            return int(HTTPStatus.FORBIDDEN), {"detail": f"{error.get('Message')} (airflow:InvokeRestApi)"}
        raise RemoteError(
            f"Amazon refuses the call: {error.get('Code')}",
            where=self._where,
            seen=error.get("Message", ""),
            remedy="check the name of the environment and its region, and that it is available",
        )

    # To the web server

    def _directly(
        self, method: str, path: str, *, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        fresh = self._session is None
        transport, token = self._session = self._session or self._login()
        bearer = {**headers, "Authorization": f"Bearer {token}"}
        status, answer = transport.send(method, path, query=query, body=body, headers=bearer)
        if status != HTTPStatus.UNAUTHORIZED or fresh:
            return status, answer
        self._session = None  # it has expired
        return self._directly(method, path, query=query, body=body, headers=headers)

    def _login(self) -> tuple[OfficialTransport, str]:
        with aws_errors(self._where):
            answer = self._connect().create_web_login_token(Name=self.environment)
        host = str(answer["WebServerHostname"])
        url = host if "://" in host else f"https://{host}"
        return OfficialTransport(url), _session_token(url, answer["WebToken"])


def _session_token(url: str, web_token: str) -> str:
    """Return the bearer token that the web server gives as a cookie."""
    import urllib3

    address, form = f"{url}{LOGIN_PATH}", urlencode({"token": web_token})
    try:
        response = urllib3.request("POST", address, body=form, headers=_FORM, timeout=_LOGIN_TIMEOUT_S, redirect=False)
    except urllib3.exceptions.HTTPError as err:
        raise RemoteError(
            "The web server of the MWAA environment cannot be reached",
            where=url,
            seen=str(err)[:500],
            remedy="a private web server is reached from its own network alone: run the command there",
        ) from err
    cookies = [SimpleCookie(one) for one in response.headers.getlist("Set-Cookie")]
    token = next((one["_token"].value for one in cookies if "_token" in one), None)
    if token is None:
        raise RemoteError(
            "The MWAA environment gives no session for a login token",
            where=address,
            seen=f"HTTP status {response.status}",
            remedy="your role needs airflow:CreateWebLoginToken for a role of this environment",
        )
    return token


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _decoded(answer: Any) -> Any:
    """Amazon gives the answer decoded, or as text where it is no object."""
    if not isinstance(answer, str):
        return answer
    try:
        return json.loads(answer)
    except ValueError:
        return answer
