"""`DagSettings`: every key of `airflow.yml`, with type, default and meaning.

The descriptions and examples here feed the JSON Schema and the reference page. The order of the fields is that of
the page, and validators of a later field see the earlier ones: `timezone` stands before the dates, `schedule` before
`max_active_runs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.json_schema import SkipJsonSchema

from kedro_aloft.errors import close_match
from kedro_aloft.settings.base import Settings, key
from kedro_aloft.settings.dates import check_zone, parse_date
from kedro_aloft.settings.duration import Duration, MinutesOrDuration, PositiveDuration
from kedro_aloft.settings.execution import (
    EXECUTION_SECTIONS,
    DockerSettings,
    EcsSettings,
    GkeSettings,
    KubernetesSettings,
    Mode,
    Profiles,
    VenvSettings,
)
from kedro_aloft.settings.refusal import refusal
from kedro_aloft.settings.schedule import Schedule
from kedro_aloft.settings.size import Memory
from kedro_aloft.settings.spark import SparkSettings
from kedro_aloft.settings.values import (
    AirflowId,
    DistributionTuple,
    DottedPath,
    Environment,
    JsonMapping,
    Resource,
    Runner,
    TagTuple,
    Text,
    TextMapping,
    TextTuple,
    Uri,
    as_mapping,
    list_of,
)

Count = Annotated[StrictInt, Field(ge=0)]
PositiveCount = Annotated[StrictInt, Field(ge=1)]


def _fold_group_by(value: Any) -> Any:
    """Accept any case, as kedro-airflow does, and an empty value for no grouping."""
    if value is None:
        return "none"
    return value.strip().casefold() if isinstance(value, str) else value


def _off(value: Any) -> Any:
    """YAML 1.1, which Kedro reads, takes a bare `off` for false."""
    return "off" if value is False else value


GroupByName = Annotated[
    Literal["none", "memory", "namespace", "tag", "pipeline", "chain", "auto"],
    BeforeValidator(_fold_group_by),
]

_DATE_SCHEMA = {
    "anyOf": [
        {"type": "string", "x-type": "date"},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3, "maxItems": 6},
    ]
}
Date = Annotated[datetime, WithJsonSchema(_DATE_SCHEMA)]


_identity = partial(key, "identity")
_time = partial(key, "time")
_data = partial(key, "data")
_cutting = partial(key, "cutting")
_running = partial(key, "running")
_execution = partial(key, "execution")
_telling = partial(key, "telling")
_checking = partial(key, "checking")
_template = partial(key, "template")
_tasks = partial(key, "tasks")


class HandoffSettings(Settings):
    """Where datasets that live in memory wait for the task that reads them."""

    uri: Uri = _data(
        ".airflow/handoff",
        "Folder for datasets in memory that cross tasks: any fsspec address, or a path relative to the project. "
        "Tasks on several machines need one that all of them reach.",
        "s3://shop-airflow/handoff",
    )
    ttl: PositiveDuration = _data(
        "7d", "Age at which the leftovers of failed runs may be deleted.", "12h", validate_default=True
    )
    keep: Literal["on_failure", "always", "never"] = _data(
        "on_failure",
        "When a run's handed-over data stays: after a failed run (so that cleared tasks can go on), always, or never.",
        "always",
    )


class WaitFor(Settings):
    """Another DAG, or one of its tasks, that must have succeeded first."""

    dag_id: AirflowId = _data(..., "The other DAG.", "ingest")
    task_id: AirflowId | None = _data(None, "One task of it; null waits for the whole run.", "load_orders")
    timeout: PositiveDuration = _data("1d", "How long to wait before the run fails.", "6h", validate_default=True)
    execution_delta: Duration | None = _data(
        None, "How much earlier the other run is scheduled; null means at the same time.", "1h"
    )


def _wait_for_item(value: Any) -> Any:
    return {"dag_id": value} if isinstance(value, str) else value


WaitForItem = Annotated[WaitFor, BeforeValidator(_wait_for_item, json_schema_input_type=str | WaitFor)]


class FilterSettings(Settings):
    """Which nodes of the pipeline take part; the same meaning as the options of `kedro run`."""

    tags: TagTuple = _cutting((), "Nodes with any of these tags.", ["daily"], kedro_airflow="`--tags`")
    nodes: TextTuple = _cutting((), "Exactly these nodes.", ["split", "train"])
    from_nodes: TextTuple = _cutting((), "These nodes and all that depend on them.", ["split"])
    to_nodes: TextTuple = _cutting((), "These nodes and all that they need.", ["evaluate"])
    from_inputs: TextTuple = _cutting((), "Nodes that depend on these datasets.", ["orders"])
    to_outputs: TextTuple = _cutting((), "Nodes that these datasets need.", ["model"])
    namespaces: TextTuple = _cutting((), "Nodes in these namespaces and below.", ["ingestion"])


class Notifier(Settings):
    """A class of Airflow's notifiers and its arguments: `{class: dotted.path, argument: value, ...}`."""

    class_path: DottedPath = _telling(
        ...,
        "Import path of the notifier, written as `class`.",
        "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
    )
    kwargs: JsonMapping = _telling({}, "Its arguments: every key beside `class`.", {"text": "{{ run_id }} failed"})


