"""The pictures of fused tasks: a run at work, one that failed, the same one after a clear.

    python -m scripts.screenshot_fused [--kedro PATH] [--chromium PATH] [--to FOLDER]

Runs a copy of examples/spaceflights, all nodes in one task, whose training waits for orders, and looks at it with a
browser as a user would. What the pictures must show is checked on the page before each is taken.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.client import AirflowApi
from scripts.screenshot import EXAMPLE, PATIENCE_MS, PICTURES, VIEWPORT, log_in, run_program, show_graph

if TYPE_CHECKING:
    from collections.abc import Callable

NODE = "train_model_node"
_ORDERS = '''

import time
from pathlib import Path

_train = train_model


def train_model(features: pd.DataFrame, price: pd.Series) -> LinearRegression:
    """Wait for an order."""
    order = Path("order.txt")
    while not order.exists():
        time.sleep(0.1)
    what = order.read_text()
    order.unlink()
    if what == "fail":
        raise ValueError("could not convert string to float: 'twelve'")
    return _train(features, price)
'''


def main() -> None:
    """Run the example, take the pictures, stop Airflow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kedro", type=Path, default=Path(sys.executable).with_name("kedro"))
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="default: playwright's own")
    parser.add_argument("--to", type=Path, default=PICTURES)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kedro-aloft-") as directory:
        project = make_project(Path(directory))
        run_program(chosen.kedro.with_name("python"), "make_data.py", cwd=project)
        try:
            run_program(chosen.kedro, "airflow", "up", cwd=project)
            url = json.loads(run_program(chosen.kedro, "airflow", "status", "--json", cwd=project))["url"]
            (user,) = json.loads((project / ".airflow" / "passwords.json").read_text(encoding="utf-8")).items()
            take_pictures(project, url, user=user, chromium=chosen.chromium, to=chosen.to)
        finally:
            run_program(chosen.kedro, "airflow", "down", cwd=project)


def make_project(directory: Path) -> Path:
    """Return a copy of the example whose training waits for orders, with all nodes in one task."""
    project = directory / "spaceflights"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("data", ".airflow", "__pycache__"))
    nodes = project / "src/spaceflights/pipelines/data_science/nodes.py"
    nodes.write_text(nodes.read_text(encoding="utf-8") + _ORDERS, encoding="utf-8")
    registry = project / "src/spaceflights/pipeline_registry.py"
    text = registry.read_text(encoding="utf-8").replace(
        "return pipelines", 'return {"__default__": pipelines["__default__"]}'
    )
    registry.write_text(text, encoding="utf-8")
    settings = "default:\n  group_by: pipeline\n  mirrors: live\n  retries: 0\n  task_groups: false\n"
    (project / "conf/base/airflow.yml").write_text(settings, encoding="utf-8")
    return project


def take_pictures(project: Path, url: str, *, user: tuple[str, str], chromium: str | None, to: Path) -> None:
    """Write `ui-fused-running.png`, `ui-fused-failed.png`, `ui-fused-grid.png`, `ui-fused-resumed.png`.

    Args:
        project: The project, for orders.
        url: Address of Airflow.
        user: Name and password.
        chromium: Path of the browser; None for playwright's own.
        to: Folder of the pictures.
    """
    api = AirflowApi(url, username=user[0], password=user[1])
    dag_id = _await(lambda: [one["dag_id"] for one in api.dags(tag="kedro-aloft")])[0]
    run_id = api.trigger(dag_id).run_id
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEWPORT, device_scale_factor=1.5, locale="en-US", color_scheme="light")
        page.set_default_timeout(PATIENCE_MS)
        log_in(page, url, user)

        def picture(name: str, *, node: str) -> None:
            _await(lambda: _state(api, dag_id, run_id, NODE) == node)
            page.goto(f"{url}/dags/{dag_id}/runs/{run_id}")
            show_graph(page, [task.task_id for task in api.tasks(dag_id, run_id)], groups=False)
            page.screenshot(path=str(to / name))

        _await(lambda: _state(api, dag_id, run_id, "split_data_node") == "success")
        picture("ui-fused-running.png", node="deferred")
        _order(project, "fail")
        _await(lambda: api.run(dag_id, run_id).state == "failed")
        picture("ui-fused-failed.png", node="failed")
        page.goto(f"{url}/dags/{dag_id}/runs/{run_id}/tasks/{NODE}")
        page.get_by_text("could not convert string to float").first.wait_for()
        page.get_by_label("Show Grid").click()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=str(to / "ui-fused-grid.png"))
        api.clear(dag_id, run_id, [NODE], downstream=True, dry_run=False)
        _order(project, "go on")
        _await(lambda: api.run(dag_id, run_id).state == "success")
        picture("ui-fused-resumed.png", node="success")
        browser.close()


def _order(project: Path, what: str) -> None:
    part = project / "order.part"
    part.write_text(what, encoding="utf-8")
    part.rename(project / "order.txt")


def _state(api: AirflowApi, dag_id: str, run_id: str, task_id: str) -> str:
    return next((task.state for task in api.tasks(dag_id, run_id) if task.task_id == task_id), "none")


def _await(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_MS / 1000 * 3
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise SystemExit("waited in vain")
        time.sleep(0.2)
    return value


if __name__ == "__main__":
    main()
