"""How old values become new settings; each function is a row's `become`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from kedro_aloft.migrate.rows import Around, NeedsHand
from kedro_aloft.migrate.tags import group_prefix, new_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_DATE_PARTS = 3
_SLACK_NOTIFIER = "airflow.providers.slack.notifications.slack_webhook.SlackWebhookNotifier"
_SLACK_WORDS = {
    "task": "{{ ti.task_id if ti is defined else '' }}",
    "dag": "{{ dag.dag_id }}",
    "execution_time": "{{ dag_run.run_after }}",
    "url": "{{ ti.log_url if ti is defined else '' }}",
}
_DAILY = ("@daily", "@midnight")

_MACROS = {
    "execution_date": "{{ logical_date }}",
    "next_execution_date": "{{ data_interval_end }}",
    "next_ds": "{{ data_interval_end | ds }}",
    "next_ds_nodash": "{{ data_interval_end | ds_nodash }}",
    "tomorrow_ds": "{{ macros.ds_add(ds, 1) }}",
    "tomorrow_ds_nodash": "{{ macros.ds_add(ds, 1) | replace('-', '') }}",
    "yesterday_ds": "{{ macros.ds_add(ds, -1) }}",
    "yesterday_ds_nodash": "{{ macros.ds_add(ds, -1) | replace('-', '') }}",
}
"""What Airflow 3 removed from the context, where it can be computed for any schedule."""

_DAILY_MACROS = {"prev_ds": "yesterday_ds", "prev_ds_nodash": "yesterday_ds_nodash"}
"""The date of the run before: known for daily runs alone."""

_REMOVED = ("prev_execution_date", "prev_execution_date_success")


def as_date(value: Any, _: Around) -> Mapping[str, Any]:
    """`[2023, 1, 1]`, `"20210721"` or a date → `"2023-01-01"`."""
    return {"start_date": _iso(value)}


def _iso(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) == _DATE_PARTS and all(isinstance(one, int) for one in value):
        return "{:04d}-{:02d}-{:02d}".format(*value)
    if isinstance(value, (str, int)) and (match := _COMPACT_DATE.fullmatch(str(value))):
        return "-".join(match.groups())
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def as_schedule(value: Any, around: Around) -> Mapping[str, Any]:
    """A cron text or preset; five fields, since Airflow reads a sixth as seconds."""
    if "schedule_interval" in around.section and value != around.section.get("schedule_interval"):
        raise NeedsHand("`schedule` and `schedule_interval` differ, and kedro-airflow took `schedule`; keep one")
    if isinstance(value, str) and len(value.split()) > 5:
        raise NeedsHand(
            f"six fields: Airflow reads the sixth as seconds, so '{value}' fires at other times than it seems to say"
        )
    return {"schedule": None if value == "None" else value}


def as_duration_of_minutes(key: str) -> Callable[[Any, Around], Mapping[str, Any]]:
    """Return the function that gives a number of minutes its unit."""

    def become(value: Any, _: Around) -> Mapping[str, Any]:
        return {key: f"{value}m" if _is_number(value) else value}

    return become


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_mail(value: Any, _: Around) -> Mapping[str, Any]:
    """False says nothing; true needs an address."""
    if value:
        raise NeedsHand("write `notify` with airflow.providers.smtp.notifications.smtp.SmtpNotifier and an address")
    return {}


def as_id(value: Any, _: Around) -> Mapping[str, Any]:
    """A DAG id; what is no id becomes a slug, as the old command made it."""
    text = str(value)
    if "${" in text:
        raise NeedsHand("an id that changes with each commit cuts the DAG off from its history; write a fixed `dag_id`")
    return {"dag_id": text if re.fullmatch(r"[\w-]+", text) else re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")}


def as_id_without_run_name(value: Any, around: Around) -> Mapping[str, Any]:
    """The experiment's name was the DAG id where no `run_name` was."""
    return {} if "run_name" in around.section else as_id(value, around)


