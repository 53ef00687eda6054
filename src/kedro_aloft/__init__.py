"""Run Kedro pipelines on Apache Airflow: compile, run and follow them with one command each."""

__version__ = "0.1.0"
