"""Pure core: what a pipeline is (Snapshot) and how it is cut into tasks (Plan).

Imports the standard library and `kedro_aloft.errors` only: no Kedro, Airflow, YAML, clock, environment or disk.
"""
