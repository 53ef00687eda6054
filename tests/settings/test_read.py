from __future__ import annotations

import contextlib
import pickle
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.errors import SettingsError
from kedro_aloft.settings import DagSettings, Every, Notice, check_settings, parse_set, read_settings

PIPELINES = ("__default__", "data_science", "reporting")


def read(raw: dict[str, Any], **options: Any) -> tuple[DagSettings, tuple[Notice, ...]]:
    options = {"pipeline": "data_science", "pipelines": PIPELINES, "source": "airflow.yml", **options}
    return read_settings(raw, **options)


def default(**values: Any) -> DagSettings:
    return read({"default": values})[0]


def refused(raw: dict[str, Any], **options: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read(raw, **options)
    return caught.value


# --- layers


def test_nothing_written_gives_the_defaults() -> None:
    assert read({}) == (DagSettings(), ())
    assert read({"default": None, "reporting": {}}) == (DagSettings(), ())


def test_the_section_wins_over_default_and_set_over_both() -> None:
    raw = {
        "default": {"retries": 1, "owner": "a", "pool": "p"},
        "data_science": {"retries": 2, "owner": "b"},
        "reporting": {"retries": 9},
    }
    settings, _ = read(raw, overrides={"retries": 3})
    assert (settings.retries, settings.owner, settings.pool) == (3, "b", "p")


def test_mappings_merge_key_by_key_and_lists_are_replaced() -> None:
    raw = {
        "default": {"tags": ["a"], "runtime_params": {"m": {"x": 1, "y": 1}, "l": [1, 2]}, "filters": {"tags": ["a"]}},
        "data_science": {"tags": ["b"], "runtime_params": {"m": {"y": 2}, "l": [3]}, "filters": {"nodes": ["n"]}},
    }
    settings, _ = read(raw)
    assert settings.tags == ("b",)
    assert settings.runtime_params == {"m": {"x": 1, "y": 2}, "l": [3]}
    assert (settings.filters.tags, settings.filters.nodes) == (("a",), ("n",))


def test_short_forms_merge_like_long_ones() -> None:
    settings, _ = read({"default": {"handoff": "s3://b/x"}, "data_science": {"handoff": {"ttl": "2d"}}})
    assert (settings.handoff.uri, settings.handoff.ttl) == ("s3://b/x", timedelta(days=2))


def test_schedules_replace_each_other() -> None:
    settings, _ = read({"default": {"schedule": {"assets": ["a"]}}, "data_science": {"schedule": {"every": "5m"}}})
    assert settings.schedule == Every(every=timedelta(minutes=5))


def test_a_new_spelling_in_default_gives_way_to_an_old_one_in_the_section() -> None:
    settings, _ = read({"default": {"schedule": "@daily"}, "data_science": {"schedule_interval": "@weekly"}})
    assert settings.schedule == "@weekly"


def test_empty_keys_change_nothing() -> None:
    raw = {
        "default": {"handoff": {"ttl": "2d"}, "env_vars": {"A": "1"}},
        "data_science": {"handoff": None, "env_vars": None},
    }
    settings, _ = read(raw)
    assert (settings.handoff.ttl, settings.env_vars) == (timedelta(days=2), {"A": "1"})


def test_dotted_keys_reach_into_mappings() -> None:
    overrides = parse_set(
        [
            "handoff=s3://b/x",
            "handoff.ttl=2d",
            "filters.tags=[a, b]",
            "runtime_params.model.alpha=0.5",
            "load_versions.ns.orders=2024-01-01T00.00.00.000Z",
            "env_vars.A=1",
            "schedule={every: 5m}",
        ]
    )
    settings, _ = read({"default": {"schedule": {"assets": ["a"]}}}, overrides=overrides)
    assert (settings.handoff.uri, settings.handoff.ttl) == ("s3://b/x", timedelta(days=2))
    assert settings.filters.tags == ("a", "b")
    assert settings.runtime_params == {"model": {"alpha": 0.5}}
    assert settings.load_versions == {"ns.orders": "2024-01-01T00.00.00.000Z"}
    assert settings.env_vars == {"A": "1"}
    assert settings.schedule == Every(every=timedelta(minutes=5))


def test_reading_leaves_its_input_alone() -> None:
    raw = {
        "default": {"handoff": "s3://x", "runtime_params": {"a": {"b": 1}}},
        "data_science": {"runtime_params": {"a": {"c": 2}}},
    }
    before = pickle.dumps(raw)
    read(raw, overrides={"runtime_params.a.d": 3})
    assert pickle.dumps(raw) == before


def test_the_default_pipeline_reads_its_section_when_the_loader_gives_one() -> None:
    settings, _ = read({"__default__": {"retries": 7}}, pipeline="__default__")
    assert settings.retries == 7


# --- keys of kedro-airflow


def test_the_file_of_kedro_airflows_readme_works_without_notice() -> None:
    values = {
        "start_date": [2023, 1, 1],
        "max_active_runs": 3,
        "schedule": "@once",
        "catchup": False,
        "owner": "airflow",
        "depends_on_past": False,
        "email_on_failure": False,
        "email_on_retry": False,
        "retries": 1,
        "retry_delay": 5,
    }
    settings, notices = read({"default": values})
    assert notices == ()
    assert settings.start_date == datetime(2023, 1, 1, tzinfo=timezone.utc)
    assert settings.retry_delay == timedelta(minutes=5)
    assert (settings.schedule, settings.max_active_runs) == ("@once", 3)


def test_old_spellings_work_and_say_so() -> None:
    raw = {"default": {"schedule_interval": "@weekly", "email": "a@b.c", "email_on_failure": True}}
    settings, notices = read(raw)
    assert (settings.schedule, settings.email) == ("@weekly", ("a@b.c",))
    assert [(notice.code, notice.path) for notice in notices] == [
        ("ALOFT-210", "airflow.yml: default.schedule_interval"),
        ("ALOFT-211", "airflow.yml: default.email"),
        ("ALOFT-211", "airflow.yml: default.email_on_failure"),
    ]


def test_old_and_new_spelling_side_by_side_are_refused() -> None:
    error = refused({"default": {"schedule": "@daily", "schedule_interval": "@weekly"}})
    assert error.where == "airflow.yml: default.schedule_interval"
    assert "delete" in error.remedy


@given(st.text(min_size=1))
def test_any_text_survives_unchanged(text: str) -> None:
    settings = default(owner=text, description=text, doc=text, runtime_params={text: text}, env_vars={"A": text})
    assert (settings.owner, settings.description, settings.doc) == (text, text, text)
    assert settings.runtime_params == {text: text}
    assert settings.env_vars == {"A": text}


# --- time


def test_dates_are_of_the_time_zone() -> None:
    settings = default(timezone="Europe/Zurich", start_date="2023-08-09T06:00:00", end_date="2024-01-01")
    assert settings.start_date == datetime(2023, 8, 9, 4, tzinfo=timezone.utc)
    assert settings.end_date == datetime(2023, 12, 31, 23, tzinfo=timezone.utc)
    assert default(timezone="Europe/Zurich").start_date == datetime(2022, 12, 31, 23, tzinfo=timezone.utc)


@pytest.mark.parametrize("key", ["start_date", "end_date"])
@pytest.mark.parametrize("value", ["2023-08-09T06:00:00", [2023, 8, 9, 6], datetime(2023, 8, 9, 6)])
def test_a_time_without_offset_needs_a_time_zone(key: str, value: object) -> None:
    error = refused({"default": {key: value}})
    assert error.where == f"airflow.yml: default.{key}"
    assert "timezone" in error.remedy
    assert default(**{key: value, "timezone": "UTC"})


def test_the_end_is_after_the_start() -> None:
    error = refused({"default": {"end_date": "2020-01-01"}})
    assert (error.where, error.what) == ("airflow.yml: default.end_date", "Ends before it starts")


def test_a_continuous_schedule_runs_alone() -> None:
    assert default(schedule="@continuous").max_active_runs == 1
    error = refused({"default": {"schedule": "@continuous", "max_active_runs": 2}})
    assert error.where == "airflow.yml: default.max_active_runs"


# --- problems


@pytest.mark.parametrize(
    ("values", "path", "message"),
    [
        ({"retrys": 1}, "retrys", "Did you mean 'retries'?"),
        ({"schedule_intervall": "@daily"}, "schedule_intervall", "Did you mean 'schedule'?"),
        ({"extra_vars": {}}, "extra_vars", "unknown key"),
        ({True: 1}, "True", "unknown key"),
        ({"dag_name": "x"}, "dag_name", "use `dag_id`"),
        ({"handoff": {"url": "x"}}, "handoff.url", "Did you mean 'uri'?"),
        ({"filters": {"tag": "x"}}, "filters.tag", "Did you mean 'tags'?"),
        ({"notify": {"on_fail": []}}, "notify.on_fail", "Did you mean 'on_failure'?"),
        ({"tasks": [{"select": "a", "retry": 1}]}, "tasks[0].retry", "Did you mean 'retries'?"),
        ({"wait_for": [{"dag_id": "a", "task": "b"}]}, "wait_for[0].task", "Did you mean 'task_id'?"),
        ({"wait_for": [{}]}, "wait_for[0].dag_id", "add `dag_id`"),
        ({"notify": {"on_failure": [{"text": "x"}]}}, "notify.on_failure[0].class", "add `class`"),
        ({"notify": {"on_failure": ["slack"]}}, "notify.on_failure[0].class", "import path"),
        ({"retries": "2"}, "retries", "whole number"),
        ({"retries": True}, "retries", "whole number"),
        ({"retries": 1.5}, "retries", "whole number"),
        ({"retries": None}, "retries", "whole number"),
        ({"retries": -1}, "retries", "0 or more"),
        ({"max_active_runs": 0}, "max_active_runs", "1 or more"),
        ({"catchup": "false"}, "catchup", "true or false"),
        ({"owner": 5}, "owner", "quotes"),
        ({"owner": ""}, "owner", "empty"),
        ({"tags": [2024]}, "tags[0]", "quotes"),
        ({"tags": ["x" * 101]}, "tags[0]", "at most 100 characters"),
        ({"tags": 5}, "tags", "list"),
        ({"dag_id": "a b"}, "dag_id", "letters"),
        ({"dag_id": "a..b"}, "dag_id", "letters"),
        ({"dag_id": "a\n"}, "dag_id", "letters"),
        ({"dag_id": "x" * 241}, "dag_id", "at most 240"),
        ({"start_date": None}, "start_date", "has no value"),
        ({"start_date": "days_ago(2)"}, "start_date", "fixed date"),
        ({"timezone": "Zurich"}, "timezone", "IANA"),
        ({"schedule": "1 2 3"}, "schedule", "bad cron"),
        ({"interval": "dat"}, "interval", "Did you mean 'data'?"),
        ({"group_by": "memori"}, "group_by", "Did you mean 'memory'?"),
        ({"group_by": 3}, "group_by", "none, memory"),
        ({"timeout": 30}, "timeout", "'30m'"),
        ({"dagrun_timeout": "0s"}, "dagrun_timeout", "zero"),
        ({"retry_delay": "soon"}, "retry_delay", "30s, 5m"),
        ({"runner": "ThreadRuner"}, "runner", "Did you mean 'ThreadRunner'?"),
        ({"runner": "my.runners."}, "runner", "import path"),
        ({"filters": []}, "filters", "a mapping"),
        ({"handoff": 3}, "handoff", "a mapping"),
        ({"handoff": {"keep": "no"}}, "handoff.keep", "on_failure, always, never"),
        ({"env_vars": {"A": 1.1}}, "env_vars", "quotes"),
        ({"env_vars": {"A": True}}, "env_vars", "quotes"),
        ({"env_vars": {"A-B": "x"}}, "env_vars", "variable name"),
        ({"env_vars": {1: "x"}}, "env_vars", "variable name"),
        ({"env_vars": ["A=1"]}, "env_vars", "a mapping"),
        ({"runtime_params": {"a": float("nan")}}, "runtime_params", "JSON"),
        ({"runtime_params": {"a": datetime(2023, 1, 1)}}, "runtime_params", "quotes"),
        ({"runtime_params": {"a": {1: 2}}}, "runtime_params", "quotes"),
        ({"runtime_params": "a=1"}, "runtime_params", "a mapping"),
        ({"load_versions": {"a": 1}}, "load_versions.a", "quotes"),
        ({"tasks": [{"retries": 1}]}, "tasks[0].select", "add `select`"),
        ({"tasks": [{"select": [], "retries": 1}]}, "tasks[0].select", "selects nothing"),
        ({"tasks": [{"select": "tags:x", "retries": 1}]}, "tasks[0].select", "Did you mean 'tag'?"),
        ({"tasks": [{"select": "a"}]}, "tasks[0]", "changes nothing"),
        ({"tasks": [{"select": "a", "retries": None}]}, "tasks[0].retries", "leave the key out"),
        ({"tasks": "a"}, "tasks[0]", "mapping"),
        ({"params_hide": {"a": 1}}, "params_hide", "list"),
    ],
)
def test_each_mistake_has_a_path_and_a_way_out(values: dict[Any, Any], path: str, message: str) -> None:
    error = refused({"default": values})
    assert error.where == f"airflow.yml: default.{path}"
    assert message.casefold() in str(error).casefold()
    assert error.code == "ALOFT-200"


def test_all_mistakes_are_told_at_once_each_where_it_is() -> None:
    raw = {
        "default": {"retrys": 1, "retries": "x", "timezone": "Nowhere", "start_date": "now", "handoff": {"ttl": 3}},
        "data_science": {"catchup": 1, "tasks": [{"select": "a", "pool": 3}]},
        "data_sciense": {},
    }
    text = str(refused(raw, overrides={"handoff.uri": "", "pool_slots": 0}))
    assert "airflow.yml has 10 problems" in text
    for path in (
        "airflow.yml: data_sciense: ",
        "airflow.yml: default.retrys: ",
        "airflow.yml: default.retries: ",
        "airflow.yml: default.timezone: ",
        "airflow.yml: default.start_date: ",
        "airflow.yml: default.handoff.ttl: ",
        "airflow.yml: data_science.catchup: ",
        "airflow.yml: data_science.tasks[0].pool: ",
        "--set handoff.uri: ",
        "--set pool_slots: ",
    ):
        assert f"- {path}" in text, path


def test_a_section_needs_a_pipeline() -> None:
    error = refused({"data_sciense": {"retries": 1}})
    assert error.where == "airflow.yml: data_sciense"
    assert "Did you mean 'data_science'?" in error.what
    assert "reporting" in error.seen


def test_a_key_outside_of_a_section_is_told_to_move() -> None:
    error = refused({"schedule": "@daily"})
    assert error.remedy == "move `schedule` below `default:`"


def test_a_section_is_a_mapping() -> None:
    assert refused({"default": ["a"]}).where == "airflow.yml: default"
    assert refused({"data_science": "x"}).where == "airflow.yml: data_science"


def test_hidden_sections_are_kedros() -> None:
    assert read({"_common": {"anything": 1}})[0] == DagSettings()


def test_a_pipeline_named_default_gets_a_notice() -> None:
    _, notices = read({"default": {}}, pipeline="default", pipelines=("default",))
    assert [notice.code for notice in notices] == ["ALOFT-213"]


def test_problems_can_be_read_without_raising() -> None:
    reading = check_settings({"default": {"retries": "x"}}, pipeline="reporting", pipelines=PIPELINES, source="a.yml")
    assert reading.settings is None
    assert [problem.path for problem in reading.problems] == ["a.yml: default.retries"]


def test_the_error_survives_pickling() -> None:
    error = refused({"default": {"retries": "x", "owner": 1}})
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


ANY_VALUE = st.none() | st.text() | st.integers() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())


