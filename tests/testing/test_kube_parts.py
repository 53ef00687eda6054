"""The parts of the double that need no engine: selectors, quantities, patches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kedro_aloft.testing.kube.patches import JSON_PATCH, STRATEGIC_PATCH, patched
from kedro_aloft.testing.kube.quantity import format_quantity, parse_quantity
from kedro_aloft.testing.kube.selectors import parse_selectors
from kedro_aloft.testing.kube.status import RefusalError

POD = {"metadata": {"name": "p", "labels": {"a": "1", "b": "x.y"}}, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    ("labels", "fields", "fits"),
    [
        ("", "", True),
        ("a=1", "", True),
        ("a==1,b=x.y", "", True),
        ("a=2", "", False),
        ("a!=2,c!=1", "", True),
        ("a in (1, 2),!c", "", True),
        ("a notin (1,2)", "", False),
        ("c", "", False),
        ("a=1,already_checked!=True,!airflow-worker", "status.phase=Running", True),
        ("", "status.phase!=Running", False),
        ("", "metadata.name=p,status.phase=Running", True),
    ],
)
def test_selectors_fit(labels: str, fields: str, fits: bool) -> None:
    assert parse_selectors(labels, fields)(POD) is fits


def test_a_selector_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(RefusalError, match="unable to parse requirement"):
        parse_selectors("a=b=c", "")


@pytest.mark.parametrize(
    ("text", "value", "short"),
    [
        ("500m", "0.5", "500m"),
        ("2", "2", "2"),
        ("1.5", "1.5", "1500m"),
        ("64Mi", "67108864", "64Mi"),
        ("1G", "1000000000", "1000000000"),
        ("1e3", "1000", "1000"),
        ("0", "0", "0"),
        (1, "1", "1"),
    ],
)
def test_quantities_are_read_and_written(text: object, value: str, short: str) -> None:
    assert parse_quantity(text) == Decimal(value)
    assert format_quantity(parse_quantity(text)) == short


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "1KiB", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("kind", "patch", "after"),
    [
        (STRATEGIC_PATCH, {"m": {"a": None, "b": 2}}, {"m": {"b": 2}, "l": [{"name": "x", "v": 1}]}),
        (STRATEGIC_PATCH, {"l": [{"name": "x", "w": 2}]}, {"m": {"a": 1}, "l": [{"name": "x", "v": 1, "w": 2}]}),
        ("application/merge-patch+json", {"l": [{"name": "y"}]}, {"m": {"a": 1}, "l": [{"name": "y"}]}),
        (
            JSON_PATCH,
            [{"op": "add", "path": "/m/x~1y", "value": 3}],
            {"m": {"a": 1, "x/y": 3}, "l": [{"name": "x", "v": 1}]},
        ),
        (JSON_PATCH, [{"op": "remove", "path": "/l/0/v"}], {"m": {"a": 1}, "l": [{"name": "x"}]}),
    ],
)
def test_patches_change_a_copy(kind: str, patch: Any, after: Any) -> None:
    item = {"m": {"a": 1}, "l": [{"name": "x", "v": 1}]}
    assert patched(item, patch, kind) == after
    assert item == {"m": {"a": 1}, "l": [{"name": "x", "v": 1}]}


@pytest.mark.parametrize("path", ["/nothing/here", "/m/b", "/l/7"])
def test_a_patch_of_what_is_not_there_is_refused(path: str) -> None:
    with pytest.raises(RefusalError):
        patched({"m": {}, "l": []}, [{"op": "remove", "path": path}], JSON_PATCH)
