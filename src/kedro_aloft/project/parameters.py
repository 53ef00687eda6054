"""The parameters that a pipeline uses, as the trigger form shows them."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import ProjectError, close_match
from kedro_aloft.graph.snapshot import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MISSING = object()


def used_parameters(
    names: Iterable[str], *, defaults: Mapping[str, Any], known: Mapping[str, Any], catalog: Any, pipeline: str
) -> tuple[Parameter, ...]:
    """Return the outermost parameters that the inputs name, sorted.

    Args:
        names: `parameters` and `params:…` inputs.
        defaults: Configured parameters, nested; what the form shows.
        known: The same with all runtime parameters; what must not be missing.
        catalog: Kedro's catalog: hooks may have added parameters.
        pipeline: For messages.

    Raises:
        ProjectError: If a parameter is nowhere (ALOFT-108).
    """
    paths = sorted({name.removeprefix("params:") for name in names if name != "parameters"})
    for path in paths:
        _refuse_missing(path, known, catalog, pipeline)
    if "parameters" in names:
        paths = sorted({*paths, *(str(key) for key in defaults)})
    outermost = [path for path in paths if not any(path.startswith(f"{other}.") for other in paths)]
    found = ((path, _plain(_look_up(defaults, path))) for path in outermost)
    return tuple(Parameter(name=path, default=value) for path, value in found if value is not _MISSING)


def _refuse_missing(path: str, known: Mapping[str, Any], catalog: Any, pipeline: str) -> None:
    if _look_up(known, path) is not _MISSING or f"params:{path}" in catalog:
        return
    raise ProjectError(
        f"The pipeline '{pipeline}' needs the parameter '{path}', which does not exist.",
        where="parameters.yml",
        seen=f"parameters are {', '.join(sorted(map(str, known))) or 'none'}",
        remedy=close_match(path, map(str, known)) or f"add `{path}` to conf/base/parameters.yml",
        code="ALOFT-108",
    )


def _look_up(parameters: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path; a key may itself have dots."""
    if path in parameters:
        return parameters[path]
    value: Any = parameters
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return _MISSING
        value = value[part]
    return value


def _plain(value: Any) -> Any:
    """Return the value in JSON types, dates as ISO text, or `_MISSING` when it has no such form."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _MISSING
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value]
        return _MISSING if any(item is _MISSING for item in items) else items
    if isinstance(value, dict):
        entries = {str(key): _plain(item) for key, item in value.items()}
        return _MISSING if any(item is _MISSING for item in entries.values()) else entries
    return _MISSING