@given(st.dictionaries(st.sampled_from(tuple(DagSettings.model_fields)), ANY_VALUE))
def test_any_value_is_read_or_refused_politely(values: dict[str, Any]) -> None:
    with contextlib.suppress(SettingsError):
        read({"default": values})


# --- secrets


@pytest.mark.parametrize(
    "values",
    [
        {"env_vars": {"A": ["hunter2"]}},
        {"env_vars": "A=hunter2"},
        {"handoff": "s3://user:hunter2@host/x"},
        {"handoff": {"uri": "s3://user:hunter2@host/x"}},
        {"tasks": [{"select": "a", "env_vars": {"A": ["hunter2"]}}]},
        {"tasks": [{"env_vars": {"A": "hunter2"}}]},
        {"db_password": "hunter2"},
        {"runtime_params": {"token": "hunter2", "x": float("nan")}},
        {"notify": {"on_failure": [{"smtp_password": "hunter2"}]}},
    ],
)
def test_what_may_be_a_secret_is_never_shown(values: dict[str, Any]) -> None:
    assert "hunter2" not in str(refused({"default": values}))
    assert "hunter2" not in str(refused({"default": {**values, "nonsense": 1}}))


def test_a_literal_secret_in_the_environment_gets_a_notice_without_it() -> None:
    raw: dict[str, Any] = {
        "default": {"env_vars": {"API_TOKEN": "hunter2", "OK": "1", "DB_PASSWORD": "{{ conn.db.password }}"}}
    }
    raw["default"]["tasks"] = [{"select": "a", "env_vars": {"AWS_SECRET_ACCESS_KEY": "hunter2"}}]
    _, notices = read(raw)
    assert [(notice.code, notice.path) for notice in notices] == [
        ("ALOFT-212", "airflow.yml: default.env_vars.API_TOKEN"),
        ("ALOFT-212", "airflow.yml: default.tasks[0].env_vars.AWS_SECRET_ACCESS_KEY"),
    ]
    assert "hunter2" not in str(notices)


