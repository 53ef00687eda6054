"""Where the embedded Airflow keeps its things: the project's ignored `.airflow/` directory.

Below `.airflow/`:

- `.gitignore`: `*`, so nothing of it gets into the project's history
- `home/`: AIRFLOW_HOME with airflow.db, dags/, plugins/ and the logs of the tasks
- `logs/`: one log per component of the present or latest start
- `keys.json`: password and signing keys, mode 0600
- `passwords.json`: the same password for Airflow's auth manager, mode 0600
- `state.json`: the process that runs and its address; stale after a crash
- `warm/`: the sockets of the servers from which tasks start warm
- `releases/`: what `deploy local` brought, unpacked
- `start.lock`: held while somebody starts or stops it
- `users.lock`: held (shared) by everybody who uses it
- `keep`: exists when it stays up without users (`kedro airflow up`)
- `failure`: name of the component that ended by itself
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY = ".airflow"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one project's `.airflow/`."""

    root: Path

    @classmethod
    def of_project(cls, project_path: Path) -> Layout:
        """Return the layout of a project, whose directory may be a link; makes no directory."""
        return cls((project_path / DIRECTORY).resolve())

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME."""
        return self.root / "home"

    @property
    def dags(self) -> Path:
        """The folder that the DAG processor watches."""
        return self.home / "dags"

    @property
    def database(self) -> Path:
        """Airflow's SQLite database."""
        return self.home / "airflow.db"

    @property
    def database_version(self) -> Path:
        """Names the Airflow that migrated the database last."""
        return self.home / "airflow.db.version"

    @property
    def logs(self) -> Path:
        """Logs of the components."""
        return self.root / "logs"

    @property
    def state(self) -> Path:
        """What runs, and where."""
        return self.root / "state.json"

    @property
    def keys(self) -> Path:
        """Password and signing keys."""
        return self.root / "keys.json"

    @property
    def passwords(self) -> Path:
        """Password file of Airflow's simple auth manager."""
        return self.root / "passwords.json"

    @property
    def warm(self) -> Path:
        """The sockets of warm servers."""
        return self.root / "warm"

    @property
    def releases(self) -> Path:
        """Unpacked releases."""
        return self.root / "releases"

    @property
    def start_lock(self) -> Path:
        """Held by who starts or stops."""
        return self.root / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Held (shared) by who uses it."""
        return self.root / "users.lock"

    @property
    def keep(self) -> Path:
        """Exists when it stays up without users."""
        return self.root / "keep"

    @property
    def failure(self) -> Path:
        """Tells which component ended by itself."""
        return self.root / "failure"

    def log(self, component: str) -> Path:
        """Return the log of one component."""
        return self.logs / f"{component}.log"

    def make(self) -> None:
        """Make all directories, readable by the owner only, and keep them out of the project's history."""
        for folder in (self.root, self.home, self.dags, self.logs, self.home / "plugins"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")


def write_private(path: Path, value: Any) -> None:
    """Write JSON atomically to a file that only its owner may read."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600, exist_ok=False)
    part.write_text(json.dumps(value, indent=1), encoding="utf-8")
    part.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file, or None when there is no such file or no such object in it."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
