"""Start a run on any Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.cli.connecting import Place
    from kedro_aloft.client import RunState

F = TypeVar("F", bound="Callable[..., Any]")


def unpause_option(function: F) -> F:
    """Add `--unpause`."""
    return click.option("--unpause", is_flag=True, help="Unpause the DAG first; its schedule then counts, too.")(
        function
    )


def start(place: Place, params: str, *, unpause: bool) -> RunState:
    """Start a run with Kedro runtime parameters, as `kedro run --params` takes them.

    Raises:
        UsageError: If the DAG is paused: the run would wait until somebody unpauses it.
    """
    from kedro_aloft.compat import split_runtime_params
    from kedro_aloft.contract.keys import CONF_KEY
    from kedro_aloft.errors import UsageError

    given = split_runtime_params(params) if params else {}  # Kedro, which it asks, takes a second to import
    if place.details.get("is_paused"):
        if not unpause:
            raise UsageError(
                f"The DAG '{place.dag_id}' is paused: its runs would wait.",
                where=place.api.dag_url(place.dag_id),
                remedy="give --unpause, or `kedro airflow unpause` before",
            )
        place.api.set_paused(place.dag_id, paused=False)
    return place.api.trigger(place.dag_id, conf={CONF_KEY: given} if given else {})
