"""How tables of polars are pickled: as the Arrow data that they are.

Polars itself writes a copy of all its data into the pickle. Arrow's buffers stay outside of it, are written as they lie
in memory, and mapped when they are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def reducers() -> dict[type, Callable[[Any], Any]]:
    """Return what a pickler does with each type of polars; polars must have been imported."""
    import polars as pl

    return {pl.DataFrame: _reduce, pl.Series: _reduce}


def from_arrow(data: Any, name: str | None) -> Any:
    """Return the table, or with a name the series, that Arrow data stands for; pickles name this function."""
    import polars as pl

    table: Any = pl.from_arrow(data)
    return table if name is None else table.alias(name)


def _reduce(table: Any) -> Any:
    """Tell pickle to keep Arrow data, where it turns back into exactly the same; else do as polars does."""
    import polars as pl

    name = None if isinstance(table, pl.DataFrame) else table.name
    try:
        data = table.to_arrow(compat_level=pl.CompatLevel.newest())
        same = _schema(from_arrow(data, name)) == _schema(table)
    except Exception:  # noqa: BLE001  Arrow has no Python objects, for one
        same = False
    return (from_arrow, (data, name)) if same else table.__reduce_ex__(5)


def _schema(table: Any) -> Any:
    return table.schema if hasattr(table, "schema") else table.dtype
