"""What is done once per DAG run: the setup before all tasks that run nodes, and the teardown after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import PER_RUN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.settings.models import DagSettings

START_ID, FINISH_ID = "start_run", "finish_run"
"""The operators' own defaults, used unless a task is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the tasks around a DAG's nodes must know.

    Args:
        mlflow: Whether the project uses kedro-mlflow, so that a DAG run has an MLflow run.
        filtered: Whether the DAG has some nodes of the pipeline only.
    """

    mlflow: bool = False
    filtered: bool = False

    def is_needed(self, settings: DagSettings) -> bool:
        """Whether there is anything to do once per DAG run."""
        return self.mlflow or settings.pipeline_hooks == PER_RUN

    def shared(self, settings: DagSettings) -> dict[str, Any]:
        """Return what every task of the DAG must know of it, without what is everybody's default."""
        hooks = settings.pipeline_hooks
        return {**({"mlflow": True} if self.mlflow else {}), **({"pipeline_hooks": hooks} if hooks == PER_RUN else {})}

    def work(self, plan: Plan, settings: DagSettings) -> Mapping[str, Any]:
        """Return what the setup and the teardown must know beside: `kedro run` names its nodes when it is filtered."""
        if not (self.filtered and settings.pipeline_hooks == PER_RUN):
            return {}
        return {"nodes": [node for task in plan.tasks for node in task.nodes]}

    def describe(self, settings: DagSettings, *, starts: bool) -> str:
        """Return what the setup, or the teardown, does, in Markdown."""
        mlflow = ("Makes the MLflow run of the DAG run", "Gives the MLflow run of the DAG run its final state")
        hooks = ("Calls the hooks `before_pipeline_run`", "Calls the hooks `after_pipeline_run` or `on_pipeline_error`")
        index = 0 if starts else 1
        done = [
            *([f"{mlflow[index]}."] if self.mlflow else []),
            *([f"{hooks[index]}."] if settings.pipeline_hooks == PER_RUN else []),
        ]
        return " ".join(done)


def before_finish(plan: Plan) -> tuple[str, ...]:
    """Return the tasks that have ended only when all have.

    The leaves alone would not do: a leaf ends at once as `upstream_failed` while another branch still runs. A task that
    is the only parent of another one has ended when that one has.
    """
    only_parents = {task.upstream[0] for task in plan.tasks if len(task.upstream) == 1}
    return tuple(task.id for task in plan.tasks if task.id not in only_parents)
