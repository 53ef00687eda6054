"""Log records and warnings of a warm task, told in the Airflow task as if they came from there."""

from __future__ import annotations

import ast
import builtins
import logging
import time
import types
import warnings
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from kedro_aloft.warm.packets import send_packet

if TYPE_CHECKING:
    import socket

    from kedro_aloft.contract.journal import Tell

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_KEPT = (
    "name",
    "levelno",
    "levelname",
    "pathname",
    "filename",
    "module",
    "lineno",
    "funcName",
    "created",
    "threadName",
)
_MOST_KEPT_BACK = 1000
_MOST_FRAMES = 100
_MOST_CAUSES = 20


class RelayHandler(logging.Handler):
    """Sends records through a channel; keeps them back while there is none, which is during the server's imports."""

    def __init__(self) -> None:
        super().__init__()
        self._channel: socket.socket | None = None
        self._kept_back: list[dict[str, Any]] = []

    def open(self, channel: socket.socket) -> None:
        """Send what was kept back, and from now on everything: a fresh task would have told it as well."""
        self._channel = channel
        for message in self._kept_back:
            if "log" in message:
                message["log"] |= {"created": time.time()}
            self._send(message)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        try:
            self._send({"log": pack_record(record)})
        except OSError:
            pass  # nobody listens any more: the task is being ended
        except Exception:  # noqa: BLE001  as every handler does: a record must never end a task
            self.handleError(record)

    def take_warnings(self) -> None:
        """Send the warnings of this process too, whoever shows them now."""
        setattr(warnings, "showwarning", self._show_warning)  # noqa: B010  as the type checker wants it

    def _show_warning(self, message: Any, category: Any, filename: str, lineno: int, *_: Any) -> None:
        """Send one warning."""
        name = f"{category.__module__}.{category.__qualname__}"
        with suppress(OSError):
            self._send({"warning": {"text": str(message), "category": name, "filename": filename, "lineno": lineno}})

    def _send(self, message: dict[str, Any]) -> None:
        if self._channel is not None:
            send_packet(self._channel, message)
        elif len(self._kept_back) < _MOST_KEPT_BACK:
            self._kept_back.append(message)


