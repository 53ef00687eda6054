"""What a catalog entry says about where and how its data is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kedro_aloft.rules.pattern import Pattern

if TYPE_CHECKING:
    from kedro_aloft.graph.snapshot import DatasetInfo

_APPENDING = {"a", "at", "ab", "a+", "append"}
_REFUSING = {"x", "xt", "xb", "fail", "error", "errorifexists"}
_SAVE_KEYS = ("mode", "if_exists", "write_disposition")
_PANDAS_MODE = ("save_args", "mode")
_SAVE_HOLDERS = {"dataset", "fs_args", "save_args", *_SAVE_KEYS}
_WIDE = Pattern(r"^(s3|s3a|gs|gcs|abfs|abfss|az|adl|hdfs|sftp|ftp|ssh|https?|webhdfs|oci|oss)://")
_NETWORK_TYPE = Pattern(r"^(kedro_datasets\.)?(api|snowflake|redis|ibis|databricks)\.|\b(SQL|GBQ|APIDataset|Redis)")
_OPENED_FIRST = Pattern(r"\bpandas\.(\w+\.)?(CSV|JSON|Generic)Dataset$")
_HTTP = Pattern(r"^https?://")
_LENGTH = Pattern(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


Keys = tuple[str, ...]
"""Path of a key inside an entry."""


def entries(config: Mapping[str, Any], keys: Keys = ()) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
    """Yield the entry and those inside it (`dataset: {…}` of partitions and caches), each with its path."""
    yield keys, config
    inner = config.get("dataset")
    if isinstance(inner, Mapping):
        yield from entries(inner, (*keys, "dataset"))


def save_modes(info: DatasetInfo) -> Iterator[tuple[Keys, str]]:
    """Yield every setting of how existing data is treated, as path and value in lower case."""
    for keys, config in entries(info.config) if not _SAVE_HOLDERS.isdisjoint(info.config) else ():
        for holder in (("save_args",), ("fs_args", "open_args_save"), ()):
            found = below(config, holder)
            for key in _SAVE_KEYS if isinstance(found, Mapping) else ():
                if isinstance(found.get(key), str) and not ((*holder, key) == _PANDAS_MODE and _opened_first(config)):
                    yield (*keys, *holder, key), found[key].lower()


def _opened_first(config: Mapping[str, Any]) -> bool:
    """Whether the dataset opens the file before pandas sees it: the `mode` for pandas then has no effect.

    Source: `save` of these datasets, kedro-datasets 9.6.
    """
    return bool(_OPENED_FIRST.search(str(config.get("type", ""))))


def below(config: Mapping[str, Any], keys: Keys) -> Any:
    """Return what stands at a path of keys; None when there is nothing."""
    value: Any = config
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def appends(mode: str) -> bool:
    """Whether a save with this mode adds to what is there."""
    return mode in _APPENDING or mode == "write_append"


def refuses(mode: str) -> bool:
    """Whether a save with this mode fails when something is there."""
    return mode in _REFUSING or mode == "write_empty"


def kind(info: DatasetInfo) -> str:
    """Return the class name of the dataset's type."""
    return info.type.rpartition(".")[2]


def is_local(info: DatasetInfo) -> bool:
    """Whether the data lies on the disk of the machine that wrote it."""
    return bool(info.location) and "://" not in str(info.location)


def is_below_project(info: DatasetInfo) -> bool:
    """Whether the data lies in the project's own folder."""
    return is_local(info) and not str(info.location).startswith(("/", ".."))


def uses_network(info: DatasetInfo) -> bool:
    """Whether a load or save talks to another machine."""
    return bool(_WIDE.match(info.location or "") or _NETWORK_TYPE.search(info.type))


def is_service(info: DatasetInfo) -> bool:
    """Whether a load asks a service that may answer otherwise tomorrow."""
    return kind(info) == "APIDataset" or bool(_HTTP.match(info.location or ""))


def retention_s(info: DatasetInfo) -> float | None:
    """Return how long the source keeps its data, as `metadata: {airflow: {retention: 30d}}` says; None when unknown."""
    told = below(info.config, ("metadata", "airflow", "retention"))
    parts = _LENGTH.findall(str(told)) if isinstance(told, str) else []
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts) or None


def layer(info: DatasetInfo) -> str:
    """Return the layer of a dataset: what Kedro-Viz is told, else the numbered folder of its path; may be empty."""
    if info.layer:
        return info.layer
    match = re.search(r"(?:^|/)\d\d_(\w+)/", info.location or "")
    return match[1] if match else ""


def length(seconds: float) -> str:
    """Return seconds as people say them."""
    for unit in ("d", "h", "m"):
        if seconds >= _UNIT_S[unit]:
            return f"{seconds / _UNIT_S[unit]:.3g} {unit}"
    return f"{seconds:.3g} s"
