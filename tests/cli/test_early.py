"""What runs before Kedro changes when things are loaded, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ASYNCIO = """
import asyncio
import sys
{before}
assert "asyncio.events" not in sys.modules
{use}
assert type(asyncio) is type(sys) and asyncio is sys.modules["asyncio"] and asyncio.__path__
assert asyncio.TimeoutError is TimeoutError and not hasattr(asyncio, "nothing")

async def answer():
    await asyncio.sleep(0)
    return 42

assert asyncio.run(answer()) == 42
"""

IN_THREADS = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: asyncio.Lock, range(8)))
"""


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import kedro_aloft.cli.early\n{code}"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has a TimeoutError of its own there")
@pytest.mark.parametrize(
    "use",
    [
        "asyncio.get_event_loop_policy",
        "import asyncio.events",
        "from asyncio import locks",
        "from asyncio import *",
        IN_THREADS,
    ],
)
def test_asyncio_is_loaded_at_its_first_use(use: str) -> None:
    _run(ASYNCIO.format(before="import asyncio as other; other.TimeoutError", use=use))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has a TimeoutError of its own there")
def test_fsspec_does_without_asyncio() -> None:
    pytest.importorskip("fsspec")
    _run('import fsspec, sys\nassert "asyncio.events" not in sys.modules\nassert fsspec.filesystem("file").exists("/")')


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