def pack_record(record: logging.LogRecord) -> dict[str, Any]:
    """Return a record as JSON types."""
    extra = {name: _plain(value) for name, value in vars(record).items() if name not in _STANDARD}
    packed = {name: getattr(record, name, None) for name in _KEPT}
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return {
        **packed,
        "msg": record.getMessage(),
        "stack_info": record.stack_info,
        "exception": pack_exception(error) if error is not None else None,
        "extra": extra,
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def pack_exception(error: BaseException, *, depth: int = 0) -> dict[str, Any]:
    """Return an exception with its traceback and causes as JSON types."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {
        "module": type(error).__module__,
        "name": type(error).__qualname__,
        "text": _text_of(error),
        "notes": [str(note) for note in getattr(error, "__notes__", ())],
        "frames": _frames(error.__traceback__),
        "cause": pack_exception(cause, depth=depth + 1) if cause is not None and depth < _MOST_CAUSES else None,
        "explicit": error.__cause__ is not None,
    }


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a user's own __str__
        return "<exception str() failed>"


def _frames(trace: types.TracebackType | None) -> list[list[Any]]:
    """File, function and position (line, last line, column, last column) of each entry; of too many, both ends."""
    found: list[list[Any]] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append([code.co_filename, code.co_name, _position(code, trace)])
        trace = trace.tb_next
    half = _MOST_FRAMES // 2
    return found if len(found) <= _MOST_FRAMES else found[:half] + found[-half:]


def _position(code: types.CodeType, trace: types.TracebackType) -> list[int]:
    """Python ≥ 3.11 knows columns, and marks them in what it prints."""
    positions = getattr(code, "co_positions", None)
    exact = next(islice(positions(), trace.tb_lasti // 2, None), ()) if positions is not None else ()
    line = trace.tb_lineno
    return list(exact) if exact and None not in exact and exact[0] == line else [line, line, 0, 0]


def tell(message: dict[str, Any], journal: Tell | None = None) -> bool:
    """Tell a record, a warning or news of the journal in this process; return whether it was one of these.

    Args:
        message: What the task's process said.
        journal: Gets entries by node, as JSON types.
    """
    if "journal" in message:
        if journal is not None:
            journal(message["journal"])
    elif "log" in message:
        record = unpack_record(message["log"])
        logging.getLogger(record.name).handle(record)
    elif "warning" in message:
        _warn(**message["warning"])
    return not {"journal", "log", "warning"}.isdisjoint(message)


def unpack_record(packed: dict[str, Any]) -> logging.LogRecord:
    """Return the record that `pack_record` packed."""
    values = {**packed, **packed["extra"], "args": None}
    exception = values.pop("exception")
    del values["extra"]
    record = logging.makeLogRecord({name: value for name, value in values.items() if value is not None})
    if exception is not None:
        error = unpack_exception(exception)
        record.exc_info = (type(error), error, error.__traceback__)
    return record


def _warn(*, text: str, category: str, filename: str, lineno: int) -> None:
    module, _, name = category.rpartition(".")
    known = getattr(builtins, name, None) if module == "builtins" else None
    kind = known or type(name, (Warning,), {"__module__": module})
    warnings.showwarning(kind(text), kind, filename, lineno)


def unpack_exception(packed: dict[str, Any]) -> BaseException:
    """Return an exception that prints as the packed one did: same class name, text, traceback and causes."""
    text = packed["text"]
    namespace = {"__module__": packed["module"], "__qualname__": packed["name"], "__str__": lambda _self: text}
    error: BaseException = type(packed["name"].rpartition(".")[2], (Exception,), namespace)(text)
    for note in packed["notes"]:
        with suppress(AttributeError):  # Python 3.10 has no notes
            error.add_note(note)  # type: ignore[attr-defined,unused-ignore]
    cause = unpack_exception(packed["cause"]) if packed["cause"] else None
    if packed["explicit"]:
        error.__cause__ = cause
    else:
        error.__context__ = cause
    trace = None
    for filename, function, position in reversed(packed["frames"]):
        trace = _fake_trace(filename, function, position, trace)
    return error.with_traceback(trace)


def _fake_trace(
    filename: str, function: str, position: list[int], after: types.TracebackType | None
) -> types.TracebackType:
    """Return a traceback entry for a place in a file: frames cannot be made, so code of that place is run for one."""
    line, last_line, column, last_column = position
    tree = ast.parse("raise _Stop")
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr)):
            node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = line, last_line, column, last_column
    code = compile(tree, filename, "exec").replace(co_name=function)
    try:
        exec(code, {"__name__": function, "__file__": filename, "_Stop": _StopError})  # noqa: S102
    except _StopError as stop:
        made = stop.__traceback__.tb_next if stop.__traceback__ is not None else None
    assert made is not None
    return types.TracebackType(after, made.tb_frame, made.tb_lasti, line)


class _StopError(Exception):
    pass


def levels() -> dict[str, int]:
    """Return the level of every logger that has one of its own; the root's under an empty name."""
    found = {"": logging.getLogger().level}
    for name, one in logging.Logger.manager.loggerDict.items():
        if isinstance(one, logging.Logger) and one.level != logging.NOTSET:
            found[name] = one.level
    return found


def apply_levels(wanted: dict[str, int]) -> None:
    """Set the Airflow task's levels where imports have set none: there they would have had the last word."""
    root, level = logging.getLogger(), wanted.get("", logging.WARNING)
    if root.level != level:  # even to set the same one touches every logger there is
        root.setLevel(level)
    for name, level in wanted.items():
        one = logging.getLogger(name)
        if name and one.level == logging.NOTSET:
            one.setLevel(level)
