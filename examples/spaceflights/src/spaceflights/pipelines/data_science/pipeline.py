"""The pipeline ``data_science``: three nodes, no output is in the catalog, so all of them live in memory."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from spaceflights.pipelines.data_science.nodes import evaluate_model, split_data, train_model


def create_pipeline(**_: object) -> Pipeline:
    """Return the pipeline from ``model_input_table`` to ``regressor`` and ``metrics``."""
    return Pipeline(
        [
            node(
                split_data,
                ["model_input_table", "params:model_options"],
                ["X_train", "X_test", "y_train", "y_test"],
                name="split_data_node",
            ),
            node(train_model, ["X_train", "y_train"], "regressor", name="train_model_node"),
            node(evaluate_model, ["regressor", "X_test", "y_test"], "metrics", name="evaluate_model_node"),
        ]
    )
