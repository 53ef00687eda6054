"""Ways to log in: each returns a function that gives a fresh bearer token, which is what `AirflowApi` takes.

    password     user name and password are exchanged for a token: `AirflowApi(url, username=…, password=…)`
    basic        the same with HTTP basic authentication, for login services that read the header: `basic_token`
    token        a token as it stands in an environment variable, read again at each login: `variable_token`
    google       Google's application default credentials, also behind an identity-aware proxy: `google_token`
    mwaa         Amazon signs each call and there is no token at all: `client.mwaa.MwaaTransport`
    none         an Airflow in which everybody is an administrator: `no_token`

What a way needs is imported when it is used.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RemoteError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.client.transport import Transport

_GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def read_secret(variable: str, *, instead: str = "") -> str:
    """Return what an environment variable holds.

    Args:
        variable: Its name.
        instead: What else the user can do, for the message.

    Raises:
        UsageError: If it is not set.
    """
    secret = os.environ.get(variable)
    if not secret:
        raise UsageError(
            "Airflow wants a login.",
            where=f"the environment variable {variable}",
            seen="it is not set",
            remedy=f"export {variable}=…{instead}",
        )
    return secret


def no_token() -> str:
    """Return no token: calls carry no authorization."""
    return ""


def variable_token(variable: str, *, instead: str = "") -> Callable[[], str]:
    """Return a function that reads a token from the environment.

    Raises:
        UsageError: If there is none now; what is wrong shall be said before the first call.
    """
    read_secret(variable, instead=instead)
    return lambda: read_secret(variable, instead=instead)


def basic_token(transport: Transport, *, username: str, password: str) -> Callable[[], str]:
    """Return a function that exchanges user name and password, sent as HTTP basic authentication, for a token."""
    basic = base64.b64encode(f"{username}:{password}".encode()).decode()

    def fetch() -> str:
        headers = {"Authorization": f"Basic {basic}"}
        status, answer = transport.send("POST", "/auth/token", query={}, body={}, headers=headers)
        if status >= 300 or not isinstance(answer, dict):
            raise RemoteError(
                f"Airflow refuses the login with HTTP status {status}",
                seen=str(answer)[:500],
                remedy="check the user name and the password",
            )
        return str(answer["access_token"])

    return fetch


def google_token(*, audience: str | None = None) -> Callable[[], str]:
    """Return a function that gives a token of Google's application default credentials, renewed when it has expired.

    Args:
        audience: Client id of an identity-aware proxy in front of Airflow, which wants an identity token; None for
            Cloud Composer, which wants an access token.

    Raises:
        RemoteError: If google-auth is not installed, or there are no credentials.
    """
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request
        from google.oauth2 import id_token
    except ImportError as err:
        raise _not_installed("google-auth", "google-auth requests", err) from err

    def no_login(err: Exception) -> RemoteError:
        return RemoteError(
            "Google gives no token",
            seen=str(err)[:500],
            remedy="gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
        )

    if audience is not None:

        def fetch_identity() -> str:
            try:
                return str(id_token.fetch_id_token(Request(), audience))
            except GoogleAuthError as err:
                raise no_login(err) from err

        return fetch_identity
    try:
        credentials: Any = google.auth.default(scopes=[_GOOGLE_SCOPE])[0]
    except GoogleAuthError as err:
        raise no_login(err) from err

    def fetch_access() -> str:
        try:
            credentials.refresh(Request())
        except GoogleAuthError as err:
            raise no_login(err) from err
        return str(credentials.token)

    return fetch_access


def _not_installed(what: str, packages: str, err: ImportError) -> RemoteError:
    return RemoteError(
        f"{what}, which this login needs, is not installed", seen=str(err), remedy=f"pip install {packages}"
    )
