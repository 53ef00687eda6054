"""Predict the price of a flight."""

from spaceflights.pipelines.data_science.pipeline import create_pipeline

__all__ = ["create_pipeline"]
