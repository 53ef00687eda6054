"""The Dockerfile of a project: written on first use, and the user's from then on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kedro_aloft.images.context import DOCKERFILE, REQUIREMENTS, RUNTIME

if TYPE_CHECKING:
    from pathlib import Path

USER_ID = 10001
PROJECT = "/home/kedro/project"
REVISION = "KEDRO_ALOFT_GIT_SHA"

_TEXT = f"""\
# The image in which Airflow runs the nodes of this project. `kedro airflow image build` wrote this file once; it is
# yours. The build context is not this folder: it has project/ (without data, secrets and history), {REQUIREMENTS}
# and {RUNTIME}/, the runtime. `kedro airflow image build --context DIR` writes it for other builders.
ARG BASE=python:{{python}}-slim
FROM ${{{{BASE}}}}

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore HOME=/home/kedro

# Libraries: a layer that changes only with their versions. pip compiles bytecode.
COPY {REQUIREMENTS} /opt/kedro-aloft/
RUN python -m pip install --quiet -r /opt/kedro-aloft/{REQUIREMENTS}

# The runtime, found beside the libraries.
COPY {RUNTIME} /opt/kedro-aloft/{RUNTIME}
RUN python -c "import site; print(site.getsitepackages()[0])" > /tmp/site \\
    && echo /opt/kedro-aloft > "$(cat /tmp/site)/kedro_aloft_runtime.pth" \\
    && python -m compileall -q /opt/kedro-aloft && rm /tmp/site

# Code and configuration. Folders that others write to are open to any user: containers may run as the Airflow worker.
RUN useradd --uid {USER_ID} --home-dir /home/kedro kedro 2>/dev/null || true \\
    && mkdir -p {PROJECT}/data {PROJECT}/.airflow/handoff \\
    && chmod -R 1777 /home/kedro
COPY project {PROJECT}
RUN mkdir -p {PROJECT}/conf/local && python -m compileall -q {PROJECT}/src

# The commit, for MLflow's runs.
ARG {REVISION}=
ENV {REVISION}=${{{{{REVISION}}}}}

WORKDIR {PROJECT}
USER {USER_ID}
"""


def read_dockerfile(project: Path) -> str | None:
    """Return the text of the project's Dockerfile, or None when it has none yet."""
    path = project / DOCKERFILE
    return path.read_text(encoding="utf-8") if path.exists() else None


def write_dockerfile(project: Path) -> tuple[str, bool]:
    """Return the text of the project's Dockerfile, and whether it was written just now."""
    known = read_dockerfile(project)
    if known is not None:
        return known, False
    text = _TEXT.format(python=f"{sys.version_info.major}.{sys.version_info.minor}")
    (project / DOCKERFILE).write_text(text, encoding="utf-8")
    return text, True
