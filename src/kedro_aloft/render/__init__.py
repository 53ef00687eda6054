"""Plan and settings → DAG source and pictures. Pure, apart from `write`, which is where text becomes files.

Imports no Kedro and no Airflow; jinja2 only when there is a custom template.
"""

from kedro_aloft.render.around import Around
from kedro_aloft.render.dag import RenderedDag, recorded_fingerprint, render_dag, was_edited
from kedro_aloft.render.form import looks_secret
from kedro_aloft.render.mermaid import render_mermaid
from kedro_aloft.render.names import dag_id_for, file_name
from kedro_aloft.render.schedule import uses_data_interval
from kedro_aloft.render.template import render_template
from kedro_aloft.render.write import Written, write_file, write_files

__all__ = [
    "Around",
    "RenderedDag",
    "Written",
    "dag_id_for",
    "file_name",
    "looks_secret",
    "recorded_fingerprint",
    "render_dag",
    "render_mermaid",
    "render_template",
    "uses_data_interval",
    "was_edited",
    "write_file",
    "write_files",
]
