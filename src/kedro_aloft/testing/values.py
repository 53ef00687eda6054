"""The first place where two values differ: frames, arrays, mappings, models, any object that can be pickled.

Exact: a number equals only itself, and not-a-number equals not-a-number. Libraries are looked up among those that are
imported already: a frame of pandas can only be here when pandas is.
"""

from __future__ import annotations

import copyreg
import itertools
import pickle
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WIDTH = 60
_PLAIN = (bool, int, str, bytes, bytearray, range, type(None), type(Ellipsis))
_NAMED = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first difference of two values.

    Args:
        where: Path into the value, such as `row 3, column 'price'` or `['scores'][0]`; empty for the whole.
        first, second: What is there, shortened.
    """

    where: str
    first: str
    second: str


class IncomparableError(Exception):
    """Nothing tells whether two objects are equal: they have no content that can be seen."""


def find_difference(first: Any, second: Any) -> Difference | None:
    """Return the first difference of two values, or None when they are equal.

    Raises:
        IncomparableError: If they hold something that can neither be compared nor taken apart.
    """
    try:
        return _Walk().compare(first, second, "")
    except RecursionError as error:
        raise IncomparableError("too deep") from error


def show(value: Any) -> str:
    """Return a value as one short line."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001  a class of a user may raise anything
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


