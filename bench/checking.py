"""What the rules of `check` cost beside what the project itself costs: the import of its pipelines."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import dags
from bench.commands import BenchError, measure
from bench.environments import kedro_aloft
from bench.projects import layered, write_synthetic

if TYPE_CHECKING:
    from bench.figures import Figures

SIZE = 1000

_STEPS = """\
import json, time
marks = [time.process_time()]
from kedro_aloft.project import open_project
project = open_project()
nodes = len(project.pipelines["__default__"].nodes)
marks.append(time.process_time())
from kedro_aloft import compiler
from kedro_aloft.rules import Severity
ask, spent = compiler._checked, []
def timed(*arguments):
    begun = time.process_time()
    checked = ask(*arguments)
    spent.append(time.process_time() - begun)
    return checked
compiler._checked = timed
compiler.compile_project(project, compiler.Order(overrides={"group_by": "none"}, least=Severity.INFO, command="check"))
print("\\nSTEPS", json.dumps({"nodes": nodes, "pipelines": marks[1] - marks[0], "rules": spent[0]}))
"""


def measure_checking(figures: Figures, *, repeats: int) -> None:
    """Measure processor seconds: importing the pipelines of a project, and asking all rules about it.

    Raises:
        BenchError: The project is not the one that was to be measured.
    """
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory:
        project = write_synthetic(Path(directory), layered(SIZE))
        command = [kedro_aloft() / "python", "-W", "ignore", "-c", _STEPS]
        for repeat in range(repeats + 1):
            used = measure(command, cwd=project, env=dags.source_path(project))
            steps = json.loads(used.output.rpartition("STEPS ")[2])
            if steps["nodes"] != SIZE:
                raise BenchError(f"the project has {steps['nodes']} nodes")
            if repeat:  # the first one fills the page cache
                figures.add(f"check-{SIZE}.pipelines.cpu_s", steps["pipelines"])
                figures.add(f"check-{SIZE}.rules.cpu_s", steps["rules"])
