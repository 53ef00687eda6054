"""The image of an Airflow that runs a project's tasks itself: Airflow's own, the project's libraries, the runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

AIRFLOW_VERSION = "3.3.2"
"""The newest that our tests run with."""

RUNTIME_HOME = "/opt/kedro-aloft"
"""Where the image has the runtime and the list of libraries."""

_HEAD = """\
# Airflow with the libraries of the project. Written by `kedro airflow deploy`, which overwrites it: libraries come from
# the project's requirements, `base_image` and `packages` from airflow.yml. Code and configuration are not in here; they
# come with the DAG files, so that a change of code needs no new image.
ARG BASE={base}
FROM ${{BASE}}
"""

_PACKAGES = """
USER root
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*
USER airflow
"""

_BODY = f"""
# A layer that changes only with versions. Naming Airflow keeps pip from replacing it.
COPY requirements.txt {RUNTIME_HOME}/requirements.txt
RUN python -m pip install --quiet --no-cache-dir ${{AIRFLOW_VERSION:+"apache-airflow==${{AIRFLOW_VERSION}}"}} \\
    -r {RUNTIME_HOME}/requirements.txt

COPY kedro_aloft {RUNTIME_HOME}/kedro_aloft
ENV PYTHONPATH={RUNTIME_HOME}
"""


def airflow_image(python: str) -> str:
    """Return Airflow's official image for a version of Python, such as `3.12`."""
    return f"apache/airflow:{AIRFLOW_VERSION}-python{python}"


def render_dockerfile(*, base: str, packages: Sequence[str] = (), copies: Sequence[tuple[str, str]] = ()) -> str:
    """Return the Dockerfile.

    Args:
        base: An image of Airflow.
        packages: Packages of the operating system to install, sorted.
        copies: More of the context to copy: its path, and where it goes.
    """
    text = _HEAD.format(base=base)
    if packages:
        text += _PACKAGES.format(packages=" ".join(packages))
    return text + _BODY + "".join(f"\nCOPY {source} {target}\n" for source, target in copies)
