"""`kedro run` in a copy of the project: what a DAG run has to equal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.project import Project

DEFAULT_PIPELINE = "__default__"
_LOG_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class KedroResult:
    """How `kedro run` ended: `success` or `failed`, its seconds, the end of what it said."""

    state: str
    seconds: float
    said: str = ""


def run_kedro(project: Project, dag: CompiledDag, *, params: Mapping[str, Any], env: Mapping[str, str]) -> KedroResult:
    """Run one pipeline in a project, with the nodes of a DAG.

    Args:
        project: A copy of the project: its data are written.
        dag: What is to run.
        params: Runtime parameters, as the tasks of the DAG got them.
        env: Environment variables, likewise.
    """
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "kedro", "run", *_options(project, dag, params)],
        cwd=project.path,
        env={**os.environ, "DO_NOT_TRACK": "1", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return KedroResult(
        state="failed" if done.returncode else "success",
        seconds=time.monotonic() - started,
        said="\n".join(done.stdout.splitlines()[-_LOG_LINES:]),
    )


def _options(project: Project, dag: CompiledDag, params: Mapping[str, Any]) -> Sequence[str]:
    options = [f"--env={project.env}"]
    if project.conf_source:
        options.append(f"--conf-source={project.conf_source}")
    if dag.plan.pipeline != DEFAULT_PIPELINE:
        options += ["-p", dag.plan.pipeline]  # its long name changed with Kedro 1.3
    nodes = [node.name for node in dag.snapshot.nodes]
    if len(nodes) < len(project.pipelines[dag.plan.pipeline].nodes):
        options.append(f"--nodes={','.join(nodes)}")
    if dag.settings.load_versions:
        options.append(
            "--load-versions=" + ",".join(f"{name}:{one}" for name, one in dag.settings.load_versions.items())
        )
    if params:
        # Through a file: on the command line only flat texts, numbers and booleans are possible.
        file = project.path.parent / "run.json"
        file.write_text(json.dumps({"run": {"params": params}}), encoding="utf-8")
        options.append(f"--config={file}")
    return options
