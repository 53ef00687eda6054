"""KedroOperator: one Airflow task that runs some nodes of a Kedro pipeline.

What only a running task needs is imported in the methods that run then: the class is loaded at every parse.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from kedro_aloft.contract.keys import FINISH, NODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from airflow.sdk import Context

    from kedro_aloft.airflow.journal import JournalKeeper
    from kedro_aloft.airflow.pipeline import KedroPipeline
    from kedro_aloft.airflow.rerun import Asking
    from kedro_aloft.contract.report import TaskReport
    from kedro_aloft.contract.request import TaskRequest

_TERMINATED = 143
"""Exit code of a process that ended on SIGTERM, by the shell's convention."""

_SEVERAL = 2


class KedroOperator(BaseOperator):
    """Run nodes of a Kedro pipeline in order, as `kedro run` would.

    Args:
        kedro: What all tasks of the DAG share.
        nodes: Names of the nodes; exactly these run.
        gives: In-memory datasets that later tasks need.
        takes: In-memory datasets that earlier tasks gave.
        pinned: Versioned datasets that are read at this DAG run's version.
        versioned: Versioned datasets that the nodes write.
        env_vars: Environment variables for the nodes; values may be Airflow templates.
        venv: The Python of their own in which the nodes run (`python`, or `requirements` to make one of; `cache`), with
            paths relative to the project; None for Airflow's own.
        mirrors: Tasks that show the nodes, by node; `fused` sets it.
        kwargs: Any argument of Airflow's `BaseOperator`.
    """

    # Not the nodes: a name may hold braces, and would become another one.
    template_fields: Sequence[str] = ("runtime_params", "env_vars")
    template_fields_renderers = {"runtime_params": "json", "env_vars": "json"}  # noqa: RUF012
    ui_color = "#ffe08a"
    stage = NODES
    _nodes_are_running = False

    kedro: KedroPipeline
    nodes: list[str]
    gives: tuple[str, ...]
    takes: tuple[str, ...]
    pinned: tuple[str, ...]
    versioned: tuple[str, ...]
    runtime_params: dict[str, Any]
    env_vars: dict[str, str]
    venv: dict[str, str] | None
    mirrors: dict[str, str]

    def __init__(
        self,
        *,
        kedro: KedroPipeline,
        nodes: Sequence[str],
        gives: Sequence[str] = (),
        takes: Sequence[str] = (),
        pinned: Sequence[str] = (),
        versioned: Sequence[str] = (),
        env_vars: Mapping[str, str] | None = None,
        venv: Mapping[str, str] | None = None,
        mirrors: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self._init_base(kwargs)
        # At once: BaseOperator looks at each attribute that is set by itself, a twentieth of the time to make a task.
        vars(self).update(
            kedro=kedro,
            nodes=list(nodes),
            gives=tuple(gives),
            takes=tuple(takes),
            pinned=tuple(pinned),
            versioned=tuple(versioned),
            runtime_params=dict(kedro.runtime_params),
            env_vars=dict(env_vars or {}),
            venv=None if venv is None else dict(venv),
            mirrors=dict(mirrors or {}),
        )

    def _init_base(self, kwargs: dict[str, Any]) -> None:
        """Let Airflow take its arguments, without copying the parameters of the trigger form into the task again.

        Each `__init__` on the way to that of `BaseOperator` copies those of the DAG, value by value, and then puts over
        them what the first one has copied, which is all of them.
        Source: Airflow 3.0–3.3 `sdk/bases/operator.py`, `get_merged_defaults`.
        """
        dag = kwargs.get("dag")
        params = getattr(dag, "params", None)
        if not params:
            super().__init__(**kwargs)
            return
        object.__setattr__(dag, "params", type(params)())  # as Airflow does, without converting and validating
        try:
            super().__init__(**kwargs)
        finally:
            object.__setattr__(dag, "params", params)

    def execute(self, context: Context) -> None:
        """Run the nodes; leave the report in XCom; fail as the nodes failed."""
        from kedro_aloft.airflow.launch import launch
        from kedro_aloft.compat import airflow_exception, airflow_fail_exception
        from kedro_aloft.errors import AloftError

        try:
            request = self.build_request(context)
            asking = self._ask_mirrors(context)
            if asking is not None:
                request = replace(request, rerun=asking.rerun, doubtful=asking.doubtful)
            with self._journal(context, asking) as journal, _environment(self.env_vars), self._stoppable():
                tell = None if journal is None else journal.add
                report = launch(request, warm=self.kedro.warm, venv=self.venv, tell=tell)
                if journal is not None:
                    journal.complete(report)
        except AloftError as error:
            raise (airflow_fail_exception if error.deterministic else airflow_exception)(str(error)) from None
        self._leave(report, context)
        if request.resume and len(self.nodes) >= _SEVERAL:
            from kedro_aloft.airflow.cleanup import clean_up_after_task

            clean_up_after_task(self.kedro, context, request, failed=report.failure is not None)
        self._finish(report)

    def on_kill(self) -> None:
        """End the nodes now, with all that they started; what they were writing aside is removed on the way out.

        Airflow calls this in the signal handler of the task's process and kills the process 5 s later. `SystemExit`
        lets Airflow decide on a retry: none when somebody set the task's state, one when the worker goes away.
        """
        if self._nodes_are_running:
            from kedro_aloft.airflow.launch import stop_child_processes

            self._nodes_are_running = False
            self.log.error("The task is asked to stop.")
            stop_child_processes()
            raise SystemExit(_TERMINATED)

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Airflow also calls `on_kill` after a timeout, when nothing runs any more and nothing must be raised."""
        self._nodes_are_running = True
        try:
            yield
        finally:
            self._nodes_are_running = False

    def _ask_mirrors(self, context: Context) -> Asking | None:
        """Ask the tasks that show the nodes what shall run; None when there are none."""
        if not self.mirrors:
            return None
        from kedro_aloft.airflow.rerun import Asking

        return Asking(self.mirrors, context)

    def _journal(self, context: Context, asking: Asking | None) -> AbstractContextManager[JournalKeeper | None]:
        """Keep a journal where Airflow's own states do not say which node runs."""
        if self.stage != NODES or len(self.nodes) < _SEVERAL:
            return nullcontext()
        from kedro_aloft.airflow.journal import keep_journal

        if asking is None:
            return keep_journal(context)
        return keep_journal(context, kept=asking.kept, remember=asking.remember)

    def _leave(self, report: TaskReport, context: Context) -> None:
        """Leave the report in XCom. It is a comfort: work that is done stays done when Airflow does not take it."""
        from kedro_aloft.contract.keys import REPORT_KEY
        from kedro_aloft.contract.summary import summarise

        try:
            context["ti"].xcom_push(key=REPORT_KEY, value=summarise(report))
        except Exception:  # an XCom backend may raise anything
            self.log.warning("The report of this task could not be left in XCom.", exc_info=True)

    def build_request(self, context: Context) -> TaskRequest:
        """Return what the runtime is asked for in this DAG run and try.

        Raises:
            RunError: If the project, or the release with which the run began, is not on this worker.
        """
        from kedro_aloft.airflow.locate import project_of_run
        from kedro_aloft.contract.identity import RunIdentity
        from kedro_aloft.contract.request import TaskRequest

        ti, dag_run, dag = context["ti"], context["dag_run"], context["dag"]
        identity = RunIdentity(dag_id=ti.dag_id, run_id=ti.run_id, run_after=dag_run.run_after)
        clears = getattr(dag_run, "clear_number", 0) or 0
        project = project_of_run(self.kedro, dag.fileloc, identity, clears=clears, begins=self.stage != FINISH)
        nodes = tuple(self.nodes)
        known = project.work(dag.fileloc, ti.dag_id, ti.task_id, nodes=nodes) if self.stage == NODES else None
        work = known or self
        return TaskRequest(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            task_id=ti.task_id,
            try_number=ti.try_number,
            version=identity.version,
            run_directory=identity.directory,
            project_path=str(project.path),
            package=self.kedro.package,
            pipeline=self.kedro.pipeline,
            nodes=nodes,
            env=self.kedro.env,
            conf_source=self.kedro.conf_source,
            selective=self.kedro.selective,
            runtime_params=self._runtime_params(context),
            load_versions=dict(self.kedro.load_versions),
            pinned=work.pinned,
            versioned=work.versioned,
            handoff_uri=project.handoff,
            gives=work.gives,
            takes=work.takes,
            runner=self.kedro.runner,
            resume=self.kedro.resume,
            clear_number=getattr(dag_run, "clear_number", 0) or 0,
            skip_plugin_hooks=tuple(self.kedro.skip_plugin_hooks),
            stage=self.stage,
            mlflow=self.kedro.mlflow,
            pipeline_hooks=self.kedro.pipeline_hooks,
        )

    def _runtime_params(self, context: Context) -> dict[str, Any]:
        from kedro_aloft.contract.params import runtime_params

        return runtime_params(
            rendered=self.runtime_params,
            templates=self.kedro.runtime_params,
            form=dict(context["params"]),
            defaults=context["dag"].params.dump(),
            conf=context["dag_run"].conf or {},
        )

    def _finish(self, report: TaskReport) -> None:
        """Succeed, or raise what makes Airflow retry or give up."""
        failure = report.failure
        if failure is None:
            return
        from kedro_aloft.compat import airflow_exception, airflow_fail_exception
        from kedro_aloft.contract.summary import shorten

        place = f"Node '{failure.node}' failed" if failure.node else "The task failed outside of its nodes"
        message = f"{place}: {failure.type.rpartition('.')[2]}: {shorten(failure.message)}"
        raise (airflow_fail_exception if failure.deterministic else airflow_exception)(message)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the nodes; put the old ones back, since Airflow may reuse the process."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
