"""Projects to measure: the example, and synthetic ones whose work is known.

All of a synthetic project's datasets are pickles on disk, so that kedro-airflow can run it too.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "spaceflights"
LAYER = 10
MAX_PARENTS = 3

_FUNCTIONS = '''\
"""Nodes that take no time, wait, or compute for a known time."""

import time


def tiny(*_inputs):
    return 1


def wait(seconds, *_inputs):
    time.sleep(seconds)
    return 1


def compute(seconds, *_inputs):
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(10_000))
    return 1
'''

_REGISTRY = '''\
"""One pipeline."""

from kedro.pipeline import Pipeline, node

from {package}.functions import {function}


def register_pipelines():
    return {{
        "__default__": Pipeline(
            [
{nodes}
            ]
        )
    }}
'''


@dataclass(frozen=True)
class Shape:
    """The work of a synthetic project.

    Args:
        name: Name of project, package and case.
        parents: For each node, the nodes whose outputs it reads.
        function: What every node calls: `tiny`, `wait` or `compute`.
        seconds: How long the nodes `wait` or `compute`; one per node.
    """

    name: str
    parents: tuple[tuple[int, ...], ...]
    function: str = "tiny"
    seconds: tuple[float, ...] = ()

    @property
    def work_s(self) -> float:
        """Seconds of work of all nodes."""
        return sum(self.seconds)


def layered(count: int) -> Shape:
    """Layers of ten nodes, each of which reads one to three nodes of the layer before."""
    draw = random.Random(count)  # noqa: S311  the same graph every time
    parents: list[tuple[int, ...]] = []
    for i in range(count):
        before = range(i // LAYER * LAYER - LAYER, i // LAYER * LAYER) if i >= LAYER else ()
        parents.append(tuple(sorted(draw.sample(before, draw.randint(1, MAX_PARENTS)))) if before else ())
    return Shape(f"layered_{count}", tuple(parents))


def chain(count: int, seconds: float) -> Shape:
    """A chain of nodes that wait."""
    parents = tuple((i - 1,) if i else () for i in range(count))
    return Shape(f"chain_{count}", parents, "wait", (seconds,) * count)


def branches(seconds: float) -> Shape:
    """Two independent branches of two computing nodes each."""
    return Shape("branches", ((), (), (0,), (1,)), "compute", (seconds / 2,) * 4)


def write_synthetic(folder: Path, shape: Shape) -> Path:
    """Write a project; return its path."""
    project, source = folder / shape.name, folder / shape.name / "src" / shape.name
    for path in (source, project / "conf/base", project / "conf/local", project / "data"):
        path.mkdir(parents=True)
    count = len(shape.parents)
    nodes = "\n".join(f"                {_node(shape, i)}," for i in range(count))
    registry = _REGISTRY.format(package=shape.name, function=shape.function, nodes=nodes)
    parameters = [f"s{shape.seconds.index(one)}: {one}\n" for one in sorted(set(shape.seconds))] or ["x: 1\n"]
    catalog = [f"d{i}:\n  type: pickle.PickleDataset\n  filepath: data/d{i}.pkl\n" for i in range(count)]
    files = {
        project / "pyproject.toml": _pyproject(shape.name),
        project / "conf/base/catalog.yml": "".join(catalog),
        project / "conf/base/parameters.yml": "".join(parameters),
        source / "__init__.py": "",
        source / "settings.py": "",
        source / "functions.py": _FUNCTIONS,
        source / "pipeline_registry.py": registry,
    }
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return project


def _node(shape: Shape, i: int) -> str:
    timed = [f"params:s{shape.seconds.index(shape.seconds[i])}"] if shape.seconds else []
    inputs = [*timed, *(f"d{parent}" for parent in shape.parents[i])] or ["params:x"]
    return f'node({shape.function}, {inputs}, "d{i}", name="n{i}")'


def _pyproject(name: str) -> str:
    return f'[tool.kedro]\npackage_name = "{name}"\nproject_name = "{name}"\nkedro_init_version = "1.2.0"\n'


def write_spaceflights(folder: Path) -> Path:
    """Copy the example with its data, and add the catalog that kedro-airflow needs as environment `persisted`."""
    project = folder / "spaceflights"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("data", ".airflow", "dags", "__pycache__", "local"))
    (project / "conf" / "local").mkdir()
    (project / "conf" / "persisted").mkdir()
    # Its documentation tells to keep everything: tasks of kedro-airflow hand over nothing that lives in memory.
    catalog = '"{dataset}":\n  type: pickle.PickleDataset\n  filepath: data/04_feature/{dataset}.pkl\n'
    (project / "conf" / "persisted" / "catalog.yml").write_text(catalog, encoding="utf-8")
    subprocess.run([sys.executable, "make_data.py"], cwd=project, check=True, stdout=subprocess.DEVNULL)
    return project
