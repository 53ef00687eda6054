"""The pictures of fused tasks: a run at work, one that failed, the same one after a clear.

    python -m scripts.screenshot_fused [--kedro PATH] [--chromium PATH] [--to FOLDER]

Runs a copy of examples/spaceflights, all nodes in one task, whose training waits for orders, and looks at it with a
browser as a user would. `tests/scripts` does the same and says what must be seen.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.client import AirflowApi
from scripts.screenshot import EXAMPLE, PATIENCE_MS, PICTURES, VIEWPORT, log_in, run_program, settle, show_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NODE = "train_model_node"
FOLLOWING = ("evaluate_model_node", "reporting.report_evaluation_node")
ERROR = "could not convert string to float: 'twelve'"
SCALE = 1.5
Colours = Mapping[str, tuple[int, int, int]]
_MAX_WAIT_S = 600
_ORDERS = f'''

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
        raise ValueError("{ERROR}")
    return _train(features, price)
'''
_READ_NAMES = "boxes => boxes.map(box => [box.dataset.id, box.innerText.split('\\n')[0].trim()])"
_READ_BADGES = """(badges, owner) => badges.map(badge => {
    const paint = document.createElement("canvas").getContext("2d");
    paint.fillStyle = getComputedStyle(badge).backgroundColor;
    paint.fillRect(0, 0, 1, 1);
    const colour = [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
    return [badge.closest(`[${owner}]`).getAttribute(owner), badge.textContent, colour];
})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the browser showed of a run.

    Args:
        name: `running`, `failed` or `resumed`.
        state: The run's state, as its page says.
        tasks: The state of each task, as the graph says; the same as Airflow's API says.
        graph: The colour of each task in the graph: red, green, blue, each 255 at most.
        grid: The same in the grid.
        names: What the graph calls each task.
        words: What the page says beside and in the grid.
        pictures: The graph and the grid.
        log: What the node's page shows as its log; empty unless it failed.
        kept: The XCom `kedro_node` of that node, which is there should Airflow lose the end of a log.
        runner: Address of the task to which that page leads; empty unless the node failed.
    """

    name: str
    state: str
    tasks: Mapping[str, str]
    graph: Colours
    grid: Colours
    names: Mapping[str, str]
    words: str
    pictures: tuple[Path, Path]
    log: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)
    runner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The example on an Airflow that is up.

    Args:
        project: Its copy.
        url: Address of Airflow.
        user: Name and password.
    """

    project: Path
    url: str
    user: tuple[str, str]

    def api(self) -> AirflowApi:
        """Return a client of its Airflow."""
        return AirflowApi(self.url, username=self.user[0], password=self.user[1])

    def order(self, what: str) -> None:
        """Tell the training to `fail`, or to go on."""
        part = self.project / "order.part"
        part.write_text(what, encoding="utf-8")
        part.rename(self.project / "order.txt")


def main() -> None:
    """Run the example, take the pictures, stop Airflow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kedro", type=Path, default=Path(sys.executable).with_name("kedro"))
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="default: playwright's own")
    parser.add_argument("--to", type=Path, default=PICTURES)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="kedro-aloft-") as directory,
        example_on_airflow(Path(directory), kedro=chosen.kedro) as example,
    ):
        for sight in look_at_a_run(example, chromium=chosen.chromium, to=chosen.to):
            print(sight.name, *sight.pictures)


@contextmanager
def example_on_airflow(directory: Path, *, kedro: Path) -> Iterator[Example]:
    """Make the project in a directory, and start an Airflow for it, which ends with the context."""
    project = make_project(directory)
    run_program(kedro.with_name("python"), "make_data.py", cwd=project)
    try:
        run_program(kedro, "airflow", "up", cwd=project)
        url = json.loads(run_program(kedro, "airflow", "status", "--json", cwd=project))["url"]
        (user,) = json.loads((project / ".airflow" / "passwords.json").read_text(encoding="utf-8")).items()
        yield Example(project=project, url=url, user=user)
    finally:
        run_program(kedro, "airflow", "down", cwd=project)


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
    settings = "default:\n  group_by: pipeline\n  retries: 0\n  task_groups: false\n"
    (project / "conf/base/airflow.yml").write_text(settings, encoding="utf-8")
    return project


def look_at_a_run(example: Example, *, chromium: str | None, to: Path) -> Iterator[Sight]:
    """Start a run; look at it while the training waits, when that has failed, and when it has run after a clear.

    Args:
        example: The example; its Airflow stands still while the caller has what this yields.
        chromium: Path of the browser; None for playwright's own.
        to: Folder of the pictures: `ui-fused-<name>.png`, the graph, and `ui-fused-<name>-grid.png`.

    Yields:
        The run at work, failed, resumed.
    """
    api = example.api()
    (dag_id,) = _await(lambda: [one["dag_id"] for one in api.dags(tag="kedro-aloft")], "the DAG")
    run_id = api.trigger(dag_id).run_id
    # playwright is no dependency of anything else here, and mypy shall not need it.
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEWPORT, device_scale_factor=SCALE, locale="en-US", color_scheme="light")
        page.set_default_timeout(PATIENCE_MS)
        log_in(page, example.url, example.user)
        window = _Window(page, api, dag_id, run_id, to)
        waiting = dict.fromkeys((NODE, *FOLLOWING), "deferred")
        _await(lambda: window.unfinished_mirrors() == waiting, "all is done before the training")
        yield window.look("running")
        example.order("fail")
        _await(lambda: api.run(dag_id, run_id).state == "failed", "the run fails")
        yield window.look("failed", failed=NODE)
        api.clear(dag_id, run_id, [NODE], downstream=True, dry_run=False)
        example.order("go on")
        _await(lambda: api.run(dag_id, run_id).finished, "the run ends")
        yield window.look("resumed")
        browser.close()


class _Window:
    """A browser that looks at one run.

    Args:
        page: The page, logged in.
        api: Of the same Airflow.
        dag_id, run_id: The run.
        to: Folder of the pictures.
    """

    def __init__(self, page: Any, api: AirflowApi, dag_id: str, run_id: str, to: Path) -> None:
        self._page = page
        self._api = api
        self._run = (dag_id, run_id)
        self._url = f"{api.url}/dags/{dag_id}/runs/{run_id}"
        self._to = to

    def unfinished_mirrors(self) -> dict[str, str]:
        """Return the states of the tasks that show nodes and are not green."""
        tasks = self._api.tasks(*self._run)
        return {
            task.task_id: task.state for task in tasks if task.operator == "KedroMirror" and task.state != "success"
        }

    def look(self, name: str, *, failed: str = "") -> Sight:
        """Look at the graph, at the page of a task that failed, and at the grid beside that."""
        self._page.goto(self._url)
        tasks, graph = self._look_at_the_graph()
        names = dict(self._page.locator(".react-flow__node").evaluate_all(_READ_NAMES))
        state = _await(self._read_state, "the state of the run")
        picture = self._take_picture(name)
        told = self._look_at_a_task(failed) if failed else {}
        self._page.get_by_label("Show Grid").click()
        grid = _await(lambda: self._read_grid(wanted=set(tasks)), "the grid")
        settle(self._page)
        pictures = (picture, self._take_picture(f"{name}-grid"))
        seen = {"tasks": tasks, "graph": graph, "grid": grid, "names": names, "words": self._page.inner_text("body")}
        return Sight(name=name, state=state, pictures=pictures, **seen, **told)

    def _read_state(self) -> str | None:
        """Return the run's state as soon as the page says what Airflow's API says; without its words it says less."""
        badge = self._page.get_by_test_id("header-card").get_by_test_id("state-badge").first
        state = _state(badge.inner_text())
        return state if state == self._api.run(*self._run).state else None

    def _look_at_the_graph(self) -> tuple[dict[str, str], Colours]:
        """Return what it shows as soon as that is what Airflow's API says."""
        show_graph(self._page, [task.task_id for task in self._api.tasks(*self._run)], groups=False)
        badges = self._page.locator(".react-flow__node [data-testid=state-badge]")

        def read() -> list[Any] | None:
            wanted = {task.task_id: task.state for task in self._api.tasks(*self._run)}
            found = badges.evaluate_all(_READ_BADGES, "data-id")
            return found if {task: _state(text) for task, text, _ in found} == wanted else None

        seen = _await(read, "the states of the tasks in the graph")
        return {task: _state(text) for task, text, _ in seen}, {task: tuple(colour) for task, _, colour in seen}

    def _read_grid(self, *, wanted: set[str]) -> Colours | None:
        found = self._page.get_by_test_id("task-state-badge").evaluate_all(_READ_BADGES, "data-task-id")
        colours = {task: tuple(colour) for task, _, colour in found}
        return colours if set(colours) == wanted else None

    def _read_log(self, task_id: str) -> str:
        """Return the text of the page when it has the last line of the log that Airflow's API gives."""
        entries = [one for one in self._api.log(*self._run, task_id, 1) if isinstance(one, dict)]
        last = str(entries[-1]["event"]).splitlines()[-1]
        content = self._page.get_by_test_id("main-content")
        return str(_await(lambda: (text := content.inner_text()) and last in text and text, "the log"))

    def _look_at_a_task(self, task_id: str) -> dict[str, Any]:
        """Go where the page of a node says that it ran, and then to its log."""
        self._page.goto(f"{self._url}/tasks/{task_id}/details")
        self._page.get_by_role("link", name="Task that runs this node").click()
        self._page.wait_for_url(lambda url: not url.endswith("/details"))
        runner = self._page.url
        self._page.goto(f"{self._url}/tasks/{task_id}")
        kept = self._api.xcom(*self._run, task_id, "kedro_node")
        return {"log": self._read_log(task_id), "kept": kept, "runner": runner}

    def _take_picture(self, name: str) -> Path:
        """Write a picture of 256 colours: a quarter of the bytes."""
        path = self._to / f"ui-fused-{name}.png"
        self._page.screenshot(path=str(path))
        with import_module("PIL.Image").open(path) as picture:
            few = picture.convert("RGB").quantize(256)
        few.save(path, optimize=True)
        return path


def _state(badge: str) -> str:
    return badge.strip().lower().replace(" ", "_") or "none"


def _await(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + _MAX_WAIT_S
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain: {what}")
        time.sleep(0.2)
    return value


if __name__ == "__main__":
    main()
