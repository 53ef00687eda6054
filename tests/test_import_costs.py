"""What an import may cost: each is tried in an interpreter of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "kedro_aloft"
HEAVY = (
    "airflow",
    "pandas",
    "numpy",
    "kedro.framework.session",
    "kedro.framework.project",
    "kedro.io",
    "rich",
    "pydantic",
    "jinja2",
)

_SHOW = (
    "import json, sys; before = set(sys.modules); {statements}; print(json.dumps(sorted(set(sys.modules) - before)))"
)


def modules_after(*statements: str) -> list[str]:
    """The modules that statements import, besides those of a bare interpreter."""
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", _SHOW.format(statements="; ".join(statements))],
        env={**os.environ, "PYTHONPATH": str(SOURCE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    modules = json.loads(found.stdout.splitlines()[-1])
    assert "kedro_aloft" in modules
    return list(modules)


def modules_of(room: str) -> list[str]:
    """All modules of a room, by their import names."""
    paths = sorted((SOURCE / room).rglob("*.py"))
    assert paths
    names = [".".join(path.relative_to(SOURCE.parent).with_suffix("").parts) for path in paths]
    return [name.removesuffix(".__init__") for name in names]


def within(modules: list[str], *packages: str) -> list[str]:
    """Those modules that are, or are inside, the packages."""
    return [name for name in modules if any(name == one or name.startswith(f"{one}.") for one in packages)]


@pytest.mark.parametrize(
    ("room", "ours"),
    [("graph", ("errors",)), ("contract", ("errors",)), ("rules", ("errors", "graph")), ("errors", ())],
)
def test_the_core_imports_the_standard_library_alone(room: str, ours: tuple[str, ...]) -> None:
    names = ["kedro_aloft.errors"] if room == "errors" else modules_of(room)
    modules = modules_after(*(f"import {name}" for name in names))
    foreign = {name for name in modules if name.partition(".")[0] not in {*sys.stdlib_module_names, "kedro_aloft"}}
    assert foreign == set()
    allowed = within(modules, f"kedro_aloft.{room}", *(f"kedro_aloft.{one}" for one in ours))
    assert sorted(within(modules, "kedro_aloft")) == ["kedro_aloft", *sorted(allowed)]


def test_the_package_itself_imports_nothing() -> None:
    assert modules_after("import kedro_aloft") == ["kedro_aloft"]


def test_kedro_pays_nothing_for_our_commands_until_one_is_called() -> None:
    """Kedro imports this module at every `kedro --help`."""
    modules = modules_after("import kedro_aloft.cli")
    assert within(modules, *HEAVY, "kedro", "fsspec", "yaml") == []
    assert within(modules, "kedro_aloft") == ["kedro_aloft", "kedro_aloft.cli"]


def test_our_help_imports_no_command() -> None:
    modules = modules_after(
        "from click.testing import CliRunner",
        "from kedro_aloft.cli import commands",
        "result = CliRunner().invoke(commands, ['airflow', '--help'])",
        "assert 'create' in result.output, result.output",
    )
    assert within(modules, *HEAVY, "kedro") == []


def test_commands_import_what_they_need_when_they_run() -> None:
    """`--help` of any command is as quick as that of all."""
    names = [name for name in modules_of("cli") if not name.endswith(".early")]
    modules = modules_after(*(f"import {name}" for name in names))
    assert within(modules, *HEAVY, "kedro_aloft.compiler", "kedro_aloft.embedded", "kedro_aloft.client") == []


@pytest.mark.parametrize(("answer", "imported"), [("1", False), ("", True)])
def test_telemetry_that_is_off_is_not_imported(tmp_path: Path, answer: str, imported: bool) -> None:
    """Its import takes a tenth of a command's time. In Kedro's own repository it sends nothing whatever the answer."""
    pytest.importorskip("kedro_telemetry")
    found = subprocess.run(
        [Path(sys.executable).with_name("kedro"), "airflow", "--version"],
        env={
            **os.environ,
            "PYTHONPROFILEIMPORTTIME": "1",
            "GITHUB_REPOSITORY_OWNER": "kedro-org",
            "KEDRO_DISABLE_TELEMETRY": "",
            "DO_NOT_TRACK": answer,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("kedro_telemetry" in found.stderr) is imported


def test_the_runtime_imports_no_airflow_and_no_pandas() -> None:
    modules = modules_after(*(f"import {name}" for name in modules_of("runtime")))
    assert within(modules, "airflow", "pandas", "kedro_aloft.graph", "kedro_aloft.airflow", "kedro_aloft.cli") == []


def test_what_writes_dag_files_imports_neither_kedro_nor_airflow() -> None:
    modules = modules_after(*(f"import {name}" for room in ("render", "settings") for name in modules_of(room)))
    assert within(modules, "airflow", "kedro", "pandas") == []


@pytest.mark.airflow
def test_what_dag_files_import_is_airflow_without_kedro() -> None:
    modules = modules_after("import airflow.sdk", *(f"import {name}" for name in modules_of("airflow")))
    assert "airflow.sdk" in modules
    assert within(modules, "kedro", "pandas", "numpy") == []
    ours = within(modules, "kedro_aloft")
    assert within(ours, *(f"kedro_aloft.{room}" for room in ("cli", "render", "project", "runtime", "client"))) == []


@pytest.mark.airflow
def test_a_generated_file_costs_nothing_beyond_airflow() -> None:
    """What a DAG file adds to each parse: our own modules and the standard library's, and no third library."""
    airflow_alone = set(modules_after("import airflow.sdk", "import kedro_aloft"))
    with_ours = modules_after("import airflow.sdk", "import kedro_aloft.airflow")
    added = {name for name in with_ours if name not in airflow_alone}
    roots = {name.partition(".")[0] for name in added} - {"__mp_main__"}
    assert roots <= {*sys.stdlib_module_names, "kedro_aloft", "airflow"}


@pytest.mark.airflow
def test_a_file_with_mirrors_imports_nothing_of_what_they_do_in_the_triggerer() -> None:
    modules = modules_after(
        "import airflow.sdk", "import kedro_aloft.airflow.fusion", "import kedro_aloft.airflow.mirror"
    )
    assert "kedro_aloft.airflow.mirror" in modules
    late = (
        "airflow.trigger",
        "airflow.turns",
        "airflow.watching",
        "airflow.shown",
        "contract.mirror",
        "contract.journal",
    )
    assert within(modules, *(f"kedro_aloft.{name}" for name in late)) == []
