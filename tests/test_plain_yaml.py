"""The line reader says what OmegaConf's parser says, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kedro_aloft.compat import _text_test
from kedro_aloft.plain_yaml import load_plain_yaml

parser = pytest.importorskip("omegaconf._yaml", reason="it has this name since omegaconf 2.4")
LOADER = parser.get_yaml_loader(max_yaml_expanded_nodes=None)

CATALOG = """\
# Raw data: as it comes
companies:
  type: pandas.CSVDataset  # read by pandas
  filepath: data/01_raw/companies.csv
  load_args:
    sep: ";"
    nrows: 100
    low_memory: false
    thousands: '.'
    quantile: 0.5
    na_values:
      - n/a
      - "-"
      - -1
    usecols:
    - id
    - company rating
  metadata:

"shuttles@spark":
  type: spark.SparkDataset
  filepath: s3a://bucket/shuttles.parquet
  versioned: true
  when: 2026-01-02

model_{name}:
  layer: models – für Käufer 🚗
"""


def _read(text: str) -> tuple[dict[str, Any], int] | None:
    return load_plain_yaml(text, is_text=_text_test(LOADER))


def _nodes(content: Any) -> int:
    if isinstance(content, dict):
        return 1 + sum(1 + _nodes(value) for value in content.values())
    return 1 + sum(map(_nodes, content)) if isinstance(content, list) else 1


def _is_same(text: str) -> bool:
    """Whether the line reader said the very same, types and order included; it must not say anything else."""
    found = _read(text)
    if found is None:
        return False
    expected = yaml.load(text, Loader=LOADER)
    assert repr(found) == repr((expected, _nodes(expected)))
    return True


def test_a_usual_catalog_is_read() -> None:
    assert _is_same(CATALOG)


DOUBTFUL = (
    *(
        "a: [1]",
        "a: {}",
        "a: &x 1",
        "a: *x",
        "a: !!str 1",
        "a: |\n  b",
        "a: >-\n  b",
        "- a",
        "a",
        "",
        "# a",
        "---\na: 1",
    ),
    *("a: 012", "a: 1e3", "a: .5", "a: 1_000", "a: 12:30", "a: yes", "a: ~", "a: Null", "a: 0x1F", "a: +1", "a: .inf"),
    *("a: 1\na: 2", "yes: 1", "1: a", "~: 1", "a: 'it''s'", 'a: "\\n"', "a: b: c", "a: b\n c", "a:\n  b: 1\n c: 2"),
    *("a: 1\n  b: 2", " a: 1\nb: 2", "a:\n- b: 1", "a:\n  - b\n c", "a:\n  - b\n  c: 1", "a: 1\r\nb: 2", "\ta: 1"),
    *("a: b\n- c", "a: b\n  - c", "a:b", "a: @b", "a: `b", "a: %b", "a: - b", "a: # b\n  c", "<<: a", "=: a"),
    *("a:\n  b\n", "a: b #c\n  d", "a: 'b'c", "a: b:", "a:\n  - - b", "a:\n - 1\n- 2", "...\na: 1", "a: 1\n...\n"),
    *("a: \u2028b", "# a\u2028b: 1", "a: '\ufeff'", 'a: "\x85"', "a: b\tc", "? a\n: b"),
)


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_is_not_plain_is_left_to_the_parser(text: str) -> None:
    assert _read(text) is None


LINES = (
    *(
        "a:",
        "b:",
        "c: 1",
        "d: text",
        "'e f': \"g\"",
        "- 1",
        "- a b",
        "- 'c'",
        "-",
        "- d:",
        "# x",
        "",
        "a: yes",
        "b: 0.5",
    ),
    *("g: 1 # x", "h: x#y", "i: s3://b/c", "j: a, b", "k: -", "l: a:b", "on: 1", "m: -1", "n: 1.", "o: 2026-01-02"),
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 0, 1, 2, 2, 4]), st.sampled_from(LINES)), max_size=8))
def test_lines_are_read_as_the_parser_reads_them(lines: list[tuple[int, str]]) -> None:
    _is_same("\n".join(" " * indent + line for indent, line in lines))


@settings(max_examples=1500, deadline=None)
@given(
    st.integers(0, len(CATALOG) - 1), st.integers(0, 3), st.text(st.sampled_from("a1-:# '\"\n.{}[],&*!|>%@`~?=<\t\\é"))
)
def test_a_changed_catalog_is_read_as_the_parser_reads_it(place: int, gone: int, more: str) -> None:
    _is_same(CATALOG[:place] + more + CATALOG[place + gone :])