def _notifier_item(value: Any) -> Any:
    """Turn what people write into the fields of `Notifier`; a bare path has no arguments."""
    if isinstance(value, str):
        return {"class_path": value}
    if not isinstance(value, Mapping):
        return value
    path = {"class_path": value["class"]} if "class" in value else {}
    return {**path, "kwargs": {key: item for key, item in value.items() if key != "class"}}


_NOTIFIER_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "properties": {"class": {"type": "string"}}, "required": ["class"]},
    ],
    "x-type": "notifier",
}
NotifierItem = Annotated[Notifier, BeforeValidator(_notifier_item), WithJsonSchema(_NOTIFIER_SCHEMA)]
Notifiers = Annotated[
    tuple[NotifierItem, ...],
    BeforeValidator(list_of, json_schema_input_type=list[NotifierItem] | NotifierItem | None),
]

_SLACK = {
    "class": "airflow.providers.slack.notifications.slack.SlackNotifier",
    "slack_conn_id": "slack",
    "text": "{{ dag.dag_id }} failed",
}


class NotifySettings(Settings):
    """Whom to tell about what."""

    on_failure: Notifiers = _telling(
        (), "Notifiers called when the run fails.", [_SLACK], kedro_airflow="`email_on_failure`"
    )
    on_success: Notifiers = _telling((), "Notifiers called when the run succeeds.", [_SLACK])
    on_retry: Notifiers = _telling(
        (), "Notifiers called when a task is tried again.", [_SLACK], kedro_airflow="`email_on_retry`"
    )


class CheckSettings(Settings):
    """Which rules are asked, and which findings are known and accepted."""

    select: TextTuple = _checking(
        (), "Only these rules: codes, names, or the letter of a family. Empty: all.", ["B", "ALOFT-C01"]
    )
    ignore: TextMapping = _checking(
        {}, "Rules that are silent here, each with the reason.", {"ALOFT-C02": "ids have no history yet"}
    )


SELECTORS = ("node", "tag", "namespace")


def _check_selectors(items: tuple[str, ...]) -> tuple[str, ...]:
    if not items:
        raise refusal("selects nothing", allowed="node:<glob>, tag:<glob>, namespace:<glob> or a glob on node names")
    for item in items:
        kind, colon, pattern = item.partition(":")
        if colon and (kind not in SELECTORS or not pattern):
            raise refusal(
                f"'{item}' is not a selector. {close_match(kind, SELECTORS)}".strip(),
                allowed="node:<glob>, tag:<glob>, namespace:<glob> or a glob on node names",
            )
    return items


