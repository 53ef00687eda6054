"""Two values are equal, or the first difference has its place; each case is shown with its equal twin."""

from __future__ import annotations

import copy
import threading
from typing import Any

import pytest

from kedro_aloft.testing.values import IncomparableError, find_difference, show

NAN = float("nan")


class Model:
    """An object like an estimator: all that it knows is in its attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Opaque:
    """Cannot be taken apart, but knows when it is equal."""

    def __init__(self, value: int) -> None:
        self.lock, self.value = threading.Lock(), value

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("cannot be pickled")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and self.value == other.value

    def __hash__(self) -> int:
        return self.value


PLAIN = [
    (1, 2, ""),
    (1, 1.0, "type"),
    (True, 1, "type"),
    (0.1 + 0.2, 0.3, ""),
    (NAN, 1.0, ""),
    (b"a", b"b", ""),
    (None, 0, ""),
    ([1, 2], [1, 2, 3], "length"),
    ((1, [2, NAN]), (1, [2, 3.0]), "[1][1]"),
    ({"a": {"b": 1}}, {"a": {"b": 2}}, "['a']['b']"),
    ({"a": 1}, {"a": 1, "b": None}, "['b']"),
    ({1, 2}, {1, 3}, ""),
    (Model(a=1, b=[2, NAN]), Model(a=1, b=[3, NAN]), ".b[0]"),
    (Model(a=1), Model(a=1, b=2), ".b"),
    (Slotted([1]), Slotted([2]), ".value[0]"),
    ({"model": Model(inner=Model(x=1))}, {"model": Model(inner=Model(x=2))}, "['model'].inner.x"),
    (Opaque(1), Opaque(2), ""),
    (len, max, ""),
    (lambda: 1, lambda: 1 + len(PLAIN), ""),
]


@pytest.mark.parametrize(("first", "second", "where"), PLAIN, ids=range(len(PLAIN)))
def test_plain_values_and_objects(first: Any, second: Any, where: str) -> None:
    found = find_difference(first, second)
    assert found is not None
    assert found.where == where
    twin = first if isinstance(first, Opaque) or callable(first) else copy.deepcopy(first)
    assert find_difference(first, twin) is None


def test_iterators_are_compared_to_their_end() -> None:
    assert find_difference(iter([1, 2]), iter([1, 2])) is None
    found = find_difference(iter([1, 2]), iter([1]))
    assert found is not None
    assert found.where.startswith("[1]")


def test_values_that_hold_themselves_end() -> None:
    first: list[Any] = [1]
    first.append(first)
    second: list[Any] = [1]
    second.append(second)
    assert find_difference(first, second) is None


def test_what_has_no_content_is_not_called_equal() -> None:
    with pytest.raises(IncomparableError):
        find_difference(threading.Lock(), threading.Lock())
    deep: list[Any] = []
    other: list[Any] = []
    for _ in range(100_000):
        deep, other = [deep], [other]
    with pytest.raises(IncomparableError):
        find_difference(deep, other)
    while deep:  # so that the interpreter need not free them one inside the other
        deep, other = deep[0], other[0]


def test_shown_values_are_one_short_line() -> None:
    assert show("a\nb") == r"'a\nb'"
    assert len(show(list(range(1000)))) == 60


# --- libraries


def test_frames_of_pandas() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, None, 3.0], "c": ["x", None, "z"]})
    day = pd.Timestamp("2024-01-01")
    for other, where in [
        (frame.assign(b=[1.0, None, 4.0]), "column 'b', row 2"),
        (frame.assign(c=["x", "y", "z"]), "column 'c', row 1"),
        (frame.assign(a=[1.0, 2.0, 3.0]), "column 'a', dtype"),
        (frame.assign(d=1), "column 'd'"),
        (frame[["b", "a", "c"]], "order of columns"),
        (frame.iloc[:2], "rows"),
        (frame.set_axis([0, 1, 5]), "index, row 2"),
        (pd.concat([frame, frame]), "rows"),
    ]:
        found = find_difference(frame, other)
        assert found is not None
        assert found.where.startswith(where), found
        assert find_difference(other, other.copy(deep=True)) is None
    lists = pd.DataFrame({"a": [[1], [2]], "at": [day, pd.NaT]})
    assert find_difference(lists, copy.deepcopy(lists)) is None
    found = find_difference(lists, pd.DataFrame({"a": [[1], [3]], "at": [day, pd.NaT]}))
    assert found is not None
    assert found.where == "column 'a', row 1[0]"


def test_arrays() -> None:
    np = pytest.importorskip("numpy")
    array = np.array([[1.0, NAN], [3.0, 4.0]])
    records = np.array([(1, 2.0)], dtype=[("n", "i4"), ("x", "f8")])
    objects = np.array([[1], {"a": 2}], dtype=object)
    for one, other, where in [
        (array, np.array([[1.0, NAN], [3.0, 5.0]]), "[1, 1]"),
        (array, array.astype("f4"), "dtype"),
        (array, array.ravel(), "shape"),
        (np.float64(1), np.float64(2), ""),
        (np.array(1), np.array(2), ""),
        (records, np.array([(1, 3.0)], dtype=records.dtype), "['x'][0]"),
        (objects, np.array([[1], {"a": 3}], dtype=object), "[1]['a']"),
        (np.array(["2024", "NaT"], "M8[Y]"), np.array(["2025", "NaT"], "M8[Y]"), "[0]"),
    ]:
        found = find_difference(one, other)
        assert found is not None
        assert found.where == where
        assert find_difference(one, copy.deepcopy(one)) is None


def test_frames_of_polars_and_tables_of_arrow() -> None:
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    data = {"a": [1, 2], "b": [NAN, 2.0]}
    for make in (pl.DataFrame, pl.LazyFrame, pa.table):
        assert find_difference(make(data), make(data)) is None
        for other, where in [
            ({"a": [1, 3], "b": [NAN, 2.0]}, "column 'a', row 1"),
            ({"a": [1, 2], "b": [1.0, 2.0]}, "column 'b', row 0"),
            ({"a": [1.0, 2.0], "b": [NAN, 2.0]}, "column 'a', dtype"),
            ({"a": [1, 2]}, "column 'b'"),
            ({"a": [1], "b": [NAN]}, "rows"),
        ]:
            found = find_difference(make(data), make(other))
            assert found is not None
            assert found.where == where


def test_a_fitted_model_whose_pickles_differ_is_equal() -> None:
    """Trees of scikit-learn have bytes between their fields that nobody sets."""
    pytest.importorskip("sklearn")
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor

    inputs = np.random.default_rng(0).normal(size=(40, 3))

    def fit(rows: int) -> Any:
        return RandomForestRegressor(2, random_state=1).fit(inputs[:rows], inputs[:rows, 0])

    assert find_difference(fit(40), fit(40)) is None
    assert find_difference(fit(40), fit(39)) is not None