class _Walk:
    """One comparison; remembers the pairs that it is inside of, because objects may hold themselves."""

    def __init__(self) -> None:
        self._inside: dict[tuple[int, int], tuple[Any, Any]] = {}

    def compare(self, first: Any, second: Any, at: str) -> Difference | None:
        if first is second or (id(first), id(second)) in self._inside:
            return None
        if first is None or second is None:
            return _values(at, first, second)
        if type(first) is not type(second):
            return Difference(where=_join(at, "type"), first=_type_name(first), second=_type_name(second))
        if isinstance(first, _PLAIN):
            return None if first == second else _values(at, first, second)
        self._inside[id(first), id(second)] = (first, second)  # the objects too: an id is theirs while they live
        return self._handler(first)(first, second, at)

    def _handler(self, value: Any) -> Callable[[Any, Any, str], Difference | None]:
        for kinds, handler in self._handlers():
            if isinstance(value, kinds):
                return handler
        return self._objects

    def _handlers(self) -> Iterator[tuple[tuple[type, ...], Callable[[Any, Any, str], Difference | None]]]:
        yield (float, complex, *_kinds("numpy", "generic")), _numbers
        yield (dict, types.MappingProxyType), self._mappings
        yield (list, tuple), self._sequences
        yield (set, frozenset), _sets
        yield _kinds("numpy", "ndarray"), self._arrays
        yield _kinds("pandas", "DataFrame"), self._pandas_frames
        yield _kinds("pandas", "Series", "Index"), self._pandas_series
        yield _kinds("polars", "DataFrame", "LazyFrame"), self._polars_frames
        yield _kinds("polars", "Series"), self._columns
        yield _kinds("pyarrow", "Table", "RecordBatch"), self._arrow_tables
        yield _NAMED, _named
        yield (Iterator,), self._iterators

    # --- containers

    def _mappings(self, first: Any, second: Any, at: str) -> Difference | None:
        for key in first:
            if key not in second:
                return Difference(where=f"{at}[{key!r}]", first=show(first[key]), second="missing")
        for key in second:
            if key not in first:
                return Difference(where=f"{at}[{key!r}]", first="missing", second=show(second[key]))
        return self._first((first[key], second[key], f"{at}[{key!r}]") for key in first)

    def _sequences(self, first: Any, second: Any, at: str) -> Difference | None:
        pairs = enumerate(zip(first, second, strict=False))
        found = self._first((one, other, f"{at}[{position}]") for position, (one, other) in pairs)
        return found or _lengths(at, "length", len(first), len(second))

    def _iterators(self, first: Any, second: Any, at: str) -> Difference | None:
        pairs = enumerate(itertools.zip_longest(first, second, fillvalue="missing"))
        return self._first((one, other, f"{at}[{position}]") for position, (one, other) in pairs)

    def _first(self, pairs: Iterator[tuple[Any, Any, str]]) -> Difference | None:
        return next((found for one in pairs if (found := self.compare(*one))), None)

    # --- arrays and frames

    def _arrays(self, first: Any, second: Any, at: str) -> Difference | None:
        for name in ("dtype", "shape"):
            one, other = getattr(first, name), getattr(second, name)
            if one != other:
                return Difference(where=_join(at, name), first=str(one), second=str(other))
        if first.dtype.names:
            return self._first((first[name], second[name], f"{at}[{name!r}]") for name in first.dtype.names)
        if first.ndim == 0:
            return self.compare(first[()], second[()], at)
        if first.dtype.hasobject:
            return self._sequences(first.ravel().tolist(), second.ravel().tolist(), at)
        unequal = ~((first == second) | ((first != first) & (second != second)))  # noqa: PLR0124  not a number
        if not unequal.any():
            return None
        place = tuple(int(part[0]) for part in unequal.nonzero())
        return _values(f"{at}{list(place)}", first[place], second[place])

    def _pandas_frames(self, first: Any, second: Any, at: str) -> Difference | None:
        found = _headers(at, list(first.columns), list(second.columns)) or _dtypes(
            at, list(first.columns), list(first.dtypes), list(second.dtypes)
        )
        found = found or _lengths(at, "rows", len(first), len(second))
        found = found or self._pandas_series(first.index, second.index, _join(at, "index"))
        return found or self._first(
            (first.iloc[:, number], second.iloc[:, number], _join(at, f"column {name!r}"))
            for number, name in enumerate(first.columns)
        )

    def _pandas_series(self, first: Any, second: Any, at: str) -> Difference | None:
        if first.dtype != second.dtype:
            return Difference(where=_join(at, "dtype"), first=str(first.dtype), second=str(second.dtype))
        if hasattr(first, "index"):
            found = self.compare(first.index, second.index, _join(at, "index"))
            if found:
                return found
        return self._columns(first, second, at)

    def _polars_frames(self, first: Any, second: Any, at: str) -> Difference | None:
        if hasattr(first, "collect"):
            first, second = first.collect(), second.collect()
        found = _headers(at, first.columns, second.columns) or _dtypes(at, first.columns, first.dtypes, second.dtypes)
        found = found or _lengths(at, "rows", first.height, second.height)
        return found or self._first(
            (first[name], second[name], _join(at, f"column {name!r}")) for name in first.columns
        )

    def _arrow_tables(self, first: Any, second: Any, at: str) -> Difference | None:
        names = first.schema.names
        found = _headers(at, names, second.schema.names) or _dtypes(at, names, first.schema.types, second.schema.types)
        found = found or _lengths(at, "rows", first.num_rows, second.num_rows)
        if found:
            return found
        for number, name in enumerate(names):
            one, other = first.column(number), second.column(number)
            found = (
                None if one.equals(other) else self._rows(one.to_pylist(), other.to_pylist(), f"column {name!r}", at)
            )
            if found:
                return found
        return None

    def _columns(self, first: Any, second: Any, at: str) -> Difference | None:
        """Compare columns of pandas or polars; values one by one only where the library sees a difference."""
        try:
            if first.equals(second):
                return None
        except (TypeError, ValueError):  # objects in a column that cannot be compared by `==`
            pass
        return self._rows(list(first), list(second), "", at)

    def _rows(self, first: Sequence[Any], second: Sequence[Any], column: str, at: str) -> Difference | None:
        place = _join(at, column) if column else at
        found = _lengths(place, "rows", len(first), len(second))
        pairs = enumerate(zip(first, second, strict=False))
        return found or self._first((one, other, _join(place, f"row {row}")) for row, (one, other) in pairs)

    # --- everything else

    def _objects(self, first: Any, second: Any, at: str) -> Difference | None:
        """Compare what pickle would keep of two objects: their bytes, else their parts."""
        if _pickled(first) == _pickled(second) is not None:
            return None
        mine, other = _parts(first), _parts(second)
        if mine is None or other is None:
            return _by_own_equality(first, second, at)
        if isinstance(mine[-1], dict) and isinstance(other[-1], dict):
            found = self._sequences(mine[:-1], other[:-1], f"{at}.<parts>")
            return found or self._attributes(mine[-1], other[-1], at)
        return self._sequences(mine, other, f"{at}.<parts>")

    def _attributes(self, first: dict[str, Any], second: dict[str, Any], at: str) -> Difference | None:
        odd = sorted(map(str, first.keys() ^ second.keys()))
        if odd:
            return Difference(where=f"{at}.{odd[0]}", first=_there(odd[0], first), second=_there(odd[0], second))
        return self._first((first[name], second[name], f"{at}.{name}") for name in first)


