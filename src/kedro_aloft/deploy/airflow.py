"""The Airflow that reads a target, as airflow.yml names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.client import AirflowApi
from kedro_aloft.client.auth import basic_token, google_token, no_token, read_secret, variable_token
from kedro_aloft.client.transport import OfficialTransport
from kedro_aloft.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.settings.targets import AirflowSettings, AuthSettings


def api_of(airflow: AirflowSettings | None) -> AirflowApi | None:
    """Return the API of the Airflow that a target names; None when it names no address.

    Raises:
        UsageError: If a variable that the login needs is not set.
        RemoteError: If a library that the login needs is not installed, or Google has no credentials here.
    """
    if airflow is None or airflow.url is None:
        return None
    url, auth = airflow.url, airflow.auth
    if auth.kind == "password":
        return AirflowApi(url, username=read_secret(auth.username_env), password=read_secret(auth.password_env))
    return AirflowApi(url, token=_token(url, auth))


def _token(url: str, auth: AuthSettings) -> Callable[[], str]:
    if auth.kind == "token":
        return variable_token(auth.token_env)
    if auth.kind == "basic":
        username, password = read_secret(auth.username_env), read_secret(auth.password_env)
        return basic_token(OfficialTransport(url), username=username, password=password)
    if auth.kind == "google":
        return google_token(audience=auth.audience)
    if auth.kind == "none":
        return no_token
    raise UsageError(
        f"The login '{auth.kind}' is no matter of an address.",
        where="airflow.yml: targets: airflow.auth.kind",
        seen=f"url: {url}",
        remedy="leave out `auth`, or name a target whose own kind logs in so",
    )
