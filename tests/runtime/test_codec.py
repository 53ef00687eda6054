"""What is handed over comes back exactly as it was, or not at all."""

from __future__ import annotations

import os
import pickle
import stat
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars import testing as pl_testing

from kedro_aloft.errors import HandoffError
from kedro_aloft.runtime import codec


def round_trip(value: Any, tmp_path: Path) -> Any:
    path = tmp_path / "value"
    assert codec.dump(value, path) == path.stat().st_size
    return codec.load(path)


@dataclass
class Point:
    x: int
    y: Any


PLAIN: list[Any] = [
    0, True, 1.5, float("inf"), 2**200, "", "ünï\0code\ud800", b"", b"\x00" * 70_000, (), [], {}, set(), frozenset({1}),
    {"a": [1, (2, {3: None})], ("t",): {4.5}}, Decimal("1.10"), Fraction(1, 3),
    datetime(2024, 1, 2, tzinfo=timezone.utc),
    Path("a/b"), Point(1, [2]), range(3), slice(1, 2), complex(1, 2), int, len, ValueError("x").args,
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:30])
def test_plain_values_come_back_equal_and_of_the_same_type(value: Any, tmp_path: Path) -> None:
    back = round_trip(value, tmp_path)
    assert back == value
    assert type(back) is type(value)


def test_shared_objects_and_circles_stay_what_they_are(tmp_path: Path) -> None:
    shared = [1]
    circle: list[Any] = [shared, shared]
    circle.append(circle)
    back = round_trip(circle, tmp_path)
    assert back[0] is back[1]
    assert back[2] is back


ARRAYS = {
    "large": np.arange(1_000_000, dtype="float64"),
    "fortran": np.asfortranarray(np.arange(60_000.0).reshape(200, 300)),
    "strided": np.arange(200_000)[::3],
    "empty": np.empty((0, 3), dtype="int8"),
    "scalar": np.array(3.5),
    "structured": np.array([(1, "a")], dtype=[("n", "<i2"), ("s", "U5")]),
    "objects": np.array([{1: 2}, None, "x"], dtype=object),
    "big endian": np.arange(5, dtype=">i4"),
    "dates": np.array(["2024-01-01", "NaT"], dtype="datetime64[s]"),
    "complex": np.array([1 + 2j]),
    "masked": np.ma.masked_array([1, 2], mask=[False, True]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_exactly(name: str, tmp_path: Path) -> None:
    value = ARRAYS[name]
    back = round_trip(value, tmp_path)
    assert type(back) is type(value)
    assert back.dtype == value.dtype
    assert back.shape == value.shape
    assert back.flags.f_contiguous or not value.flags.f_contiguous
    np.testing.assert_array_equal(back, value)


def test_an_array_can_be_changed_and_its_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "value"
    codec.dump(np.zeros(100_000), path)
    before = path.read_bytes()
    first = codec.load(path)
    first += 1
    assert first.sum() == 100_000
    assert codec.load(path).sum() == 0
    assert path.read_bytes() == before


def test_a_read_only_array_stays_read_only(tmp_path: Path) -> None:
    value = np.arange(100_000)
    value.flags.writeable = False
    assert not round_trip(value, tmp_path).flags.writeable


def _frames() -> dict[str, Any]:
    index = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["letter", None])
    odd = pd.DataFrame(
        {
            "category": pd.Categorical(["x", None, "y", "x"], categories=["y", "x", "z"], ordered=True),
            "int": pd.array([1, None, 3, 4], dtype="Int64"),
            "bool": pd.array([True, None, False, True], dtype="boolean"),
            "text": pd.array(["a", None, "ü", ""], dtype="string"),
            "when": pd.to_datetime(["2024-01-01", None, "2024-01-03", "2024-01-04"]).tz_localize("Europe/Berlin"),
            "period": pd.period_range("2024-01", periods=4, freq="M"),
            "span": pd.to_timedelta([1, 2, None, 4], unit="s"),
            "mixed": [1, "a", None, [2]],
            3: [1.5, float("nan"), -0.0, float("inf")],
        },
        index=index,
    )
    odd.attrs = {"source": ["shop", 1]}
    return {
        "odd": odd,
        "interval": pd.DataFrame({"a": pd.interval_range(0, 3)}),
        "sparse": pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}),
        "empty": pd.DataFrame({"a": pd.Series(dtype="float32")}),
        "no columns": pd.DataFrame(index=pd.RangeIndex(3, name="r")),
        "same names": pd.DataFrame([[1, "x"], [2, "y"]], columns=["a", "a"]),
        "frequency": pd.DataFrame({"a": range(3)}, index=pd.date_range("2024-01-01", periods=3, freq="D")),
        "large": pd.DataFrame(np.arange(400_000.0).reshape(-1, 4), columns=list("abcd")),
        "series": pd.Series([1, 2], name=("a", 1), index=["x", "x"]),
        "numbers as names": pd.DataFrame([[1, 2.5]], columns=[0, 1.5]),
        "names of all kinds": pd.DataFrame([[1, 2, 3]], columns=["a", 1, ("b", None)]),
        "names in levels": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
        "unique by promise": pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
        "seconds": pd.DataFrame({"a": np.array(["2024-01-01", "NaT"], dtype="datetime64[s]")}),
        "complex": pd.DataFrame({"a": [1 + 2j, complex("nan")]}),
        "objects in cells": pd.DataFrame({"a": [{"k": [1]}, [2], None]}),
        "by columns": pd.DataFrame(np.asfortranarray(np.arange(12).reshape(3, 4))),
        "arrow": pd.DataFrame({"a": pd.array([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int64())))}),
        "zones": pd.Series(pd.to_datetime(["2024-03-31 01:30", "2024-10-27 00:30"], utc=True)).dt.tz_convert(
            "Asia/Tokyo"
        ),
    }


