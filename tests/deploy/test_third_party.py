"""A target of somebody else: named by an entry point, with settings of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from deploy.deliveries import delivery, deploy, target, write_project
from kedro_aloft.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MODULE = '''
"""A kind of target that keeps DAG files in a drawer."""

from typing import Literal

from kedro_aloft.contract.files import FileStore
from kedro_aloft.deploy.steps import Phase, Step
from kedro_aloft.deploy.target import STORE_FOLDER, Capabilities
from kedro_aloft.settings.targets import TargetSettings


class DrawerSettings(TargetSettings):
    """Keys of the drawer."""

    kind: Literal["drawer"]
    label: str


class DrawerTarget:
    """A drawer."""

    kind = "drawer"
    capabilities = Capabilities(live_s=1.0)
    settings_model = DrawerSettings

    def __init__(self, settings, *, name, project):
        self.name = name
        self._folder = project / "drawers" / settings.label

    def overrides(self):
        return {"retries": 3}

    def dags(self):
        return FileStore(str(self._folder))

    def store(self):
        return self.dags().at(STORE_FOLDER)

    def releases(self):
        return STORE_FOLDER

    def steps(self, delivery):
        close = lambda: f"closed with {len(delivery.dag_files)} DAG files"
        return (Step(phase=Phase.PUBLISH, name="close", what="close the drawer", apply=close),)

    def api(self):
        return None
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package of somebody else, as pip would leave it."""
    place = tmp_path / "site-packages"
    info = place / "drawers-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "drawer_target.py").write_text(_MODULE, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: drawers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kedro_aloft.targets]\ndrawer = drawer_target:DrawerTarget\n")
    monkeypatch.syspath_prepend(str(place))
    yield
    sys.modules.pop("drawer_target", None)


@pytest.mark.usefixtures("installed")
def test_a_kind_of_somebody_else_is_a_target_like_ours(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    drawer = target(project, "drawer", label="top", airflow={"url": "https://airflow.example.com"})
    assert deploy(drawer, delivery(project)) == ["closed with 1 DAG files"]
    assert (project / "drawers/top/shop_dag.py").is_file()
    assert drawer.overrides() == {"retries": 3}


@pytest.mark.usefixtures("installed")
def test_its_settings_are_checked_as_ours_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        target(tmp_path, "drawer", labl="top")
    assert "labl" in str(caught.value)
    assert "label" in str(caught.value)


def test_without_the_package_the_kind_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no kind"):
        target(tmp_path, "drawer", label="top")
