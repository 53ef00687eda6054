"""The pictures of the documentation: a finished run of the example in Airflow, and its trigger form.

    python -m scripts.screenshot [--kedro PATH] [--chromium PATH]

Runs a copy of examples/spaceflights on the embedded Airflow, logs in with a browser as a user would, and writes
`docs/images/`. Needs playwright and a chromium; nothing that it starts outlives it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "spaceflights"
PICTURES = ROOT / "docs" / "images"
VIEWPORT = {"width": 1500, "height": 700}
DETAILS_PX = 330
PATIENCE_MS = 180_000
_LOOKS = 20


def main() -> None:
    """Run the example, take the picture, stop Airflow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kedro", type=Path, default=Path(sys.executable).with_name("kedro"))
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="default: playwright's own")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kedro-aloft-") as directory:
        project = Path(directory) / "spaceflights"
        shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("data", ".airflow", "__pycache__"))
        run_program(chosen.kedro.with_name("python"), "make_data.py", cwd=project)
        try:
            run_program(chosen.kedro, "airflow", "up", cwd=project)
            outcome = json.loads(run_program(chosen.kedro, "airflow", "run", "--json", cwd=project))
            url = json.loads(run_program(chosen.kedro, "airflow", "status", "--json", cwd=project))["url"]
            (user,) = json.loads((project / ".airflow" / "passwords.json").read_text(encoding="utf-8")).items()
            take_pictures(url, user=user, outcome=outcome, chromium=chosen.chromium)
        finally:
            run_program(chosen.kedro, "airflow", "down", cwd=project)


def take_pictures(url: str, *, user: tuple[str, str], outcome: dict[str, Any], chromium: str | None) -> None:
    """Write the pictures.

    Args:
        url: Address of Airflow.
        user: Name and password.
        outcome: What `kedro airflow run --json` printed.
        chromium: Path of the browser; None for playwright's own.
    """
    dag = f"{url}/dags/{outcome['dag_id']}"
    # playwright is no dependency of anything else here, and mypy shall not need it.
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEWPORT, device_scale_factor=1.5, locale="en-US", color_scheme="light")
        page.set_default_timeout(PATIENCE_MS)
        log_in(page, url, user)
        PICTURES.mkdir(exist_ok=True)
        page.goto(f"{dag}/runs/{outcome['run_id']}")
        show_graph(page, [task["id"] for task in outcome["tasks"]])
        page.screenshot(path=str(PICTURES / "ui-run.png"))
        page.goto(dag)
        _show_form(page).screenshot(path=str(PICTURES / "ui-form.png"))
        browser.close()


def log_in(page: Any, url: str, user: tuple[str, str]) -> None:
    """Log in as a user would."""
    page.goto(url)
    page.locator("input[name=username]").fill(user[0])
    page.locator("input[name=password]").fill(user[1])
    page.locator("button[type=submit]").click()
    page.wait_for_url(f"{url}/")


def show_graph(page: Any, tasks: list[str], *, groups: bool = True) -> None:
    """Open every task group, if there are some; give the graph most of the room, wait until every task is drawn."""
    page.get_by_label("Show Graph").click()
    if groups:
        page.get_by_label("Expand all task groups").click()
    graph = page.locator(".react-flow")
    border = page.locator("[data-panel-resize-handle-id]").last.bounding_box()
    page.mouse.move(border["x"] + 1, border["y"] + 20)
    page.mouse.down()
    page.mouse.move(VIEWPORT["width"] - DETAILS_PX, border["y"] + 20, steps=10)
    page.mouse.up()
    for task in tasks:
        graph.locator(f'.react-flow__node[data-id="{task}"]').wait_for()
    graph.get_by_label("Fit View").click()
    settle(graph)


def settle(part: Any) -> None:
    """Wait until a part of the page looks the same twice, but not for ever."""
    looks = (part.screenshot() for _ in range(_LOOKS))
    last = next(looks)
    for look in looks:
        if look == last:
            return
        last = look


def _show_form(page: Any) -> Any:
    """Open the trigger form; return it. The window must be high enough for all of it."""
    page.set_viewport_size({"width": 1100, "height": 1000})
    page.get_by_label("Trigger Dag").first.click()
    form = page.get_by_role("dialog")
    form.get_by_text("test_size").wait_for()
    page.wait_for_load_state("networkidle")
    return form


def run_program(program: Path, *arguments: str, cwd: Path) -> str:
    """Run a program; return what it printed."""
    return subprocess.run([program, *arguments], check=True, cwd=cwd, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
