"""One DAG run is one Kedro run: its version sorts by time, its place is its own."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kedro_aloft.contract.identity import RunIdentity, path_part
from kedro_aloft.contract.keys import DEFAULT_HANDOFF_URI
from kedro_aloft.contract.store import FILE_SUFFIX, dataset_file, run_uri
from kedro_aloft.errors import RequestError

EXAMPLES = settings(deadline=None, derandomize=True, max_examples=100)

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
HOSTILE = (
    "..", ".", "../up", "../../etc/passwd", "/", "/etc/passwd", "a/b", "a\\b", "~", "~root", "", " ", "\0", "a\nb",
    "-rf", ".hidden", "x" * 300, "é" * 300, "🚀", "名前", "Data", "data", "DATA", "K", "\u212a", "s", "\u017f", "a b",
    "a_b", "a?b", "%2e%2e", "con", "manual__2026-03-01T12:00:00+00:00", "params:a", "ns.data@pandas", "a..b", "a.",
    "$HOME", "*", "file://x",
)  # fmt: skip

_NAMES = st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=12) | st.text("aA._-/", max_size=4)
_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.timezones())


def _identity(run_id: str = "r", dag_id: str = "shop", run_after: datetime = NOON) -> RunIdentity:
    return RunIdentity(dag_id=dag_id, run_id=run_id, run_after=run_after)


def test_versions_stay_as_they_were() -> None:
    """A retry after an upgrade must find what the first try wrote."""
    identity = _identity("manual__2026-03-01T12:00:00+00:00")
    assert identity.version == "2026-03-01T12.00.00.123Z-19265a7f"
    assert identity.directory == "shop/manual__2026-03-01T12_00_00_00_00-19363e7f"


@EXAMPLES
@given(first=_MOMENTS, second=_MOMENTS, runs=st.tuples(_NAMES, _NAMES))
def test_versions_sort_by_time(first: datetime, second: datetime, runs: tuple[str, str]) -> None:
    assume(abs(first - second) >= timedelta(milliseconds=1))
    earlier, later = sorted((first, second))
    assert _identity(runs[0], run_after=earlier).version < _identity(runs[1], run_after=later).version


def test_versions_sort_within_a_second() -> None:
    versions = [_identity(run_after=NOON.replace(microsecond=one * 1000)).version for one in range(1000)]
    assert versions == sorted(versions)


@EXAMPLES
@given(moment=_MOMENTS, zone=st.timezones())
def test_the_zone_in_which_a_moment_is_told_makes_no_difference(moment: datetime, zone: Any) -> None:
    assert _identity(run_after=moment).version == _identity(run_after=moment.astimezone(zone)).version


def test_a_moment_without_a_zone_is_refused() -> None:
    """Each worker would read it in its own zone, and write a version of its own."""
    with pytest.raises(RequestError, match="no time zone"):
        _identity(run_after=NOON.replace(tzinfo=None))


@EXAMPLES
@given(runs=st.lists(st.tuples(st.from_regex(r"[\w.-]{1,5}", fullmatch=True), _NAMES), unique=True, min_size=2))
def test_runs_of_one_moment_have_versions_and_places_of_their_own(runs: list[tuple[str, str]]) -> None:
    identities = [_identity(run_id, dag_id) for dag_id, run_id in runs]
    assert len({one.version for one in identities}) == len(runs)
    assert len({one.directory.casefold() for one in identities}) == len(runs)


@EXAMPLES
@given(name=_NAMES)
def test_a_version_is_one_plain_file_name(name: str) -> None:
    version = _identity(name).version
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d\.\d{3}Z-[0-9a-f]{8}", version)


def test_kedro_saves_and_finds_versions(tmp_path: Path) -> None:
    """To Kedro, too, the latest is that of the run that was due last, among its own versions as among ours."""
    from kedro.io.core import VERSION_FORMAT, AbstractVersionedDataset, Version

    class Text(AbstractVersionedDataset[str, str]):
        def load(self) -> str:
            return Path(self._get_load_path()).read_text()

        def save(self, data: str) -> None:
            path = Path(self._get_save_path())
            path.parent.mkdir(parents=True)
            path.write_text(data)

        def _describe(self) -> dict[str, Any]:
            return {}

    place = PurePosixPath(tmp_path / "x.txt")
    moments = [NOON - timedelta(days=1), NOON - timedelta(milliseconds=1), NOON]
    versions = [_identity(run_after=one).version for one in moments]
    for version in versions:
        dataset = Text(place, Version(None, version))
        dataset.save(version)
        assert dataset.load() == version
    assert Text(place, Version(None, None)).load() == versions[-1]
    assert Text(place, Version(versions[0], None)).load() == versions[0]
    before, after = (
        one.strftime(VERSION_FORMAT)[:-4] + "Z" for one in (NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    )
    assert sorted([after, *versions, before]) == [versions[0], before, *versions[1:], after]


@EXAMPLES
@given(name=_NAMES)
@example(name="\ud800")
def test_a_part_of_a_path_is_one_portable_name(name: str) -> None:
    part = path_part(name)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", part)
    assert len(part) <= 120


@EXAMPLES
@given(names=st.lists(_NAMES, unique=True, max_size=30))
@example(names=list(HOSTILE))
def test_names_are_kept_apart_even_where_capitals_are_not(names: list[str]) -> None:
    assert len({path_part(name).casefold() for name in names}) == len(names)
    assert len({dataset_file(name).casefold() for name in names}) == len(names)


@pytest.mark.parametrize("name", ["train", "model_input_table", "ns.data", "x_1", "_", "a-b", "x" * 100])
def test_plain_names_stay_readable(name: str) -> None:
    assert path_part(name) == name
    assert dataset_file(name) == name + FILE_SUFFIX == name + ".handoff"


@EXAMPLES
@given(dag_id=_NAMES, run_id=_NAMES, dataset=_NAMES)
def test_nothing_escapes_the_place_of_its_run(dag_id: str, run_id: str, dataset: str) -> None:
    root = Path("/srv/shop/.airflow/handoff")
    place = Path(run_uri(DEFAULT_HANDOFF_URI, "/srv/shop", _identity(run_id, dag_id).directory))
    file = place / dataset_file(dataset)
    assert (place.parent.parent, file.parent) == (root, place)
    assert Path(file.as_posix()).parts == file.parts
    assert ".." not in file.parts


@pytest.mark.parametrize(
    ("handoff_uri", "wanted"),
    [
        (".airflow/handoff", "/srv/shop/.airflow/handoff/d/r"),
        ("/mnt/share/", "/mnt/share/d/r"),
        ("~/share", f"{Path.home()}/share/d/r"),
        ("s3://bucket/handoff", "s3://bucket/handoff/d/r"),
        ("s3://bucket/handoff//", "s3://bucket/handoff/d/r"),
        ("s3://bucket", "s3://bucket/d/r"),
        ("file:///mnt/share", "file:///mnt/share/d/r"),
        ("file:///", "file:///d/r"),
        ("memory://", "memory:///d/r"),
        ("simplecache::s3://bucket/x", "simplecache::s3://bucket/x/d/r"),
    ],
)
def test_the_place_of_a_run_is_below_the_store(handoff_uri: str, wanted: str) -> None:
    assert run_uri(handoff_uri, "/srv/shop", "d/r") == wanted
