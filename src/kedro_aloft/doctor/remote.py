"""Checks of an Airflow elsewhere, through its REST API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from kedro_aloft.doctor.check import Check, Family, Result, bad, ok, unknown, warn
from kedro_aloft.doctor.versions import judge_version
from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.client import AirflowApi

T = TypeVar("T")
_SHOWN = 3
_NEEDED = ("metadatabase", "scheduler", "dag_processor")
OWN_TAG = "kedro-aloft"
"""A tag of every DAG that kedro-aloft makes (`render/statements.py`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteAirflow:
    """What an Airflow tells about itself; None where it refuses an answer.

    Args:
        version: Its version.
        health: Component → state, `None` when a component was never there.
        import_errors: File names of DAG files that do not load.
        dags: DAG of kedro-aloft → whether it is paused.
        pools: Pool → its record of Airflow's API.
        refused: What was said instead of an answer.
    """

    version: str
    health: Mapping[str, str | None]
    import_errors: tuple[str, ...] | None
    dags: Mapping[str, bool] | None
    pools: Mapping[str, Mapping[str, Any]] | None
    refused: str = ""


def gather_remote(api: AirflowApi) -> RemoteAirflow:
    """Return what an Airflow tells about itself.

    Raises:
        RemoteError: If it does not answer at all; version and health need no login.
    """
    refusals: list[str] = []

    def allowed(question: Callable[[], T]) -> T | None:
        try:
            return question()
        except RemoteError as error:
            refusals.append(f"{error.what}: {error.seen}" if error.seen else error.what)
            return None

    version = api.version()
    health = {name: part.get("status") for name, part in api.health().items() if isinstance(part, dict)}
    return RemoteAirflow(
        version=version,
        health=health,
        import_errors=allowed(lambda: tuple(str(one["filename"]) for one in api.import_errors())),
        dags=allowed(lambda: {str(dag["dag_id"]): bool(dag["is_paused"]) for dag in api.dags(tag=OWN_TAG)}),
        pools=allowed(lambda: {str(pool["name"]): pool for pool in api.pools()}),
        refused=refusals[0] if refusals else "",
    )


def _version(airflow: RemoteAirflow) -> Result:
    return judge_version("apache-airflow", airflow.version)


def _health(airflow: RemoteAirflow) -> Result:
    ill = [f"{name} is {airflow.health.get(name) or 'not there'}" for name in _NEEDED if _ill(airflow, name)]
    if ill:
        return bad(", ".join(ill), "look at the log of the component, and start it")
    return ok(", ".join(f"{name} {state}" for name, state in sorted(airflow.health.items()) if state))


def _ill(airflow: RemoteAirflow, name: str) -> bool:
    return airflow.health.get(name) != "healthy"


def _triggerer(airflow: RemoteAirflow) -> Result:
    if _ill(airflow, "triggerer"):
        return warn(
            f"{airflow.health.get('triggerer') or 'not there'}", "start `airflow triggerer`, or set `mirrors: static`"
        )
    return ok("healthy")


def _imports(airflow: RemoteAirflow) -> Result:
    if airflow.import_errors is None:
        return unknown(airflow.refused, "log in as somebody who may read import errors")
    if airflow.import_errors:
        return bad(_listed(airflow.import_errors), "see the banner on its list of DAGs")
    return ok("every file loads")


def _paused(airflow: RemoteAirflow) -> Result:
    if airflow.dags is None:
        return unknown(airflow.refused, "log in as somebody who may read DAGs")
    paused = [dag_id for dag_id, is_paused in sorted(airflow.dags.items()) if is_paused]
    if paused:
        return warn(f"paused: {_listed(paused)}", "unpause them there; a run of a paused DAG stays queued")
    return ok(f"{len(airflow.dags)} of kedro-aloft, none paused")


def _pools(airflow: RemoteAirflow) -> Result:
    if airflow.pools is None:
        return unknown(airflow.refused, "log in as somebody who may read pools")
    full = [
        f"{name} ({pool.get('queued_slots')} waiting for {pool.get('slots')} slots)"
        for name, pool in sorted(airflow.pools.items())
        if _number(pool, "open_slots") <= 0 and _number(pool, "queued_slots") > 0
    ]
    empty = [f"{name} (no slots)" for name, pool in sorted(airflow.pools.items()) if not _number(pool, "slots")]
    if full or empty:
        return warn(_listed([*full, *empty]), "give the pool more slots, or spread the load")
    return ok(f"{len(airflow.pools)}, with free slots")


def _number(pool: Mapping[str, Any], key: str) -> int:
    """Airflow writes an endless pool as `infinity`."""
    value = pool.get(key, 0)
    return int(value) if isinstance(value, (int, float)) else 1


def _listed(texts: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


REMOTE: tuple[Check[RemoteAirflow], ...] = (
    Check(
        code="remote-version",
        title="Version of that Airflow",
        why="`make test-matrix` of kedro-aloft; docs/compatibility",
        family=Family.REMOTE,
        ask=_version,
    ),
    Check(
        code="remote-health",
        title="Its scheduler, DAG processor and database",
        why="Without one of them no run goes on, and the user interface looks as ever.",
        family=Family.REMOTE,
        ask=_health,
    ),
    Check(
        code="remote-triggerer",
        title="Its triggerer",
        why="`wait_for` and tasks that show nodes wait there: without it the first for ever, the others for hours.",
        family=Family.REMOTE,
        ask=_triggerer,
    ),
    Check(
        code="remote-imports",
        title="DAG files that do not load there",
        why="A file that does not load keeps the DAG of its last good version, or none.",
        family=Family.REMOTE,
        ask=_imports,
    ),
    Check(
        code="remote-paused",
        title="Paused DAGs of kedro-aloft there",
        why="New DAGs are paused by default (`[core] dags_are_paused_at_creation`).",
        family=Family.REMOTE,
        ask=_paused,
    ),
    Check(
        code="remote-pools",
        title="Its pools",
        why="A task in a full pool stays scheduled, without an error.",
        family=Family.REMOTE,
        ask=_pools,
    ),
)
