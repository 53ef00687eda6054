"""Pipelines and settings that the tests of the room render; the golden files are made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.graph.grouping import GroupBy
from kedro_aloft.graph.plan import build_plan
from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Parameter, Snapshot, SourceLocation
from kedro_aloft.render import Around, dag_id_for, file_name, render_dag
from kedro_aloft.settings import DagSettings, effective

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.render import RenderedDag


def node(name: str, inputs: str = "", outputs: str = "", *tags: str, namespace: str | None = None) -> NodeInfo:
    """Describe a node; datasets are separated by spaces."""
    full = f"{namespace}.{name}" if namespace else name
    return NodeInfo(
        name=full,
        func=name,
        inputs=tuple(inputs.split()),
        outputs=tuple(outputs.split()),
        namespace=namespace,
        tags=tags,
        source=SourceLocation(file="src/shop/nodes.py", line=7),
    )


def snapshot(
    nodes: Iterable[NodeInfo],
    *,
    memory: Collection[str] = (),
    versioned: Collection[str] = (),
    parameters: dict[str, Any] | None = None,
    pipeline: str = "__default__",
    env: str = "local",
    package: str = "shop",
) -> Snapshot:
    """Describe a pipeline; a dataset is kept in a file unless it is named as one in memory."""
    nodes = tuple(nodes)
    names = sorted({name for one in nodes for name in (*one.inputs, *one.outputs)})
    return Snapshot(
        package=package,
        pipeline=pipeline,
        env=env,
        nodes=nodes,
        datasets={name: _dataset(name, memory=name in memory, versioned=name in versioned) for name in names},
        parameters=tuple(Parameter(name=name, default=value) for name, value in (parameters or {}).items()),
    )


def _dataset(name: str, *, memory: bool, versioned: bool) -> DatasetInfo:
    if name.startswith("params:"):
        return DatasetInfo(name=name, kind=DatasetKind.PARAMETER)
    if memory:
        return DatasetInfo(name=name, kind=DatasetKind.MEMORY, type="MemoryDataset")
    return DatasetInfo(name=name, kind=DatasetKind.PERSISTED, type="pickle.PickleDataset", versioned=versioned)


@dataclass(frozen=True, repr=False)
class Sample:
    """A pipeline with its settings."""

    snapshot: Snapshot
    settings: DagSettings = field(default_factory=DagSettings)
    command: str = "kedro airflow create"
    around: Around = field(default_factory=Around)

    def __repr__(self) -> str:
        return f"<Sample {self.dag_id}>"

    @property
    def dag_id(self) -> str:
        return dag_id_for(self.snapshot.package, self.snapshot.pipeline, self.snapshot.env, self.settings)

    @property
    def file_name(self) -> str:
        return file_name(self.snapshot.package, self.snapshot.env, self.snapshot.pipeline)

    def plan(self) -> Plan:
        requirements = {
            one.name: effective(self.settings, one.name, tags=one.tags, namespace=one.namespace).as_text()
            for one in self.snapshot.nodes
        }
        return build_plan(
            self.snapshot,
            group_by=GroupBy(self.settings.group_by),
            requirements=requirements,
            task_groups=self.settings.task_groups,
        )

    def render(self) -> RenderedDag:
        return render_dag(
            self.plan(),
            self.settings,
            node_info=self.snapshot.by_name,
            datasets=self.snapshot.datasets,
            dag_id=self.dag_id,
            command=self.command,
            around=self.around,
        )


HOSTILE = (
    *("'", '"', '"""', "'''", "\\", "\\n", "a\nb", "a\r\nb", "a\tb", "&", 'O\'Brien & "Co"', "{{ ds }}", "{%", "{#"),
    *("${a}", "`id`", "#", "%s", "<script>", "<br/>", "]]>", "|", "a|b", "end", "- a", "1. a", "---", "*a*", "__a__"),
    *("import", "task", "_", "-", "--help", "None", "kedro", "DOC", "DAG", "KedroOperator", "print", "1_load", "match"),
    *("a.sql", "a.json", "a.md", ".sql", "a.b", "a..b", ".", "..", "/", "a/b", "C:\\new\\table", "partial(f)__1"),
    *("é", "ß", "数据", "😀", "\u2028", "\u202e", "\0", "\x85", "\ufeff", "\ud800", " ", "  a  ", "x" * 300, "é" * 300),
    *("clean_up_handoff", "upstream_join_id", "https://a.b", "www.a.b", "a@b.c", "f([a;b]) -> [c]", "<lambda>__4f"),
)
"""Texts that have broken generated files of somebody."""


def hostile_sample() -> Sample:
    """One pipeline in which every hostile text is the name of a node, a tag, a parameter and a default."""
    texts = [text for text in HOSTILE if text.strip()]
    settable = [text for text in texts if text != "\ud800"]  # YAML has no half characters
    nodes = [
        NodeInfo(name=text, func=text, outputs=(f"out {text}",), inputs=(f"in {text}",), tags=(text,)) for text in texts
    ]
    first = NodeInfo(name="make", func="make", outputs=tuple(f"in {text}" for text in texts[:6]))
    return Sample(
        snapshot(
            [first, *nodes],
            memory={f"in {text}" for text in texts[:6]},
            parameters={f"p {text}": text for text in texts},
            pipeline="hostile",
        ),
        DagSettings(
            assets=True,
            owner='O\'Brien & "Co"',
            description='quotes " \' and """ and \\ and {{ braces }} and\nlines',
            display_name="A {{ name }} with 'quotes' & \"more\"",
            doc='# Of the user\n\n"""triple""" \\ back, {{ ds }}\u2028\n\n<b>bold</b>',
            tags=[text[:100] for text in settable],
            runtime_params={text: [text, {text: text}] for text in settable},
            env_vars={"TEXT": "".join(settable[:40])},
        ),
        command='kedro airflow create \'--set=owner="""\\\' --set=db.password=hunter2',
    )


def _minimal() -> Sample:
    return Sample(snapshot([node("load", "raw", "clean")], pipeline="minimal"))


def _spaceflights() -> Sample:
    nodes = [
        node("companies", "companies", "clean_companies", namespace="prepare"),
        node("shuttles", "shuttles", "clean_shuttles", namespace="prepare"),
        node("table", "clean_companies clean_shuttles reviews", "model_input", namespace="prepare.join"),
        node("split", "model_input params:split", "x_train x_test y_train y_test"),
        node("train", "x_train y_train params:model", "regressor", "gpu"),
        node("evaluate", "regressor x_test y_test", "metrics"),
    ]
    parameters = {
        "split.test_size": 0.2,
        "split.random_state": 3,
        "split.features": ["engines", "crew"],
        "model.deep": {"layers": [1, 2], "name": None},
        "model.verbose": False,
        "model.note": "first line\nsecond line",
        "model.start": None,
        "model.token": "hunter2",
        "model.limit": float("inf"),
    }
    memory = {"x_train", "x_test", "y_train", "y_test"}
    return Sample(
        snapshot(nodes, memory=memory, versioned={"regressor"}, parameters=parameters, pipeline="spaceflights"),
        DagSettings(
            assets=True, tags=["demo"], doc="Ask **#data** before use.", tasks=[{"select": "tag:gpu", "pool": "gpu"}]
        ),
    )


def _scheduled() -> Sample:
    nodes = [node("a", "raw", "x"), node("b", "x", "y"), node("c", "x y", "z")]
    notifier = {
        "class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
        "to": "team@example.org",
        "from_email": "airflow@example.org",
        "subject": "{{ dag.dag_id }} failed",
    }
    return Sample(
        snapshot(nodes, memory={"x"}, pipeline="scheduled", env="prod"),
        DagSettings(
            timezone="Europe/Zurich",
            schedule="0 6 * * *",
            start_date="2024-01-01",
            end_date="2030-12-31",
            catchup=True,
            max_active_runs=3,
            dagrun_timeout="6h",
            depends_on_past=True,
            runtime_params={"day": "{{ data_interval_start | ds }}", "model": {"alpha": 0.1, "names": ["a", "b"]}},
            load_versions={"raw": "2024-01-31T06.00.00.000Z"},
            handoff={"uri": "s3://shop/handoff", "ttl": "2d", "keep": "never"},
            env_vars={"OMP_NUM_THREADS": "2"},
            wait_for=[
                {"dag_id": "ingest"},
                {"dag_id": "ingest", "task_id": "orders", "timeout": "6h", "execution_delta": "1h"},
            ],
            project_path="/opt/shop",
            conf_source="/etc/shop/conf",
            retries=3,
            retry_delay="5m",
            retry_exponential_backoff=True,
            timeout="1h30m",
            pool="training",
            runner="ThreadRunner",
            skip_plugin_hooks=["kedro-telemetry", "kedro-viz"],
            notify={"on_failure": notifier, "on_success": [notifier], "on_retry": [notifier]},
            tasks=[{"select": "c", "timeout": None, "pool_slots": 2, "env_vars": {"CUDA": "1"}}],
        ),
        command="kedro airflow create --pipelines=scheduled --env=prod",
    )


def _after_assets() -> Sample:
    return Sample(
        snapshot([node("only", "raw", "out")], pipeline="after_assets"),
        DagSettings(schedule={"assets": ["shop/orders", "s3://shop/prices"]}, dag_id="shop-after-assets"),
    )


def _every() -> Sample:
    return Sample(
        snapshot([node("only", "raw", "out")], pipeline="every"),
        DagSettings(schedule={"every": "15m"}, dagrun_timeout="1h", queue="large", params_form=False),
    )


def _grouped() -> Sample:
    chain = [node(f"step_{number}", f"d{number}", f"d{number + 1}", namespace="long") for number in range(4)]
    return Sample(
        snapshot([*chain, node("last", "d4", "end")], memory={"d1", "d2", "d4"}, pipeline="grouped"),
        DagSettings(group_by="memory"),
    )


SAMPLES: dict[str, Sample] = {
    "minimal": _minimal(),
    "spaceflights": _spaceflights(),
    "scheduled": _scheduled(),
    "after_assets": _after_assets(),
    "every": _every(),
    "grouped": _grouped(),
    "hostile": hostile_sample(),
}
"""By pipeline; each has a golden file."""
