"""Tests of a project on Airflow: trials against `kedro run`, and fixtures for pytest.

In a `conftest.py` or a test module:

    pytest_plugins = ["kedro_aloft.testing"]

No entry point does that for you: pytest would load it in every project of an environment, for people who test
something else. pytest is no dependency of this package; only `plugin` imports it.
"""

pytest_plugins = ["kedro_aloft.testing.plugin"]
