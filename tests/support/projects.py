"""Build small but real Kedro projects.

    project = (
        ProjectBuilder(tmp_path)
        .functions("def double(x): return 2 * x")
        .pipeline("__default__", "node(double, 'params:start', 'doubled', name='double')")
        .pickles("doubled")
        .parameters(start=4)
        .build()
    )
    project.kedro("run").ok()
    assert project.pickled("doubled") == 8

A pipeline is the source of what stands between the brackets of `Pipeline([…])`; `node`, `pipeline`, `partial` and
all functions of the project are in scope.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import pickle
import textwrap
from typing import TYPE_CHECKING, Any

from support.commands import Done, program, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_COUNT = itertools.count()

_REGISTRY = """\
from functools import partial

from kedro.pipeline import Pipeline, node, pipeline

from {package}.functions import *


def register_pipelines():
    return {{
{pipelines}
    }}
"""

_PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{package}"
version = "0.1"

[tool.kedro]
package_name = "{package}"
project_name = "{package}"
kedro_init_version = "1.2.0"
source_dir = "src"
"""


class Project:
    """A Kedro project on disk, used through commands as its users use it."""

    def __init__(self, path: Path, package: str) -> None:
        self.path = path
        self.package = package

    # --- commands

    def kedro(self, *args: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Done:
        """Run `kedro …` in the project."""
        return run_command(program("kedro"), *args, cwd=cwd or self.path, env=env)

    def airflow(self, *args: str | Path, env: Mapping[str, str] | None = None) -> Done:
        """Run `kedro airflow …` in the project."""
        return self.kedro("airflow", *args, env=env)

    def create(self, *args: str | Path, env: Mapping[str, str] | None = None) -> list[Path]:
        """Run `kedro airflow create …`, which must succeed; return all DAG files."""
        self.airflow("create", *args, env=env).ok()
        return self.dag_files

    def plan(self, *args: str) -> Any:
        """Return what `kedro airflow plan --json …` prints."""
        return self.airflow("plan", "--json", *args).ok().json()

    def run(self, *args: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what `kedro airflow run --json …` prints, whether the run succeeded or not."""
        done = self.airflow("run", "--json", f"--set=project_path={self.path}", *args, env=env)
        assert done.code in (0, 1), done.text
        assert done.out.strip(), done.text
        outcome: dict[str, Any] = done.json()
        states = [one["state"] for one in (outcome if isinstance(outcome, list) else [outcome])]
        assert (done.code == 0) == (set(states) == {"success"}), done.text
        return outcome

    # --- files

    @property
    def dags(self) -> Path:
        """Where `create` writes by default."""
        return self.path / "airflow_dags"

    @property
    def dag_files(self) -> list[Path]:
        """Every DAG file in the default place, sorted."""
        return sorted(self.dags.glob("*.py"))

    @property
    def handoff(self) -> Path:
        """The default handoff store."""
        return self.path / ".airflow" / "handoff"

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def pickled(self, dataset: str) -> Any:
        """Return the data of a dataset that `ProjectBuilder.pickles` declared."""
        return pickle.loads((self.path / "data" / f"{dataset}.pkl").read_bytes())

    def notes(self, name: str = "notes.txt") -> list[str]:
        """Return the lines that nodes appended to a file with `note(…)`."""
        path = self.path / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def tree(self, *ignored: str) -> dict[str, str]:
        """Return a digest of every file below the project by relative path, without caches and Airflow's own."""
        skip = {"__pycache__", ".airflow", ".telemetry", *ignored}
        return {
            str(path.relative_to(self.path)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and not skip.intersection(path.relative_to(self.path).parts)
        }


class ProjectBuilder:
    """Collects what a project consists of; `build` writes it.

    Args:
        parent: Directory to write the project into.
        package: Stem of the package name. Each project gets a name of its own, so that one Airflow can hold many.
    """

    def __init__(self, parent: Path, package: str = "shop") -> None:
        self.package = f"{package}_{os.getpid()}_{next(_COUNT)}"
        self._parent = parent
        self._functions = [_NOTE]
        self._pipelines: dict[str, str] = {}
        self._registry: str | None = None
        self._catalog: list[str] = []
        self._files: dict[str, str] = {}

    def functions(self, source: str) -> ProjectBuilder:
        """Add Python source: the functions of the nodes, which may call `note(text)` to leave a trace."""
        self._functions.append(textwrap.dedent(source).strip("\n"))
        return self

    def pipeline(self, name: str, nodes: str) -> ProjectBuilder:
        """Register a pipeline."""
        self._pipelines[name] = textwrap.dedent(nodes).strip("\n")
        return self

    def registry(self, source: str) -> ProjectBuilder:
        """Use this pipeline_registry.py instead of the registered pipelines."""
        self._registry = textwrap.dedent(source).lstrip("\n")
        return self

    def catalog(self, yaml: str) -> ProjectBuilder:
        """Add entries to conf/base/catalog.yml."""
        self._catalog.append(textwrap.dedent(yaml).strip("\n"))
        return self

    def pickles(self, *datasets: str, versioned: bool = False) -> ProjectBuilder:
        """Keep datasets as pickles in data/."""
        for name in datasets:
            entry: dict[str, Any] = {"type": "pickle.PickleDataset", "filepath": f"data/{name}.pkl"}
            if versioned:
                entry["versioned"] = True
            self._catalog.append(json.dumps({name: entry}, ensure_ascii=False)[1:-1])
        return self

    def parameters(self, **values: Any) -> ProjectBuilder:
        """Write conf/base/parameters.yml."""
        return self.file("conf/base/parameters.yml", json.dumps(values, ensure_ascii=False))

    def airflow_yml(self, yaml: str, *, env: str = "base") -> ProjectBuilder:
        """Write conf/<env>/airflow.yml."""
        return self.file(f"conf/{env}/airflow.yml", yaml)

    def settings(self, source: str) -> ProjectBuilder:
        """Write the package's settings.py."""
        return self.file(f"src/{self.package}/settings.py", source)

    def hooks(self, source: str) -> ProjectBuilder:
        """Write hooks.py with a class `ProjectHooks`, and settings that use it."""
        self.file(f"src/{self.package}/hooks.py", source)
        return self.settings(f"from {self.package}.hooks import ProjectHooks\nHOOKS = (ProjectHooks(),)\n")

    def file(self, name: str, text: str) -> ProjectBuilder:
        """Add any file; `{package}` in the name stands for the package."""
        self._files[name.replace("{package}", self.package)] = text
        return self

    def build(self) -> Project:
        """Write the project."""
        project = Project(self._parent / self.package, self.package)
        source = f"src/{self.package}"
        project.write("pyproject.toml", _PYPROJECT.format(package=self.package))
        project.write(f"{source}/__init__.py", '__version__ = "0.1"\n')
        project.write(f"{source}/settings.py", "")
        project.write(f"{source}/functions.py", "\n\n\n".join(self._functions) + "\n")
        project.write(f"{source}/pipeline_registry.py", self._registry or self._registry_source())
        for folder in ("conf/base", "conf/local", "data"):
            (project.path / folder).mkdir(parents=True, exist_ok=True)
        project.write("conf/base/catalog.yml", "\n".join(self._catalog or ["{}"]) + "\n")
        for name, text in self._files.items():
            project.write(name, text)
        return project

    def _registry_source(self) -> str:
        entries = [f"        {name!r}: Pipeline([\n{nodes}\n]),\n" for name, nodes in self._pipelines.items()]
        return _REGISTRY.format(package=self.package, pipelines="".join(entries))


_NOTE = '''\
"""The functions of the nodes."""

import os
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def note(text, name="notes.txt"):
    """Leave a trace: one line, appended at once, so that processes do not mix theirs."""
    line = (str(text) + "\\n").encode()
    descriptor = os.open(PROJECT / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, line)
    os.close(descriptor)
'''
