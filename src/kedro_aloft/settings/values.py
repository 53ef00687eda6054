"""Small value types that several settings share."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from kedro_aloft.errors import close_match
from kedro_aloft.settings.refusal import refusal

_ID = re.compile(r"[\w.-]+")
_ID_LENGTH = 240
"""Airflow allows 250 characters, and then cannot make the log directory `dag_id=<id>`: a name has 255 bytes."""
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEDRO_RUNNERS = ("SequentialRunner", "ThreadRunner", "ParallelRunner")


def as_tuple(value: Any) -> Any:
    """One item may stand without its list; a key without a value is an empty list."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def list_of(value: Any) -> Any:
    """As `as_tuple`, for items that may be mappings."""
    return (value,) if isinstance(value, Mapping) else as_tuple(value)


def _unique(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def as_mapping(value: Any) -> Any:
    """A key without a value is an empty mapping."""
    return {} if value is None else value


def _check_id(text: str) -> str:
    """Airflow's `validate_key` (Task SDK 3.3 and core), so that a wrong id fails here and not at parse."""
    if not _ID.fullmatch(text) or ".." in text:
        raise refusal(f"'{text}' is not an Airflow id", allowed="letters, digits, '-', '_' and single dots")
    if len(text) > _ID_LENGTH:
        raise refusal(f"an Airflow id of {len(text)} characters", allowed=f"at most {_ID_LENGTH} characters")
    return text


def _check_dotted(text: str) -> str:
    if not _DOTTED.fullmatch(text) or "." not in text:
        raise refusal(f"'{text}' is not an import path", allowed="package.module.Class")
    return text


def _check_runner(text: str) -> str:
    if "." in text:
        return _check_dotted(text)
    if text not in _KEDRO_RUNNERS:
        raise refusal(
            f"unknown runner '{text}'. {close_match(text, _KEDRO_RUNNERS)}".strip(),
            allowed=f"{', '.join(_KEDRO_RUNNERS)} or the import path of your own",
        )
    return text


def _check_uri(text: str) -> str:
    if urlsplit(text).password is not None:
        raise refusal(
            "the address holds a password, which would appear in the DAG file",
            remedy="give the credentials to the tasks through their environment or the cloud's own identity",
        )
    return text


def _check_environment(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return as_mapping(value)
    wrong = [name for name in value if not isinstance(name, str) or not _VARIABLE.fullmatch(name)]
    if wrong:
        raise refusal(f"'{wrong[0]}' is not a variable name", allowed="letters, digits and '_', not starting with one")
    return {name: _environment_text(name, text) for name, text in value.items()}


def _environment_text(name: str, value: Any) -> str:
    """Whole numbers have one spelling; `1.10`, `yes` and null do not survive YAML, so they need quotes."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise refusal(f"the value of {name} is not text", allowed="text or a whole number", remedy="put it in quotes")


def _check_json(value: Any) -> Any:
    """Return plain JSON data: what goes into a DAG file must mean the same after `repr` and after JSON."""
    if isinstance(value, Mapping):
        return {_json_key(key): _check_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_check_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise refusal(f"{value} has no JSON form", allowed="finite numbers, text, booleans, null, lists, mappings")
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise refusal(
        f"{type(value).__name__} has no JSON form",
        allowed="numbers, text, booleans, null, lists and mappings",
        remedy="put it in quotes",
    )


def _json_key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise refusal(f"the key {key!r} is not text", remedy="put it in quotes")


def _plain_mapping(value: Any) -> Any:
    return _check_json(value) if isinstance(value, Mapping) else as_mapping(value)


def normal_distribution(name: str) -> str:
    """Return the normal form of a distribution name (PEP 503): `kedro_telemetry` is `kedro-telemetry`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _normal_distributions(names: tuple[str, ...]) -> tuple[str, ...]:
    return _unique(tuple(normal_distribution(name) for name in names))


Text = Annotated[str, StringConstraints(min_length=1)]
AirflowId = Annotated[str, AfterValidator(_check_id)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Resource = Annotated[str, StringConstraints(min_length=1, max_length=256)]
DottedPath = Annotated[str, AfterValidator(_check_dotted)]
Runner = Annotated[str, AfterValidator(_check_runner)]
Uri = Annotated[str, StringConstraints(min_length=1), AfterValidator(_check_uri)]

_OneOrMore = BeforeValidator(as_tuple, json_schema_input_type=list[str] | str | None)
TextTuple = Annotated[tuple[Text, ...], _OneOrMore, AfterValidator(_unique)]
DistributionTuple = Annotated[tuple[Text, ...], _OneOrMore, AfterValidator(_normal_distributions)]
TagTuple = Annotated[tuple[Tag, ...], _OneOrMore, AfterValidator(_unique)]
Environment = Annotated[
    Mapping[str, str],
    BeforeValidator(_check_environment, json_schema_input_type=Mapping[str, str | int] | None),
]
JsonMapping = Annotated[
    Mapping[str, Any], BeforeValidator(_plain_mapping, json_schema_input_type=Mapping[str, Any] | None)
]
TextMapping = Annotated[
    Mapping[str, Text], BeforeValidator(as_mapping, json_schema_input_type=Mapping[str, str] | None)
]
