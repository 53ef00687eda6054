"""Load DAG files in the installed Airflow before anybody relies on them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import RenderError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOAD = """
import json, sys
from kedro_aloft.compat import load_dag_bag
dags, errors = load_dag_bag(sys.argv[1])
print("\\n" + json.dumps({"dags": sorted(dags), "errors": errors}))
"""


def verify_sources(sources: Mapping[str, str], *, package: str, project_path: Path) -> None:  # noqa: ARG001
    """Load the files in a process and an Airflow home of their own; nothing else is touched.

    Args:
        sources: File name → source text.

    Raises:
        UsageError: If no Airflow is installed.
        RenderError: If a file does not load.
    """
    from kedro_aloft.cli.console import ok

    if importlib.util.find_spec("airflow") is None:
        raise UsageError("There is no Airflow to verify with.", remedy="pip install 'kedro-aloft[airflow]'")
    with tempfile.TemporaryDirectory(prefix="kedro-aloft-") as home:
        folder = Path(home) / "dags"
        folder.mkdir()
        for name, source in sources.items():
            (folder / name).write_text(source, encoding="utf-8")
        outcome = _load(folder, Path(home))
    if outcome["errors"]:
        name, trace = next(iter(outcome["errors"].items()))
        raise RenderError(
            f"The DAG file {Path(name).name} does not load in the installed Airflow.",
            seen=str(trace).strip(),
            remedy="report this: what `create` writes must always load",
        )
    ok(f"the installed Airflow loads {', '.join(outcome['dags'])}")


def _load(folder: Path, home: Path) -> dict[str, dict[str, str]]:
    from kedro_aloft.testing.throwaway import throw_away_environment

    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(folder)],
        env=throw_away_environment(home, folder),
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
    )
    if done.returncode != 0:
        raise RenderError("The installed Airflow does not start.", seen=done.stderr.strip()[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])  # type: ignore[no-any-return]