@pytest.mark.parametrize("name", _frames())
def test_frames_come_back_exactly(name: str, tmp_path: Path) -> None:
    value = _frames()[name]
    back = round_trip(value, tmp_path)
    compare = pd.testing.assert_series_equal if isinstance(value, pd.Series) else pd.testing.assert_frame_equal
    compare(back, value, check_exact=True, check_freq=True, check_flags=True)
    assert back.attrs == value.attrs


def test_an_arrow_table_comes_back_exactly(tmp_path: Path) -> None:
    table = pa.table({"a": [1, None], "b": [{"c": "x"}, None]}).replace_schema_metadata({"source": "shop"})
    back = round_trip(table, tmp_path)
    assert back.equals(table, check_metadata=True)


def _polars() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "int": pl.Series([1, None, 3], dtype=pl.UInt8),
            "float": [1.0, float("nan"), None],
            "text": ["a", None, "é"],
            "list": [[1], [], None],
            "struct": [{"a": 1}, {"a": None}, None],
            "zone": pl.Series([datetime(2020, 1, 1)] * 3).dt.replace_time_zone("Europe/Zurich"),
            "category": pl.Series(["x", "y", None], dtype=pl.Categorical),
            "enum": pl.Series(["x", "y", "x"], dtype=pl.Enum(["x", "y"])),
            "decimal": [Decimal("1.10"), None, Decimal("-2.00")],
            "binary": [b"1", None, b""],
            "nothing": [None] * 3,
            "array": pl.Series([[1, 2]] * 3, dtype=pl.Array(pl.Int64, 2)),
        }
    )


def test_polars_tables_come_back_exactly(tmp_path: Path) -> None:
    frame = _polars()
    back = round_trip({"all": frame, "none": frame.head(0), "again": frame}, tmp_path)
    assert back["all"] is back["again"]
    assert back["none"].schema == frame.schema
    assert back["all"].schema == frame.schema
    pl_testing.assert_frame_equal(back["all"], frame, categorical_as_str=False)


@pytest.mark.parametrize("name", _polars().columns)
def test_polars_series_come_back_exactly(name: str, tmp_path: Path) -> None:
    series = _polars()[name]
    back = round_trip(series, tmp_path)
    assert (back.name, back.dtype) == (series.name, series.dtype)
    pl_testing.assert_series_equal(back, series)


def test_polars_tables_are_kept_outside_of_the_pickle(tmp_path: Path) -> None:
    """Whatever polars itself does with its data, the file is not larger than the data."""
    frame = pl.DataFrame({"a": np.arange(1_000_000.0)})
    assert codec.dump(frame, tmp_path / "value") < 1.01 * frame.estimated_size()


def test_a_plan_of_polars_comes_back(tmp_path: Path) -> None:
    plan = _polars().lazy().filter(pl.col("int") > 1)
    assert round_trip(plan, tmp_path).collect().height == 1


