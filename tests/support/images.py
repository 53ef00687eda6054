"""Images of projects, built as users build them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.engine import Engine
    from support.projects import Project


def build_image(project: Project, engine: Engine) -> dict[str, str]:
    """Build the project's image, on the machine's own base, without a registry; return what the command says."""
    done = project.airflow(
        *("image", "build", "--json", f"--base-image={engine.base_image()}", "--build-option=--network=host"),
        env=engine.environment,
    )
    built: dict[str, str] = json.loads(done.ok().out)
    return built
