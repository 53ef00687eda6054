"""Clean the three raw tables and join them."""

from spaceflights.pipelines.data_processing.pipeline import create_pipeline

__all__ = ["create_pipeline"]
