"""How commands log in to an Airflow elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.client import AirflowApi

F = TypeVar("F", bound="Callable[..., Any]")

TOKEN_VARIABLE = "KEDRO_ALOFT_AIRFLOW_TOKEN"  # noqa: S105  the name of a variable
PASSWORD_VARIABLE = "KEDRO_ALOFT_AIRFLOW_PASSWORD"  # noqa: S105


def username_option(function: F) -> F:
    """Add `--username`."""
    return click.option(
        "--username",
        default=None,
        metavar="NAME",
        help=f"Who logs in, with the password in {PASSWORD_VARIABLE}; without it the token in {TOKEN_VARIABLE} "
        "is used.",
    )(function)


def login(url: str, username: str | None) -> AirflowApi:
    """Return a client for an Airflow.

    Raises:
        UsageError: If the password or the token is missing in the environment.
    """
    from kedro_aloft.client import AirflowApi
    from kedro_aloft.client.auth import read_secret, variable_token

    if username:
        return AirflowApi(url, username=username, password=read_secret(PASSWORD_VARIABLE))
    return AirflowApi(url, token=variable_token(TOKEN_VARIABLE, instead=", or give --username"))
