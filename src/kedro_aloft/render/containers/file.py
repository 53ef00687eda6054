"""What containers bring into a DAG file: tasks, the cleanup, and the lines above the DAG that they need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kedro_aloft.render.containers import ADAPTERS
from kedro_aloft.render.containers.docker import PROJECT, project_source
from kedro_aloft.render.containers.ecs import VARIABLES, VARIABLES_SOURCE
from kedro_aloft.render.containers.environment import (
    CONSTANTS,
    FUNCTION,
    MODULES,
    around_environment,
    cleanup_environment,
    environment_of,
    preamble,
)
from kedro_aloft.render.containers.operators import OPERATORS, operator_classes
from kedro_aloft.render.containers.spark import (
    JOB,
    JOB_CONSTANTS,
    JOB_SOURCE,
    cluster_arguments,
    custom_modules,
    lifetime,
)
from kedro_aloft.render.containers.volume import (
    CREATE,
    DELETE,
    EMPTY_PLACE,
    VOLUME_NAMES,
    VolumeTasks,
    fill_command,
    volume_of,
    volume_source,
    volume_tasks,
    without_volume,
)
from kedro_aloft.render.containers.work import (
    CLEAN_COMMAND,
    FINISH_COMMAND,
    RUN_COMMAND,
    START_COMMAND,
    Constants,
    labels_of,
    work_of,
)
from kedro_aloft.render.describe import describe_task
from kedro_aloft.render.layout import Call, Name, Text, functions_used, lay_out
from kedro_aloft.render.running import as_expressions
from kedro_aloft.render.statements import CLEANUP_ID, around_arguments, free_around_ids, free_id, open_call

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from kedro_aloft.graph.plan import Plan, Task
    from kedro_aloft.graph.snapshot import NodeInfo
    from kedro_aloft.render.containers.spark import Lifetime
    from kedro_aloft.render.running import Running
    from kedro_aloft.settings.models import DagSettings
    from kedro_aloft.settings.overrides import TaskSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The Spark cluster of a run.

    Args:
        create, delete: Ids of its setup and its teardown.
        create_call, delete_call: What they are.
        there: When it is needed.
        has_all: Whether nothing of the DAG runs elsewhere. What is done once per run is then done on it too; as it
            still stands when handed-over data would be removed, the run is not over, and the data waits for its time.
    """

    create: str
    create_call: Call
    delete: str
    delete_call: Call
    there: Lifetime
    has_all: bool


