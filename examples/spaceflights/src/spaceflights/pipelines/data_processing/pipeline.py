"""The pipeline ``data_processing``: three nodes, every output is kept."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from spaceflights.pipelines.data_processing.nodes import (
    create_model_input_table,
    preprocess_companies,
    preprocess_shuttles,
)


def create_pipeline(**_: object) -> Pipeline:
    """Return the pipeline from raw tables to ``model_input_table``."""
    return Pipeline(
        [
            node(preprocess_companies, "companies", "preprocessed_companies", name="preprocess_companies_node"),
            node(preprocess_shuttles, "shuttles", "preprocessed_shuttles", name="preprocess_shuttles_node"),
            node(
                create_model_input_table,
                ["preprocessed_shuttles", "preprocessed_companies", "reviews"],
                "model_input_table",
                name="create_model_input_table_node",
            ),
        ]
    )
