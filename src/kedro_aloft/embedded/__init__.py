"""A real Airflow inside a Kedro project: start, use, stop.

Every command asks where its directory is; only some start it. So what starts it is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro_aloft.client.follow import wait_for_dag
    from kedro_aloft.embedded.control import Address, EmbeddedAirflow, Status

__all__ = ["Address", "EmbeddedAirflow", "Status", "wait_for_dag"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kedro_aloft.client.follow import wait_for_dag
    from kedro_aloft.embedded.control import Address, EmbeddedAirflow, Status

    globals().update(Address=Address, EmbeddedAirflow=EmbeddedAirflow, Status=Status, wait_for_dag=wait_for_dag)
    return globals()[name]