def as_notifiers(value: Any, _: Around) -> Mapping[str, Any]:
    """Slack handlers → Slack notifiers; the old plugin dropped every other type without a word."""
    handlers = [handler for handler in value or () if isinstance(handler, Mapping)]
    others = sorted({str(handler.get("type")) for handler in handlers} - {"slack"})
    if others:
        raise NeedsHand(f"the old plugin ignored handlers of type {', '.join(others)}: nobody was told of failures")
    notifiers = [
        {
            "class": _SLACK_NOTIFIER,
            "slack_webhook_conn_id": handler.get("connection_id"),
            "text": _slack_text(str(handler.get("message_template", "Task failed!"))),
        }
        for handler in handlers
    ]
    return {"notify.on_failure": notifiers} if notifiers else {}


def _slack_text(text: str) -> str:
    for word, template in _SLACK_WORDS.items():
        text = text.replace(f"{{{word}}}", template)
    return text


def macros_as_params(value: Any, around: Around) -> Mapping[str, Any]:
    """Names of Airflow's context → Kedro runtime parameters of the same names."""
    names = _names(value)
    if not names:
        return {}
    params = {f"runtime_params.{name}": _macro(name, around) for name in names}
    return {"interval": "data", **params} if around.section.get("cron_expression", "@daily") else params


def _macro(name: str, around: Around) -> str:
    if name in _DAILY_MACROS and around.section.get("cron_expression", "@daily") in _DAILY:
        name = _DAILY_MACROS[name]
    elif name in _DAILY_MACROS or name in _REMOVED:
        raise NeedsHand(f"Airflow 3 has no `{name}`, and for this schedule it cannot be computed from `ds`")
    return _MACROS.get(name, f"{{{{ {name} }}}}")


def variables_as_params(value: Any, _: Around) -> Mapping[str, Any]:
    """Names of Airflow variables → Kedro runtime parameters of the same names."""
    return {f"runtime_params.{name}": f"{{{{ var.value.{name} }}}}" for name in _names(value)}


def as_variables(value: Any, _: Around) -> Mapping[str, Any]:
    """Names of Airflow variables → environment variables of the same names."""
    return {f"env_vars.{name}": f"{{{{ var.value.{name} }}}}" for name in _names(value)}


def _names(value: Any) -> list[str]:
    items: Iterable[Any] = value if isinstance(value, (list, tuple)) else (value,) if value else ()
    names = [str(item) for item in items]
    if not all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
        raise NeedsHand("names of variables have letters, digits and `_`")
    return names


def as_dependencies(value: Any, _: Around) -> Mapping[str, Any]:
    """External dependencies, whose times are minutes."""
    waits = [_wait(one) for one in value or () if isinstance(one, Mapping)]
    return {"wait_for": waits} if waits else {}


def _wait(old: Mapping[str, Any]) -> dict[str, Any]:
    wait: dict[str, Any] = {"dag_id": old.get("dag_id")}
    if old.get("task_id"):
        wait["task_id"] = old["task_id"]
    wait["timeout"] = f"{old.get('timeout', 24 * 60)}m"
    if old.get("execution_delta"):
        wait["execution_delta"] = f"{old['execution_delta']}m"
    return wait


def as_mlflow_credentials(value: Any, around: Around) -> Mapping[str, Any]:
    """`Vars` reads Airflow variables; a token has to be renewed by kedro-mlflow itself."""
    kind = str((value or {}).get("type", "Null"))
    if kind == "Null":
        return {}
    if kind == "Vars":
        return as_variables(value.get("params"), around)
    raise NeedsHand(f"write a request header provider for `{kind}` into mlflow.yml (`server.request_header_provider`)")


def as_groups(value: Any, around: Around) -> Mapping[str, Any]:
    """Grouping by tag, with exactly the tags that are in the pipelines."""
    if not value:
        return {}
    prefix = group_prefix(around.section)
    tags = sorted({new_tag(use.tag, group=prefix) for use in around.tags if use.tag.startswith(prefix)})
    if not tags:
        raise NeedsHand(f"no tag in the pipelines begins with `{prefix}`; write `group_by: tag` and `group_tags`")
    return {"group_by": "tag", "group_tags": tags}