def test_a_model_predicts_the_same(tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = np.random.default_rng(0).normal(size=(80, 3))
    model = make_pipeline(StandardScaler(), RandomForestRegressor(5, random_state=0)).fit(x, x.sum(axis=1))
    np.testing.assert_array_equal(round_trip(model, tmp_path).predict(x), model.predict(x))


def test_functions_and_classes_made_on_the_fly_go_through_cloudpickle(tmp_path: Path) -> None:
    @dataclass
    class Local:
        grow: Any

    offset = 3
    back = round_trip({"add": lambda x: x + offset, "local": Local(grow=lambda: np.ones(2))}, tmp_path)
    assert back["add"](4) == 7
    assert back["local"].grow().sum() == 2


class Refuses:
    """Cannot be pickled by anything."""

    def __reduce__(self) -> Any:
        raise RuntimeError("holds a socket")


def test_what_cannot_be_pickled_is_refused_with_its_type_and_both_reasons(tmp_path: Path) -> None:
    with pytest.raises(HandoffError) as caught:
        codec.dump([Refuses()], tmp_path / "value")
    assert caught.value.what == "A builtins.list cannot be pickled."
    assert caught.value.seen == "pickle: RuntimeError: holds a socket; cloudpickle: RuntimeError: holds a socket"
    assert list(tmp_path.iterdir()) == []


class RunsOutOfMemory:
    """Fails to be pickled for a reason that may pass."""

    def __reduce__(self) -> Any:
        raise MemoryError


def test_lack_of_memory_is_no_fault_of_the_object(tmp_path: Path) -> None:
    with pytest.raises(MemoryError):
        codec.dump(RunsOutOfMemory(), tmp_path / "value")


def test_a_file_is_readable_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    codec.dump(1, tmp_path / "value")
    assert stat.S_IMODE((tmp_path / "value").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        codec.dump(2, tmp_path / "value")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "value"
    codec.dump({"array": np.arange(20_000), "text": "x" * 100}, path)
    return path


@pytest.mark.parametrize("keep", [0, 1, 8, 31, 100, 100_000, -1, -8, -33])
def test_a_truncated_file_is_an_error_that_says_so(written: Path, keep: int) -> None:
    os.truncate(written, keep if keep >= 0 else written.stat().st_size + keep)
    with pytest.raises(HandoffError, match=r"it is (too short|incomplete)") as caught:
        codec.load(written)
    assert caught.value.where == str(written.parent)
    assert "clear the task that writes it" in caught.value.remedy


@pytest.mark.parametrize("place", [0.0, 0.2, 0.5, 0.9, 0.9995, 1.0])
def test_one_flipped_bit_anywhere_is_an_error(written: Path, place: float) -> None:
    content = bytearray(written.read_bytes())
    content[round(place * (len(content) - 1))] ^= 0x10
    written.write_bytes(content)
    with pytest.raises(HandoffError, match=r"ALOFT-720.* cannot be read: "):
        codec.load(written)


def test_something_else_is_no_handed_over_file(tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(pickle.dumps(list(range(1000))))
    with pytest.raises(HandoffError, match="it is incomplete"):
        codec.load(tmp_path / "value")


def test_a_file_of_another_python_is_refused_with_both_versions(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", type("Version", (), {"major": 3, "minor": 99})())
    with pytest.raises(HandoffError, match=r"Python 3\.\d+ wrote it, this is 3\.99"):
        codec.load(written)


class Vanishing:
    """A class of a module that the other task does not have."""

    def __reduce__(self) -> Any:
        return (_come_back, ())


def _come_back() -> Any:
    raise ModuleNotFoundError("No module named 'gone'")


def test_an_object_whose_code_is_gone_is_an_error_that_says_so(tmp_path: Path) -> None:
    codec.dump(Vanishing(), tmp_path / "value")
    with pytest.raises(HandoffError, match="No module named 'gone'") as caught:
        codec.load(tmp_path / "value")
    assert "same versions of libraries" in caught.value.remedy


def test_another_version_of_a_library_is_refused_before_anything_is_read(tmp_path: Path, monkeypatch: Any) -> None:
    codec.dump(pd.DataFrame({"a": [1]}), tmp_path / "value")
    monkeypatch.setattr(pd, "__version__", "1.2.3")
    with pytest.raises(HandoffError, match=r"pandas \S+ wrote it, here is 1\.2\.3") as caught:
        codec.load(tmp_path / "value")
    assert "same libraries" in caught.value.remedy


def test_libraries_that_the_data_does_not_name_may_differ(tmp_path: Path, monkeypatch: Any) -> None:
    codec.dump({"text": "of pandas and numpy"}, tmp_path / "value")
    monkeypatch.setattr(pd, "__version__", "1.2.3")
    assert codec.load(tmp_path / "value") == {"text": "of pandas and numpy"}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of a project, and a function that loads it anew, as another task does."""
    source = tmp_path / "src" / "shop_of_codec" / "values.py"
    source.parent.mkdir(parents=True)
    (source.parent / "__init__.py").write_text("")
    source.write_text("class Price:\n    cents = 100\n")
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    yield source
    for name in [name for name in sys.modules if name.startswith("shop_of_codec")]:
        del sys.modules[name]


@pytest.mark.usefixtures("shop")
def test_the_same_code_of_the_project_reads_it(tmp_path: Path) -> None:
    codec.dump(import_module("shop_of_codec.values").Price(), tmp_path / "value")
    assert codec.load(tmp_path / "value").cents == 100


def test_other_code_of_the_project_is_refused(shop: Path, tmp_path: Path) -> None:
    codec.dump(import_module("shop_of_codec.values").Price(), tmp_path / "value")
    shop.write_text("class Price:\n    cents = 100\n    currency = 'EUR'\n")
    with pytest.raises(HandoffError, match=r"the code of 'shop_of_codec\.values' is another one now"):
        codec.load(tmp_path / "value")
