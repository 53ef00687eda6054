from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kedro_aloft.errors import UsageError
from kedro_aloft.settings.assign import parse_params_option, parse_set, parse_value

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_means_what_json_means(value: Any) -> None:
    assert parse_set([f"key={json.dumps(value)}"]) == {"key": value}


@given(st.lists(JSON, min_size=1, max_size=4))
def test_commas_inside_quotes_and_brackets_do_not_cut(values: list[Any]) -> None:
    text = ",".join(f"key{index}={json.dumps(value)}" for index, value in enumerate(values))
    assert parse_params_option(text) == {f"key{index}": value for index, value in enumerate(values)}


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"])))
def test_single_quotes_hold_any_text(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert parse_set([f"key={quoted}"]) == {"key": text}
    assert parse_params_option(f"a={quoted},b={quoted}") == {"a": text, "b": text}


@given(st.text(max_size=30) | st.from_regex(r"[\[\]{}'\",:= a-c{%]{0,20}", fullmatch=True))
def test_any_text_is_read_or_refused_politely(text: str) -> None:
    for read in (lambda given: parse_set([given]), parse_params_option):
        with contextlib.suppress(UsageError):
            assert "key" in read(f"key={text}")


@given(st.from_regex(r"[-+.\w@:/*~ ]{0,12}", fullmatch=True))
def test_plain_values_mean_what_omegaconf_makes_of_them(text: str) -> None:
    omegaconf = pytest.importorskip("omegaconf")
    yaml = pytest.importorskip("yaml")
    assume(not re.match(r"\s*[-+]?0[\dxob_]", text))  # 007 and 0x1f stay text here: ids and versions, never numbers
    assume(text.strip()[:3] not in ("---", "..."))  # marks of YAML documents
    try:
        expected = omegaconf.OmegaConf.to_container(omegaconf.OmegaConf.from_dotlist([f"key={text}"]))["key"]
    except (yaml.YAMLError, omegaconf.errors.OmegaConfBaseException, ValueError):
        return  # `@daily` is no YAML; ours is text
    assume(not isinstance(expected, (dict, list)))
    assume(not isinstance(expected, (int, float)) or not re.search(r"[:_]|inf|nan", text, re.IGNORECASE))
    ours = parse_value(text)
    assert ours == expected
    assert type(ours) is type(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("1_000", 1000),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("yes", True),
        ("off", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'3'", "3"),
        ('"true"', "true"),
        ("'it''s'", "it's"),
        ("O'Brien & Co", "O'Brien & Co"),
        ("@daily", "@daily"),
        ("0 6 * * *", "0 6 * * *"),
        ("*/5 * * * *", "*/5 * * * *"),
        ("0 1,13 * * *", "0 1,13 * * *"),
        ("2023-08-09", "2023-08-09"),
        ("007", "007"),
        ("5m", "5m"),
        ("s3://bucket/key=1", "s3://bucket/key=1"),
        ("[a, b]", ["a", "b"]),
        ("[2023, 8, 9]", [2023, 8, 9]),
        ("[]", []),
        ("[a, ]", ["a"]),
        ("['a, b', c d]", ["a, b", "c d"]),
        ("[[1, 2], [3]]", [[1, 2], [3]]),
        ("{every: 15m}", {"every": "15m"}),
        ("{every:15m}", {"every": "15m"}),
        ("{assets: [s3://a/b, 'c']}", {"assets": ["s3://a/b", "c"]}),
        ("{}", {}),
        ("{{ ds }}", "{{ ds }}"),
        ("[{{ ds }}, x]", ["{{ ds }}", "x"]),
        ("{day: {{ ds }}-x, n: 1}", {"day": "{{ ds }}-x", "n": 1}),
        ("{% if a %}b{% endif %}", "{% if a %}b{% endif %}"),
    ],
)
def test_values_mean_what_they_look_like(text: str, value: object) -> None:
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "text", ["[a", "{a: 1", "'a", '"a', "[a] b", "'a' b", "{a}", "[a}", "{: 1}", "[a]]", "{'a' 1}", '"\\q"']
)
def test_what_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="malformed"):
        parse_set([f"key={text}"])


@pytest.mark.parametrize("item", ["retries", "=3", " =3", "", "a b=3"])
def test_an_item_needs_a_key_and_a_value(item: str) -> None:
    with pytest.raises(UsageError, match="not an assignment"):
        parse_set([item])


def test_the_last_of_equal_keys_wins_and_order_stays() -> None:
    assert list(parse_set(["b=1", "a=2", "b=3"]).items()) == [("b", 3), ("a", 2)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("schedule_interval='@weekly'", {"schedule_interval": "@weekly"}),
        ("schedule=@daily", {"schedule": "@daily"}),
        ("schedule='0 1,13 * * *',retries=2", {"schedule": "0 1,13 * * *", "retries": 2}),
        (
            "start_date=[2023,8,9], owner=O'Brien,catchup=true",
            {"start_date": [2023, 8, 9], "owner": "O'Brien", "catchup": True},
        ),
        ("day={{ macros.ds_add(ds, -1) }},retries=2", {"day": "{{ macros.ds_add(ds, -1) }}", "retries": 2}),
        ("a=,b=1", {"a": None, "b": 1}),
        ("", {}),
        (" , ,", {}),
    ],
)
def test_params_of_kedro_airflow_work(text: str, values: dict[str, Any]) -> None:
    assert parse_params_option(text) == values


def test_a_comma_outside_of_quotes_asks_for_them() -> None:
    with pytest.raises(UsageError, match="13 \\* \\* \\*") as caught:
        parse_params_option("schedule=0 1,13 * * *")
    assert "quotes" in caught.value.remedy