Selectors = Annotated[TextTuple, AfterValidator(_check_selectors)]


class TaskOverride(Settings):
    """Other values for some nodes. Only the keys that are written here count (see `model_fields_set`)."""

    select: Selectors = _tasks(
        ...,
        "Which nodes: `node:<glob>`, `tag:<glob>`, `namespace:<glob>` (with all below it), or a glob on node names.",
        ["tag:gpu", "train_*"],
    )
    retries: Count | SkipJsonSchema[None] = _tasks(None, "Instead of `retries` above.", 3)
    retry_delay: MinutesOrDuration | SkipJsonSchema[None] = _tasks(None, "Instead of `retry_delay` above.", "5m")
    timeout: PositiveDuration | None = _tasks(None, "Instead of `timeout` above; null takes the limit away.", "2h")
    pool: Resource | None = _tasks(None, "Instead of `pool` above; null is Airflow's default pool.", "gpu")
    pool_slots: PositiveCount | SkipJsonSchema[None] = _tasks(None, "Instead of `pool_slots` above.", 2)
    priority_weight: StrictInt | SkipJsonSchema[None] = _tasks(None, "Instead of `priority_weight` above.", 10)
    queue: Resource | None = _tasks(None, "Instead of `queue` above; null is the executor's default.", "large")
    executor: Resource | None = _tasks(
        None, "Instead of `executor` above; null is Airflow's default.", "KubernetesExecutor"
    )
    env_vars: Environment = _tasks({}, "Added to `env_vars` above, variable by variable.", {"OMP_NUM_THREADS": "4"})
    execution: Mode | SkipJsonSchema[None] = _tasks(None, "Instead of `execution` above.", "docker")
    image: Text | None = _tasks(None, "Instead of `image` above.", "registry.example.org/shop-gpu:1.4.2")
    resource_profile: Text | None = _tasks(None, "Instead of `resource_profile` above and of the node's tag.", "gpu")
    venv: VenvSettings | SkipJsonSchema[None] = _tasks(
        None, "Laid over `venv` above, key by key.", {"python": ".venv-old/bin/python"}
    )
    docker: DockerSettings | SkipJsonSchema[None] = _tasks(
        None, "Laid over `docker` above, key by key.", {"network": "none"}
    )
    kubernetes: KubernetesSettings | SkipJsonSchema[None] = _tasks(
        None, "Laid over `kubernetes` above, key by key.", {"service_account": "trainer"}
    )
    gke: GkeSettings | SkipJsonSchema[None] = _tasks(None, "Laid over `gke` above, key by key.", {"cluster": "gpu"})
    ecs: EcsSettings | SkipJsonSchema[None] = _tasks(
        None, "Laid over `ecs` above, key by key.", {"task_definition": "shop-gpu"}
    )

    @field_validator(
        "retries", "retry_delay", "pool_slots", "priority_weight", "execution", *EXECUTION_SECTIONS, mode="before"
    )
    @classmethod
    def _has_value(cls, value: Any) -> Any:
        """None is the default for `not written here`; written, it would mean nothing."""
        if value is None:
            raise refusal("has no value", allowed="a value, or leave the key out")
        return value

    @property
    def changes(self) -> frozenset[str]:
        """The keys that this override sets."""
        return frozenset(self.model_fields_set) - {"select"}


def _override_item(override: TaskOverride) -> TaskOverride:
    if not override.changes:
        raise refusal("changes nothing", allowed=", ".join(TASK_KEYS))
    return override


TASK_KEYS = tuple(name for name in TaskOverride.model_fields if name != "select")
"""The settings that may differ from task to task."""

Override = Annotated[TaskOverride, AfterValidator(_override_item)]


def _expand_handoff(value: Any) -> Any:
    if value is None:
        return {}
    return {"uri": value} if isinstance(value, str) else value


