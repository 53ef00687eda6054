"""What runs before Kedro changes when things are loaded, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from support.commands import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import ProjectBuilder


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import kedro_aloft.cli.early\n{code}"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_without_kedros_start_too_stdout_belongs_to_results(builder: ProjectBuilder) -> None:
    nodes = "node(go, 'params:x', 'y', name='go')"
    project = builder.functions("def go(x):\n    return x").pipeline("__default__", nodes).parameters(x=1).build()
    done = run_command(sys.executable, "-m", "kedro_aloft", "plan", "--json", cwd=project.path).ok()
    assert [task["nodes"] for task in json.loads(done.out)["tasks"]] == [["go"]]


def test_entry_points_are_those_that_are_installed() -> None:
    ask = """
from importlib.metadata import entry_points
import importlib.metadata as metadata
for _ in range(2):
    print(sorted((one.group, one.name, one.value) for group in ("kedro.hooks", "console_scripts", "no")
          for one in metadata.entry_points(group=group)))
    print(sorted(one.value for one in metadata.entry_points().select(group="console_scripts", name="kedro")))
"""
    plain = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout
    assert "kedro" in plain
    assert _run(ask) == plain


def test_a_new_place_is_searched_for_entry_points(tmp_path: Path) -> None:
    _run(f"""
import sys
from pathlib import Path
from importlib import metadata
assert not metadata.entry_points(group="aloft.test")
place = Path({str(tmp_path)!r})
(place / "thing-1.dist-info").mkdir()
(place / "thing-1.dist-info" / "METADATA").write_text("Name: thing\\nVersion: 1\\n")
(place / "thing-1.dist-info" / "entry_points.txt").write_text("[aloft.test]\\na = b:c\\n")
sys.path.insert(0, str(place))
(found,) = metadata.entry_points(group="aloft.test")
assert found.value == "b:c"
""")


def test_python_ends_without_another_look_through_all_objects() -> None:
    last = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 1000))"
    code = f"{last}; import kedro_aloft.cli.early; atexit.register(lambda: print('before'))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "before\nTrue\n"
