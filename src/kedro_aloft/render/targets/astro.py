"""An Astro project: what Astronomer's builder and its command line read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REGISTRY = "astrocrpublic.azurecr.io/runtime"
_HOME = "/usr/local/airflow"
RUNTIME = "include/kedro-aloft/kedro_aloft"
"""Where the folder has our runtime."""

_DOCKERFILE = f"""\
# Astro Runtime for this project. Written by `kedro airflow deploy`, which overwrites it: `runtime` and `packages`
# stand in airflow.yml, libraries come from the project's requirements. Code and configuration are in dags/, beside
# the DAG files, so that a change of code is a deploy of DAGs alone.
ARG BASE={REGISTRY}:{{runtime}}
FROM ${{{{BASE}}}}

# The runtime of the tasks. Astro's image copies this folder to {_HOME}.
ENV PYTHONPATH={_HOME}/include/kedro-aloft
"""

_DOCKERIGNORE = """\
.astro
.git
.env
.venv
__pycache__
*.pyc
"""


def render_astro(*, runtime: str, requirements: str, packages: Sequence[str] = ()) -> Mapping[str, str]:
    """Return the files of the project's root, by name.

    Args:
        runtime: Version of Astro Runtime.
        requirements: The project's libraries, with newlines.
        packages: Packages of the operating system, sorted.
    """
    return {
        ".dockerignore": _DOCKERIGNORE,
        "Dockerfile": _DOCKERFILE.format(runtime=runtime),
        "packages.txt": "".join(f"{name}\n" for name in packages),
        "requirements.txt": requirements,
    }
