"""The trigger form: every parameter that the pipeline uses, with its type and its default."""

from __future__ import annotations

import math
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from kedro_aloft.render.layout import Call
from kedro_aloft.render.markdown import code

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kedro_aloft.graph.snapshot import Parameter

_ANY = ["null", "string", "number", "boolean", "object", "array"]
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}

_SECRET_WORDS = frozenset(
    {
        *("password", "passwd", "passphrase", "pwd", "secret", "secrets", "token", "credential", "credentials"),
        *("apikey", "privatekey", "accesskey"),
    }
)
_SECRET_PAIRS = frozenset(
    {
        ("api", "key"),
        ("private", "key"),
        ("access", "key"),
        ("secret", "key"),
        ("account", "key"),
        ("connection", "string"),
    }
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_ADDRESS_WITH_PASSWORD = re.compile(r"://[^/\s]*:[^/\s]*@")
_ASSIGNMENT = re.compile(r"([\w.-]+)=([^\s,'\"]+)")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def build_form(parameters: Iterable[Parameter], *, hide: Collection[str] = ()) -> dict[str, Any]:
    """Return `Param(...)` for each parameter that the form may show, by dotted name.

    Args:
        parameters: What the pipeline uses.
        hide: Names or globs that the form leaves out. What looks like a secret is always left out: a default would
            stand in the DAG file for all to read.
    """
    return {
        parameter.name: _param(parameter)
        for parameter in parameters
        if not _is_hidden(parameter.name, hide) and not _holds_secret(parameter.name, parameter.default)
    }


def looks_secret(name: str) -> bool:
    """Whether a dotted name has a part that people give to secrets: `db.password`, `apiToken`, `aws_secret_access_key`.

    The word must end the part: `token_count` is no secret.
    """
    return any(_is_secret(part) for part in name.split("."))


def _is_secret(part: str) -> bool:
    words = [word.lower() for word in _WORD.findall(part)]
    return bool(words) and (words[-1] in _SECRET_WORDS or tuple(words[-2:]) in _SECRET_PAIRS)


def redact(command: str) -> str:
    """Return a command without the values that look like secrets."""
    return _ADDRESS_WITH_PASSWORD.sub("://***@", _ASSIGNMENT.sub(_redact_value, command))


def _redact_value(assignment: re.Match[str]) -> str:
    """In `--set=db.password=x` the value of `--set` is an assignment too."""
    name, value = assignment.groups()
    return f"{name}=***" if looks_secret(name) else f"{name}={_ASSIGNMENT.sub(_redact_value, value)}"


def _holds_secret(name: str, value: Any) -> bool:
    if looks_secret(name) or (isinstance(value, str) and _ADDRESS_WITH_PASSWORD.search(value)):
        return True
    if isinstance(value, dict):
        return any(_holds_secret(str(key), item) for key, item in value.items())
    return isinstance(value, list) and any(_holds_secret("", item) for item in value)


def _is_storable(value: Any) -> bool:
    """Whether every database takes a value: to Postgres, infinity, NaN, NUL and half characters are no JSON."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    if isinstance(value, dict):
        return all(_is_storable(key) and _is_storable(item) for key, item in value.items())
    return not isinstance(value, list) or all(_is_storable(item) for item in value)


def _is_hidden(name: str, hide: Collection[str]) -> bool:
    """A name hides what is below it too."""
    return any(name == one or name.startswith(f"{one}.") or fnmatchcase(name, one) for one in hide)


def _param(parameter: Parameter) -> Call:
    default = parameter.default
    section = parameter.name.rpartition(".")[0]
    more = (("section", section),) if section else ()
    if not _is_storable(default):
        # Left as it is, the parameter keeps this default: only what was changed is passed to Kedro.
        note = f"Its default is {code(str(default))}, which the form cannot hold. Empty keeps it."
        return Call("Param", (None,), (("type", _ANY), ("description_md", note), *more))
    kind: Any = _ANY if default is None else _TYPES.get(type(default), "string")
    kwargs: list[tuple[str, Any]] = [("type", kind)]
    if isinstance(default, list):
        kwargs.append(("items", _item_schema(default)))
    if isinstance(default, str) and "\n" in default:
        kwargs.append(("format", "multiline"))
    return Call("Param", (default,), (*kwargs, *more))


def _item_schema(default: list[Any]) -> dict[str, Any]:
    """Without a type the form takes each line as a text: numbers would arrive as texts."""
    if default and all(isinstance(item, str) for item in default):
        return {"type": "string"}
    if default and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in default):
        return {"type": "number"}
    return {"type": _ANY}