def _numbers(first: Any, second: Any, at: str) -> Difference | None:
    both_nan = first != first and second != second  # noqa: PLR0124  not a number
    return None if both_nan or bool(first == second) else _values(at, first, second)


def _sets(first: Any, second: Any, at: str) -> Difference | None:
    if first == second:
        return None
    return Difference(where=at, first=f"also {_some(first - second)}", second=f"also {_some(second - first)}")


def _named(first: Any, second: Any, at: str) -> Difference | None:
    """Functions and classes are equal when they have one place; lambdas have none, and their code decides."""
    one, other = (
        f"{getattr(each, '__module__', '')}.{getattr(each, '__qualname__', each)}" for each in (first, second)
    )
    code, other_code = (getattr(getattr(each, "__code__", None), "co_code", None) for each in (first, second))
    return None if (one, code) == (other, other_code) else Difference(where=at, first=one, second=other)


def _headers(at: str, first: Sequence[Any], second: Sequence[Any]) -> Difference | None:
    if list(first) == list(second):
        return None
    for name in [*first, *second]:
        if (name in first) != (name in second):
            return Difference(
                where=_join(at, f"column {name!r}"), first=_there(name, first), second=_there(name, second)
            )
    return Difference(where=_join(at, "order of columns"), first=show(list(first)), second=show(list(second)))


def _dtypes(at: str, names: Sequence[Any], first: Sequence[Any], second: Sequence[Any]) -> Difference | None:
    for name, one, other in zip(names, first, second, strict=True):
        if one != other:
            return Difference(where=_join(at, f"column {name!r}, dtype"), first=str(one), second=str(other))
    return None


def _lengths(at: str, what: str, first: int, second: int) -> Difference | None:
    return None if first == second else Difference(where=_join(at, what), first=str(first), second=str(second))


def _by_own_equality(first: Any, second: Any, at: str) -> Difference | None:
    kind: Any = type(first)
    if kind.__eq__ is object.__eq__:
        raise IncomparableError(_type_name(first))
    try:
        equal = bool(first == second)
    except Exception as error:
        raise IncomparableError(_type_name(first)) from error
    return None if equal else _values(at, first, second)


def _pickled(value: Any) -> bytes | None:
    try:
        return pickle.dumps(value, protocol=5)
    except Exception:  # noqa: BLE001  a class of a user may raise anything
        return None


def _parts(value: Any) -> tuple[Any, ...] | None:
    """Return what pickle takes an object apart into, its state last; None when it cannot."""
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        reduced = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception:  # noqa: BLE001  a class of a user may raise anything
        return None
    if isinstance(reduced, str):
        return (reduced,)
    maker, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    state = {**(state[0] or {}), **state[1]} if _is_slots_state(state) else state
    return (maker, arguments, list(items or ()), dict(pairs or ()), state)


def _is_slots_state(state: Any) -> bool:
    """Whether a state is that of an object with `__slots__`: its dictionary, then its slots."""
    if not isinstance(state, tuple) or len(state) != 2:
        return False
    return isinstance(state[0], dict | None) and isinstance(state[1], dict)


def _kinds(module: str, *names: str) -> tuple[type, ...]:
    """Return classes of a library, none when it is not imported."""
    loaded = sys.modules.get(module)
    return tuple(kind for name in names if isinstance(kind := getattr(loaded, name, None), type))


def _values(at: str, first: Any, second: Any) -> Difference:
    return Difference(where=at, first=show(first), second=show(second))


def _there(name: Any, holder: Any) -> str:
    return "there" if name in holder else "missing"


def _some(items: Any) -> str:
    return show(sorted(items, key=repr)[:3]) if items else "nothing"


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _join(at: str, more: str) -> str:
    return f"{at}, {more}" if at else more