# --- custom templates


def test_unknown_keys_are_variables_of_a_custom_template() -> None:
    raw = {
        "default": {"team": "a", "labels": {"x": 1}, "retries": 2},
        "data_science": {"team": "b", "labels": {"y": 2}},
    }
    settings, _ = read(raw, with_template=True, overrides={"docker_image": "i:1"})
    assert settings.template_vars == {"team": "b", "labels": {"x": 1, "y": 2}, "docker_image": "i:1"}
    assert settings.retries == 2


def test_variables_below_their_own_key_are_accepted_with_and_without_a_template() -> None:
    raw = {
        "default": {"template_vars": {"team": "a", "since": date(2024, 1, 1)}},
        "data_science": {"template_vars": None},
    }
    assert read(raw)[0].template_vars == {"team": "a", "since": date(2024, 1, 1)}
    raw["default"]["cost_centre"] = "x"
    assert read(raw, with_template=True)[0].template_vars == {**raw["default"]["template_vars"], "cost_centre": "x"}
    error = refused(raw)
    assert error.where == "airflow.yml: default.cost_centre"
    assert "`template_vars`" in error.remedy


def test_a_key_that_is_nearly_right_is_not_taken_for_a_variable() -> None:
    error = refused({"default": {"schedul": "@daily"}})
    assert "Did you mean 'schedule'?" in error.what
    assert "template_vars" not in str(error)


def test_variables_that_the_compiler_fills_in_are_refused_below_their_own_key() -> None:
    error = refused({"default": {"template_vars": {"dag_name": "x"}}})
    assert error.where == "airflow.yml: default.template_vars.dag_name"
    assert refused({"default": {"template_vars": [1]}}).where == "airflow.yml: default.template_vars"


def test_variables_that_the_compiler_fills_in_are_refused() -> None:
    error = refused({"default": {"dag_name": "x"}}, with_template=True)
    assert error.where == "airflow.yml: default.dag_name"
    assert error.remedy == "use `dag_id`"


def test_known_keys_are_checked_for_custom_templates_too() -> None:
    assert refused({"default": {"retries": "x", "team": 1}}, with_template=True).where == "airflow.yml: default.retries"
