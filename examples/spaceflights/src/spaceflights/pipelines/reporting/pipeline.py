"""The pipeline ``reporting``: three nodes in one namespace, which Airflow shows as a task group."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from spaceflights.pipelines.reporting.nodes import plot_capacity, report_evaluation, summarize_capacity


def create_pipeline(**_: object) -> Pipeline:
    """Return the pipeline that writes the capacity table, its plot and the evaluation of the model."""
    nodes = [
        node(
            summarize_capacity,
            ["preprocessed_shuttles", "params:capacity_report"],
            "capacity_by_shuttle_type",
            name="summarize_capacity_node",
        ),
        node(plot_capacity, "capacity_by_shuttle_type", "capacity_plot", name="plot_capacity_node"),
        node(report_evaluation, ["metrics", "regressor"], "evaluation", name="report_evaluation_node"),
    ]
    return Pipeline(
        nodes,
        namespace="reporting",
        # The datasets keep their plain names: the namespace groups nodes, it does not rename data.
        inputs={"preprocessed_shuttles", "metrics", "regressor"},
        outputs={"capacity_by_shuttle_type", "capacity_plot", "evaluation"},
        parameters={"params:capacity_report"},
    )