class Containers:
    """The containers of one DAG file.

    Args:
        plan, settings: What runs, and how.
        running: What each task demands.
    """

    def __init__(self, plan: Plan, settings: DagSettings, running: Running) -> None:
        self._plan = plan
        self._settings = settings
        self._running = running
        self._constants = Constants()
        self._adapters = [adapter for mode, adapter in ADAPTERS.items() if mode in running.modes]

    @property
    def modules(self) -> Mapping[str, str]:
        """Module of every name that the containers of this file may use."""
        found: dict[str, str] = dict(MODULES) if self._adapters else {}
        for adapter in self._adapters:
            found |= adapter.modules
        if "custom" in self._running.modes:
            found |= custom_modules(self._settings)
        return found

    @property
    def reserved(self) -> frozenset[str]:
        """Names that no task's variable may have."""
        names = {
            *self.modules,
            *CONSTANTS,
            *VOLUME_NAMES,
            *OPERATORS,
            CREATE,
            DELETE,
            FUNCTION,
            PROJECT,
            VARIABLES,
            JOB,
            *JOB_CONSTANTS,
        }
        return frozenset(names) if self._adapters else frozenset()

    def task_call(
        self,
        task: Task,
        plan: Plan,
        *,
        group: Sequence[str],
        running: Running,
        nodes: Mapping[str, NodeInfo],
        outlets: Sequence[Call] = (),
    ) -> Call:
        """Return the call of a stock operator for a task; the arguments are those of `statements.task_call`."""
        demands = running.demands[task.id]
        prefix = "".join(f"{part}." for part in group)
        arguments = {
            "task_id": task.id.removeprefix(prefix),
            **self._operator_arguments(demands, RUN_COMMAND, lambda more: environment_of(task, plan, more)),
            **({"outlets": list(outlets)} if outlets else {}),
            **as_expressions(running.own[task.id]),
            "doc_md": Text(describe_task(task, nodes)),
        }
        return open_call(ADAPTERS[demands.execution].operator_for(demands), arguments)

    def cluster(self, *, taken: Collection[str]) -> Cluster | None:
        """Return the Spark cluster of a run; None when no task needs one.

        Args:
            taken: Ids of tasks and groups.
        """
        tasks = {one: demands for one, demands in self._running.demands.items() if demands.execution == "dataproc"}
        spark = next((demands.spark for demands in tasks.values()), None)
        if spark is None:
            return None
        create, delete = (free_id(f"{verb}_spark_cluster", taken) for verb in ("create", "delete"))
        shared = {"**options": Name("DATAPROC"), "cluster_name": Name("SPARK_CLUSTER")}
        # Else one cluster that could not be deleted would hold up every later run.
        alone = {"depends_on_past": False} if self._settings.depends_on_past else {}
        return Cluster(
            create=create,
            create_call=open_call(
                "DataprocCreateClusterOperator", {"task_id": create, **shared, **cluster_arguments(spark.dataproc)}
            ),
            delete=delete,
            delete_call=open_call("DataprocDeleteClusterOperator", {"task_id": delete, **shared, **alone}),
            there=lifetime(self._plan, tasks),
            has_all=len(tasks) == len(self._plan.tasks),
        )

    @property
    def _outside(self) -> str:
        """The first task whose place can do what is done once per run: one without Spark, where there is one."""
        of_spark = ("dataproc", "custom")
        return min(self._plan.tasks, key=lambda task: self._running.demands[task.id].execution in of_spark).id

    def cleanup_call(self, settings: DagSettings, *, taken: Collection[str]) -> tuple[str, Call]:
        """Return the id and the call of the container that removes handed-over data."""
        demands = without_volume(self._running.demands[self._outside])
        task_id = free_id(CLEANUP_ID, taken)
        arguments = {
            "task_id": task_id,
            **self._operator_arguments(demands, CLEAN_COMMAND, lambda more: cleanup_environment(settings, more)),
            "retries": 0,
            **({"depends_on_past": False} if settings.depends_on_past else {}),
        }
        return task_id, open_call(ADAPTERS[demands.execution].operator_for(demands), arguments)

    def around_calls(
        self, plan: Plan, settings: DagSettings, *, running: Running, taken: Collection[str]
    ) -> dict[str, Call]:
        """Return the calls of the containers for the setup and the teardown of a run, as `statements.around_calls`."""
        first, around = self._outside, running.around
        demands, work = running.demands[first], around.work(plan, settings)
        calls = {}
        for task_id, starts in zip(free_around_ids(taken), (True, False), strict=True):
            make = partial(around_environment, settings, work, starts=starts)
            arguments = {
                "task_id": task_id,
                **self._operator_arguments(demands, START_COMMAND if starts else FINISH_COMMAND, make),
                **as_expressions({**running.own[first], **around_arguments(settings, starts=starts)}),
                "doc_md": around.describe(settings, starts=starts),
            }
            calls[task_id] = open_call(ADAPTERS[demands.execution].operator_for(demands), arguments)
        return calls

    def volume_tasks(self, *, taken: Collection[str]) -> VolumeTasks | None:
        """Return the tasks around the claim of a run; None when no task wants one."""
        demands = self._running.demands
        return volume_tasks(
            self._plan, demands, self._constants, labels=labels_of(self._plan), fill=self._fill_call, taken=taken
        )

    @property
    def keeps_handoff_in_volume(self) -> bool:
        """Whether what a run hands over is gone with its claim."""
        sides = {one for crossing in self._plan.handed_over for one in (crossing.source, crossing.target)}
        folder = "://" not in self._settings.handoff.uri
        return folder and all(volume_of(self._running.demands[one]) is not None for one in sides)

    def _fill_call(self, demands: TaskSettings, task_id: str) -> Call:
        volume = volume_of(demands)
        assert volume is not None
        arguments = self._operator_arguments(demands, fill_command(volume), dict, volume_place=EMPTY_PLACE)
        return open_call(ADAPTERS[demands.execution].operator_for(demands), {"task_id": task_id, **arguments})

    def _operator_arguments(
        self,
        demands: TaskSettings,
        command: tuple[str, ...],
        environment: Callable[[Mapping[str, str]], Any],
        *,
        volume_place: str | None = None,
    ) -> Mapping[str, Any]:
        work = work_of(
            self._plan,
            self._settings,
            demands,
            command=command,
            make_environment=environment,
            volume_place=volume_place,
        )
        return ADAPTERS[demands.execution].arguments(work, self._constants)

    def preamble(self, calls: Iterable[Call]) -> tuple[list[str], set[str]]:
        """Return the blocks of lines above the DAG that these calls need, and the names that those use."""
        if not self._adapters:
            return [], set()
        used = functions_used([*calls, *self._constants.values.values()])
        classes, stock = operator_classes(used)
        blocks = [preamble(self._plan, self._settings, around=self._running.around), *classes]
        if VARIABLES in used:
            blocks.append(VARIABLES_SOURCE)
        if JOB in used:
            blocks.append(JOB_SOURCE)
        if PROJECT in used:
            blocks.append(project_source(self._settings.project_path))
            used |= {"os", "Path"}
        functions, names = volume_source(used)
        blocks += functions
        used |= names | stock
        constants = [lay_out(value, prefix=f"{name} = ") for name, value in self._constants.values.items()]
        return [*blocks, *(["\n".join(constants)] if constants else [])], {*used, *MODULES}
