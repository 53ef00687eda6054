"""What it costs to make a DAG file: `create` and `plan` of ours, and kedro-airflow's `create`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import dags
from bench.commands import measure
from bench.environments import kedro_airflow, kedro_aloft
from bench.projects import layered, write_synthetic

if TYPE_CHECKING:
    from bench.figures import Figures

SIZES = (10, 100, 1000, 5000)
QUICK_SIZES = (10, 100, 1000)


def measure_creating(figures: Figures, *, sizes: tuple[int, ...], repeats: int) -> None:
    """Measure processor seconds of the commands for layered projects, in turn."""
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory:
        for size in sizes:
            project = write_synthetic(Path(directory), layered(size))
            for repeat in range(repeats + 1):
                samples = _measure_each(project, Path(directory) / "dags")
                if repeat:  # the first one fills the page cache
                    for variant, (cpu_s, wall_s) in samples.items():
                        figures.add(f"create-{size}.{variant}.cpu_s", cpu_s)
                        figures.add(f"create-{size}.{variant}.wall_s", wall_s)


def _measure_each(project: Path, target: Path) -> dict[str, tuple[float, float]]:
    # OmegaConf reads no catalog of some thousand entries unless told to.
    env = {**dags.source_path(project), "OMEGACONF_MAX_YAML_EXPANDED_NODES": "none"}
    theirs, ours = kedro_airflow() / "kedro", kedro_aloft() / "kedro"
    commands: dict[str, list[str | Path]] = {
        "kedro-airflow-create": [theirs, "airflow", "create", "-t", target / "theirs"],
        "ours-create": [ours, "airflow", "create", "--group-by", "none", "-t", target / "ours"],
        "ours-create-auto": [ours, "airflow", "create", "--group-by", "auto", "-t", target / "auto"],
        "ours-plan": [ours, "airflow", "plan", "--group-by", "none"],
        "ours-plan-auto": [ours, "airflow", "plan", "--group-by", "auto"],
    }
    samples = {}
    for variant, command in commands.items():
        used = measure(command, cwd=project, env=env)
        samples[variant] = (used.cpu_s, used.wall_s)
    return samples
