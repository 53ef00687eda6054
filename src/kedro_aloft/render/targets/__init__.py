"""Text of the files that targets need beside DAG files: images, Docker Compose, values of a chart. Pure."""

from kedro_aloft.render.targets.astro import render_astro
from kedro_aloft.render.targets.compose import render_compose
from kedro_aloft.render.targets.helm import Bundle, render_values
from kedro_aloft.render.targets.image import AIRFLOW_VERSION, airflow_image, render_dockerfile

__all__ = [
    "AIRFLOW_VERSION",
    "Bundle",
    "airflow_image",
    "render_astro",
    "render_compose",
    "render_dockerfile",
    "render_values",
]