class DagSettings(Settings):
    """Everything that `airflow.yml` can say about the DAG of one pipeline."""

    # --- identity: what the DAG is called
    dag_id: AirflowId | None = _identity(
        None,
        "Id of the DAG. Null: made of project, pipeline and environment, so that it is unique.",
        "shop-daily",
        kedro_airflow="always the package name",
    )
    display_name: Text | None = _identity(None, "Name that the UI shows instead of the id.", "Shop: daily training")
    description: Text | None = _identity(None, "One line below the name in the UI.", "Trains the model of the day.")
    owner: Text = _identity("airflow", "Owner of the tasks.", "data-team", kedro_airflow="`owner`")
    tags: TagTuple = _identity((), "Tags of the DAG in the UI, besides ours.", ["shop", "daily"])
    doc: Text | None = _identity(None, "Markdown that stands above our own page of the DAG.", "Ask #data before use.")

    # --- time: when it runs
    timezone: Annotated[Text, AfterValidator(check_zone)] = _time(
        "UTC", "Time zone of dates and of the schedule: an IANA name.", "Europe/Zurich"
    )
    schedule: Schedule = _time(
        None,
        "When the DAG runs: null (only when triggered), cron, a preset such as `@daily`, `{every: 15m}`, or "
        "`{assets: [...]}`.",
        "0 6 * * *",
        "@daily",
        {"every": "15m"},
        {"assets": ["s3://shop/orders"]},
        None,
        kedro_airflow="`schedule`, `schedule_interval` (default `@once`)",
    )
    start_date: Date = _time(
        "2023-01-01",
        "Before this nothing is scheduled: a fixed date, or a datetime. A date is midnight in `timezone`; a datetime "
        "has an offset or `timezone` is set.",
        "2023-08-09",
        "2023-08-09T06:00:00+02:00",
        [2023, 8, 9],
        kedro_airflow="`start_date` (a list of numbers)",
        validate_default=True,
    )
    end_date: Date | None = _time(None, "After this nothing is scheduled; written like `start_date`.", "2030-12-31")
    catchup: StrictBool = _time(
        False, "Whether to run the periods since `start_date` that were missed.", True, kedro_airflow="`catchup`"
    )
    interval: Literal["auto", "trigger", "data"] = _time(
        "auto",
        "`data`: a run covers the period before it (`data_interval_start` to `_end`); `trigger`: a run is a point in "
        "time; `auto`: `data` when a setting or parameter uses the data interval.",
        "data",
    )
    max_active_runs: PositiveCount = _time(
        1,
        "Runs at the same time. One, because two runs write the same files unless the catalog tells them apart.",
        3,
        kedro_airflow="`max_active_runs` (default 3)",
    )
    dagrun_timeout: PositiveDuration | None = _time(None, "Longest time of a run; then it fails.", "6h")
    depends_on_past: StrictBool = _time(
        False,
        "Whether a task waits until it succeeded in the run before.",
        True,
        kedro_airflow="`depends_on_past`",
    )

    # --- data: what goes in and across
    handoff: Annotated[
        HandoffSettings, BeforeValidator(_expand_handoff, json_schema_input_type=str | HandoffSettings | None)
    ] = _data(
        HandoffSettings(),
        "Where datasets in memory that cross tasks are kept: an address, or the keys below.",
        "s3://shop-airflow/handoff",
        {"uri": "s3://shop-airflow/handoff", "ttl": "2d"},
    )
    runtime_params: JsonMapping = _data(
        {},
        "Kedro runtime parameters, as `kedro run --params`; values may be Airflow templates.",
        {"day": "{{ ds }}", "model": {"alpha": 0.1}},
    )
    params_form: StrictBool = _data(
        True, "Whether the trigger form shows every parameter that the pipeline uses.", False
    )
    params_hide: TextTuple = _data((), "Parameters (names or globs) that the form does not show.", ["internal.*"])
    load_versions: TextMapping = _data(
        {}, "Versions of datasets to load, as `kedro run --load-versions`.", {"orders": "2024-01-31T06.00.00.000Z"}
    )
    env_vars: Environment = _data(
        {}, "Environment variables of all tasks; they are visible in the DAG file.", {"OMP_NUM_THREADS": "2"}
    )
    wait_for: Annotated[
        tuple[WaitForItem, ...],
        BeforeValidator(list_of, json_schema_input_type=list[WaitForItem] | WaitForItem | None),
    ] = _data((), "Other DAGs whose run must have succeeded first.", [{"dag_id": "ingest", "timeout": "6h"}])
    assets: StrictBool = _data(
        False, "Whether each persisted output is an Airflow asset, so that other DAGs can be scheduled by it.", True
    )
    project_path: Text | None = _data(
        None,
        "Project folder on the machine that runs the tasks. Null: found from the DAG file.",
        "/opt/shop",
        kedro_airflow="always the worker's current folder",
    )
    conf_source: Text | None = _data(
        None,
        "Configuration folder or archive of the tasks. Null: the project's own.",
        "/etc/shop/conf",
        kedro_airflow="`--conf-source`",
    )

    # --- cutting: which nodes take part, and which share a task
    group_by: GroupByName = _cutting(
        "none",
        "Which nodes share a task: `none`; `memory`: those that pass data in memory; `namespace`: one top-level "
        "namespace; `tag`: one grouping tag; `pipeline`: one registered pipeline; `chain`: an only child with its only "
        "parent; `auto`: those with which the run is predicted to end first, none in containers or with a `timeout`.",
        "memory",
        kedro_airflow="`--group-by` (none, memory, namespace)",
    )
    on_cycle: Literal["merge", "refuse"] = _cutting(
        "merge",
        "When tasks of a grouping would wait for each other in a circle: merge the fewest that repair it, or refuse.",
        "refuse",
    )
    group_tags: TagTuple = _cutting(
        (),
        "Tags that name a task for `group_by: tag`. Empty: those that start with `airflow.group.`, else all tags.",
        ["features", "training"],
    )
    slots: PositiveCount | None = _cutting(
        None,
        "How many tasks run at the same time, for `group_by: auto`. Null: as many as this machine runs for "
        "`run`, `up`, `test` and `plan`; as `learn` saw, else 16, for DAG files that go elsewhere.",
        16,
    )
    memory_per_slot: Memory | None = _cutting(
        None,
        "What a task may take, for `group_by: auto`: nodes that took more together never share one. Null: no limit.",
        "4GiB",
    )
    task_groups: StrictBool = _cutting(True, "Whether the UI shows namespaces as task groups.", False)
    mirrors: Annotated[Literal["auto", "live", "static", "off"], BeforeValidator(_off)] = _cutting(
        "auto",
        "Whether each node of a task that runs several is a task in Airflow's grid and graph, which runs nothing. "
        "`auto`: `live` for DAGs of up to 150 such nodes, else `static`; `live`: it shows its node's state as it "
        "changes, in the triggerer (before Airflow 3.3 as `static`); `static`: all of them end with the task; `off`: "
        "none is shown. Tasks in containers show none.",
        "static",
    )
    filters: Annotated[FilterSettings, BeforeValidator(as_mapping, json_schema_input_type=FilterSettings | None)] = (
        _cutting(FilterSettings(), "Which nodes of the pipeline take part.", {"tags": ["daily"]})
    )

    # --- running: how a task runs
    retries: Count = _running(1, "How often a failed task is tried again.", 3, kedro_airflow="`retries`")
    retry_delay: MinutesOrDuration = _running(
        "30s",
        "Pause before the next try. A bare number counts minutes.",
        "5m",
        5,
        kedro_airflow="`retry_delay` (minutes, default 5)",
        validate_default=True,
    )
    retry_exponential_backoff: StrictBool = _running(False, "Whether the pause doubles from try to try.", True)
    timeout: PositiveDuration | None = _running(None, "Longest time of one try of a task; then it fails.", "1h30m")
    pool: Resource | None = _running(None, "Airflow pool; null is Airflow's default pool.", "training")
    pool_slots: PositiveCount = _running(1, "Slots of the pool that a task takes.", 2)
    priority_weight: StrictInt = _running(1, "A higher weight is scheduled first.", 10)
    queue: Resource | None = _running(None, "Queue of the executor; null is its default.", "large")
    executor: Resource | None = _running(None, "Executor; null is Airflow's default.", "KubernetesExecutor")
    runner: Runner = _running(
        "SequentialRunner",
        "Kedro runner inside a task: a name of Kedro's, or the import path of your own.",
        "ThreadRunner",
        "shop.runners.GpuRunner",
    )
    resume: StrictBool = _running(
        True,
        "Whether a task of several nodes that failed goes on where it failed when it is tried again. When a node "
        "fails, data in memory that later nodes need is then written to the place of `handoff`.",
        False,
    )
    warm: Literal["auto", "never"] = _running(
        "auto",
        "Whether tasks may start as forks of a process that has imported the project. `auto`: on workers that offer "
        "it, as the Airflow of `kedro airflow run` does, where nothing speaks against it.",
        "never",
    )
    skip_plugin_hooks: DistributionTuple = _running(
        ("kedro-mlflow", "kedro-telemetry", "kedro-viz"),
        "Installed Kedro plugins (distribution names) whose hooks are not loaded in tasks. By default kedro-telemetry, "
        "which may wait 10 s for a network, kedro-viz, whose statistics each task would overwrite, and kedro-mlflow "
        "where the configuration has no mlflow.yml and no dataset of it.",
        ["kedro-telemetry"],
    )
    pipeline_hooks: Literal["per_task", "per_run"] = _running(
        "per_task",
        "When Kedro's hooks `before_pipeline_run`, `after_pipeline_run` and `on_pipeline_error` are called: in every "
        "task, or once per DAG run, by a task before and a task after all others.",
        "per_run",
        kedro_airflow="always in every task",
    )
    email: TextTuple = _running((), "Deprecated, use `notify`: addresses for the two keys below.", ["team@example.org"])
    email_on_failure: StrictBool = _running(
        False, "Deprecated, use `notify.on_failure`.", True, kedro_airflow="`email_on_failure`"
    )
    email_on_retry: StrictBool = _running(
        False, "Deprecated, use `notify.on_retry`.", True, kedro_airflow="`email_on_retry`"
    )

    # --- execution: where a task's nodes run
    execution: Mode = _execution(
        "process",
        "Where nodes run: `process` (Airflow's own), `venv` (a Python environment of the project's), or a container: "
        "`docker`, `kubernetes`, `gke`, `ecs`.",
        "kubernetes",
        kedro_airflow="always in Airflow's process",
    )
    image: Text | None = _execution(
        None,
        "Image that has the project and kedro-aloft's runtime; for `docker`, `kubernetes` and `gke`. `built`: the one "
        "that `kedro airflow image build` made last.",
        "registry.example.org/shop:1.4.2",
    )
    resource_profile: Text | None = _execution(
        None,
        "The entry of `resource_profiles` that tasks take. A node's tag `airflow.resources.<name>` wins over it; null: "
        "the entry called `default`, if there is one.",
        "large",
    )
    resource_profiles: Profiles = _execution(
        {},
        "What containers may take, by a name of your own.",
        {"large": {"requests": {"cpu": 2, "memory": "8Gi"}, "limits": {"memory": "8Gi"}}},
    )
    venv: Annotated[VenvSettings, BeforeValidator(as_mapping, json_schema_input_type=VenvSettings | None)] = _execution(
        VenvSettings(), "For `execution: venv`.", {"requirements": "requirements.lock"}
    )
    docker: Annotated[DockerSettings, BeforeValidator(as_mapping, json_schema_input_type=DockerSettings | None)] = (
        _execution(DockerSettings(), "For `execution: docker`.", {"network": "shop"})
    )
    kubernetes: Annotated[
        KubernetesSettings, BeforeValidator(as_mapping, json_schema_input_type=KubernetesSettings | None)
    ] = _execution(KubernetesSettings(), "For `execution: kubernetes` and `gke`.", {"namespace": "shop"})
    gke: Annotated[GkeSettings, BeforeValidator(as_mapping, json_schema_input_type=GkeSettings | None)] = _execution(
        GkeSettings(), "For `execution: gke`.", {"project": "shop-prod", "location": "europe-west1", "cluster": "batch"}
    )
    ecs: Annotated[EcsSettings, BeforeValidator(as_mapping, json_schema_input_type=EcsSettings | None)] = _execution(
        EcsSettings(), "For `execution: ecs`.", {"cluster": "batch", "task_definition": "shop", "container": "shop"}
    )
    spark: Annotated[
        SparkSettings | None, BeforeValidator(lambda value: {} if value is True else value)
    ] = _execution(
        None,
        "Nodes that need Spark: they are found, connected ones share a task, and `mode` says where that runs. Null: "
        "nobody looks for them; true: the keys' defaults.",
        {"mode": "dataproc", "dataproc": {"project": "shop-prod", "region": "europe-west1"}},
    )  # fmt: skip

    # --- telling: who hears of it
    notify: Annotated[NotifySettings, BeforeValidator(as_mapping, json_schema_input_type=NotifySettings | None)] = (
        _telling(NotifySettings(), "Airflow notifiers to call.", {"on_failure": [_SLACK]})
    )

    # --- checking: what the rules ask
    check: Annotated[CheckSettings, BeforeValidator(as_mapping, json_schema_input_type=CheckSettings | None)] = (
        _checking(
            CheckSettings(),
            "What `check` asks, and what it keeps quiet about; `create` and `run` obey it too.",
            {"ignore": {"ALOFT-C02": "ids have no history yet"}},
        )
    )

    # --- template: what a DAG file of another layout is made of
    template_vars: Annotated[
        Mapping[str, Any], BeforeValidator(as_mapping, json_schema_input_type=Mapping[str, Any] | None)
    ] = _template(
        {},
        "Variables of a custom template (`create --jinja-file`), beside the settings; nothing else reads them.",
        {"team": "sales", "labels": {"tier": "gold"}},
    )

    # --- tasks: exceptions from the above
    tasks: Annotated[
        tuple[Override, ...], BeforeValidator(list_of, json_schema_input_type=list[TaskOverride] | None)
    ] = _tasks(
        (),
        "Other values for some nodes. Of several matches the last one wins, key by key.",
        [{"select": "tag:gpu", "pool": "gpu", "timeout": "4h"}],
    )

    @field_validator("start_date", "end_date", mode="before")
    @classmethod
    def _fixed_date(cls, value: Any, info: ValidationInfo) -> Any:
        """An invalid `timezone` has its own error; the dates are then checked as if in UTC."""
        if value is None:
            return value
        return parse_date(value, zone=info.data.get("timezone", "UTC"))

    @field_validator("end_date")
    @classmethod
    def _after_start(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("start_date")
        if value is not None and start is not None and value < start:
            raise refusal("ends before it starts", allowed=f"a date after start_date ({start.isoformat()})")
        return value

    @field_validator("max_active_runs")
    @classmethod
    def _continuous_runs_alone(cls, value: int, info: ValidationInfo) -> int:
        """Airflow refuses such a DAG at parse (`ContinuousTimetable.active_runs_limit`)."""
        if info.data.get("schedule") == "@continuous" and value > 1:
            raise refusal("the schedule '@continuous' allows one run at a time", allowed="1")
        return value
