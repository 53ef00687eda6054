"""What the server has done, so that no fork does it again."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from support.commands import user_environment
from support.warm import request_of

if TYPE_CHECKING:
    from support.projects import ProjectBuilder

_PRELOAD_AND_RUN = """
import json, sys
from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.runtime import process
from kedro_aloft.warm.preload import preload

opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
doubt = preload(TaskRequest.from_json(sys.argv[1])).doubt
before = set(sys.modules)
opened.clear()
failure = json.loads(process.run(sys.argv[1]))["failure"]
late = sorted(set(sys.modules) - before)
again = [path for path in opened if path.endswith(("METADATA", "pyproject.toml", "catalog.yml", "parameters.yml"))]
print("found " + json.dumps([doubt, failure, late, again]))
"""
"""What a server and its fork do, in one process."""


def test_a_task_imports_and_reads_nothing_that_the_server_has(builder: ProjectBuilder) -> None:
    nodes = "node(go, 'params:x', 'y', name='go'),\nnode(go, 'y', 'z', name='on')"
    builder.functions("def go(x):\n    return x").pickles("z").parameters(x=1)
    project = builder.pipeline("__default__", nodes).build()
    request = request_of(project, "go", "on", skip_plugin_hooks=("kedro-telemetry",))
    done = subprocess.run(
        [sys.executable, "-c", _PRELOAD_AND_RUN, request.to_json()],
        env=user_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.partition(" ")[2] for line in done.stdout.splitlines() if line.startswith("found ")]
    assert len(found) == 1, done.stderr
    assert json.loads(found[0]) == ["", None, [], []]
