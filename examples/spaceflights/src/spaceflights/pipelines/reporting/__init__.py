"""Write what people read: capacity by shuttle type, and how good the model is."""

from spaceflights.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
