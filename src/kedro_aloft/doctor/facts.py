"""What is known about the environment: gathered once, then asked by the checks."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROBE_DEADLINE_S = 120
DAGS_DEADLINE_S = 600
BYTECODE_PACKAGES = ("airflow", "kedro", "pydantic", "sqlalchemy")
"""Packages that every task imports; those that are missing do not count."""

_TELEMETRY_OFF = ("DO_NOT_TRACK", "KEDRO_DISABLE_TELEMETRY")
TELEMETRY_URL = "https://heapanalytics.com/"
TELEMETRY_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowSettings:
    """The configuration of the Airflow of this environment.

    Args:
        values: `section.key` → value, without secrets.
        secrets: `section.key` → `missing`, `known` (a value from documentation), `short` or `fine`.
        passwords: What is wrong with passwords of the database and of users, in words.
        readable: Files with secrets that every user of this machine can read.
    """

    values: Mapping[str, str]
    secrets: Mapping[str, str]
    passwords: tuple[str, ...]
    readable: tuple[str, ...]

    def __getitem__(self, key: str) -> str:
        return self.values.get(key, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DagFile:
    """What a DAG file costs: processor seconds beyond Airflow's own, heavy libraries, and why it does not load."""

    name: str
    seconds: float
    heavy: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One Python environment on one machine.

    Args:
        python: Version of Python.
        platform: `sys.platform`.
        variables: Environment variables.
        versions: Distribution in its normal form → version.
        providers_of_command: Distributions that add the command `kedro airflow`.
        bytecode: Package → compiled modules, all modules.
        telemetry: `off`, `answers`, or what happens when it is asked.
        free: Directory → free bytes.
        airflow: Its configuration; None when none is installed or configured.
        airflow_missing: Why there is no configuration.
        dags: The files of its DAG folder, slowest first; None when they cannot be told.
        dags_missing: Why they cannot be told.
    """

    python: str
    platform: str
    variables: Mapping[str, str]
    versions: Mapping[str, str]
    providers_of_command: tuple[str, ...]
    bytecode: Mapping[str, tuple[int, int]]
    telemetry: str
    free: Mapping[str, int]
    airflow: AirflowSettings | None
    airflow_missing: str
    dags: tuple[DagFile, ...] | None
    dags_missing: str


def gather(project_path: Path | None = None) -> Environment:
    """Return what is known about this environment.

    Starts one process that reads Airflow's configuration, and one that imports the files of its DAG folder as Airflow
    would. Nothing is written.

    Args:
        project_path: A Kedro project whose `.telemetry` and `.airflow` directory count; None for none.
    """
    airflow, missing = _airflow_settings()
    dags, dags_missing = _dags(airflow) if airflow else (None, missing)
    return Environment(
        python=".".join(map(str, sys.version_info[:3])),
        platform=sys.platform,
        variables=dict(os.environ),
        versions=_versions(),
        providers_of_command=_providers_of_command(),
        bytecode=_bytecode(),
        telemetry=_telemetry(project_path),
        free=_free(project_path),
        airflow=airflow,
        airflow_missing=missing,
        dags=dags,
        dags_missing=dags_missing,
    )


# --- Python


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _versions() -> dict[str, str]:
    """What is first on the path counts, as for imports."""
    versions: dict[str, str] = {}
    for one in importlib.metadata.distributions():
        name = one.metadata["Name"]
        if name:
            versions.setdefault(_normal(name), one.version)
    return versions


def _providers_of_command() -> tuple[str, ...]:
    points = importlib.metadata.entry_points(group="kedro.project_commands", name="airflow")
    return tuple(sorted({_normal(point.dist.name) for point in points if point.dist is not None}))


def _bytecode() -> dict[str, tuple[int, int]]:
    counts = {}
    for package in BYTECODE_PACKAGES:
        root = Path(sysconfig.get_path("purelib")) / package
        modules = [file for file in root.rglob("*.py") if "tests" not in file.parts] if root.is_dir() else []
        if modules:
            compiled = sum(Path(importlib.util.cache_from_source(str(file))).is_file() for file in modules)
            counts[package] = (compiled, len(modules))
    return counts


# --- machine


def _free(project_path: Path | None) -> dict[str, int]:
    places = {Path(tempfile.gettempdir())}
    if project_path is not None:
        places.add(project_path)
    return {str(place): shutil.disk_usage(place).free for place in sorted(places)}


def _telemetry(project_path: Path | None) -> str:
    """Ask the host of kedro-telemetry as it would be asked, with no data and little patience."""
    if "kedro-telemetry" not in _versions() or any(os.environ.get(name) for name in _TELEMETRY_OFF):
        return "off"
    if project_path is not None and re.search(
        r"^consent:\s*false", _text(project_path / ".telemetry"), re.IGNORECASE | re.MULTILINE
    ):
        return "off"
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(TELEMETRY_URL, method="HEAD"), timeout=TELEMETRY_PATIENCE_S):
            return "answers"
    except TimeoutError:
        return "no answer"
    except URLError as error:
        return "no answer" if isinstance(error.reason, TimeoutError) else "answers"
    except OSError:
        return "answers"  # refused at once: nothing waits


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


# --- Airflow


def airflow_home() -> Path:
    """Return where Airflow keeps its configuration."""
    return Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()


def _config_file() -> Path:
    return Path(os.environ.get("AIRFLOW_CONFIG") or airflow_home() / "airflow.cfg").expanduser()


def _airflow_settings() -> tuple[AirflowSettings | None, str]:
    if importlib.util.find_spec("airflow") is None:
        return None, "no Airflow is installed here"
    if not _config_file().is_file() and not any(name.startswith("AIRFLOW__") for name in os.environ):
        return None, (
            f"no Airflow is configured here: there is no {_config_file()} and no AIRFLOW__ variable "
            "(that of `kedro airflow run` has settings of its own)"
        )
    found, error = _in_subprocess("kedro_aloft.doctor.probe", deadline_s=PROBE_DEADLINE_S, as_library=True)
    if found is None:
        return None, f"Airflow does not tell its configuration: {error}"
    return (
        AirflowSettings(
            values=found["values"],
            secrets=found["secrets"],
            passwords=tuple(found["passwords"]),
            readable=tuple(_readable(found["secret_files"])),
        ),
        "",
    )


def _readable(files: list[str]) -> Iterator[str]:
    for name in files:
        if Path(name).is_file() and Path(name).stat().st_mode & stat.S_IROTH:
            yield name


def _dags(airflow: AirflowSettings) -> tuple[tuple[DagFile, ...] | None, str]:
    folder = Path(airflow["core.dags_folder"])
    if not folder.is_dir():
        return None, f"there is no DAG folder {folder}"
    found, error = _in_subprocess("kedro_aloft.doctor.parse", str(folder), deadline_s=DAGS_DEADLINE_S, as_library=False)
    if found is None:
        return None, f"Airflow does not start here: {error}"
    files = [DagFile(**{**file, "heavy": tuple(file["heavy"])}) for file in found]
    return tuple(sorted(files, key=lambda file: (-file.seconds, file.name))), ""


def _in_subprocess(module: str, *args: str, deadline_s: float, as_library: bool) -> tuple[Any, str]:
    """Return what a module of ours prints as JSON on its last line, or None and why not.

    Airflow makes its log folder, and an airflow.cfg where there is none; temporary ones keep it from that.
    """
    with tempfile.TemporaryDirectory(prefix="kedro-aloft-") as folder:
        environment = {
            **os.environ,
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": folder,
            "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": folder,
        }
        if not _config_file().is_file():
            environment["AIRFLOW_CONFIG"] = str(Path(folder) / "airflow.cfg")
            Path(environment["AIRFLOW_CONFIG"]).touch()
        if as_library:
            environment["_AIRFLOW__AS_LIBRARY"] = "1"  # configuration without logging and database: half the time
        code = f"from {module} import main; main()"
        try:
            done = subprocess.run(
                [sys.executable, "-c", code, *args],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=deadline_s,
            )
        except subprocess.TimeoutExpired:
            return None, f"no answer within {deadline_s:.0f} s"
    try:
        return json.loads(done.stdout.splitlines()[-1]), ""
    except (ValueError, IndexError):
        return None, (done.stderr.strip().splitlines() or ["no output"])[-1]
