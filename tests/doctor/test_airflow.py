"""Checks of the configuration of a real Airflow, and of its DAG folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.machine import Machine

pytestmark = pytest.mark.airflow

DEFAULTS = "[core]\nload_examples = True\n"
CAREFUL = """
[core]
executor = LocalExecutor
parallelism = 2
load_examples = False
fernet_key = 9Vb5yXkHqXg4mG2g2Zb1i0bJ4h8m0jv7o8nJ0w4J3yE=
auth_manager = airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager
[scheduler]
scheduler_idle_sleep_time = 0.1
[workers]
min_heartbeat_interval = 1
[dag_processor]
refresh_interval = 30
[database]
sql_alchemy_conn = postgresql+psycopg2://airflow:Zk3_92hs@db/airflow
[api]
host = 127.0.0.1
secret_key = 7d1f0a2b3c4d5e6f7081
[api_auth]
jwt_secret = 8d1f0a2b3c4d5e6f70819a
"""
CONFIGURED = (
    *(
        "scheduler-sleep",
        "heartbeat",
        "new-files",
        "parallelism",
        "fernet-key",
        "jwt-secret",
        "secret-key",
        "passwords",
    ),
    *("bind-address", "expose-config", "file-modes", "database", "auth-manager", "examples"),
)
"""What an airflow.cfg alone decides."""


def test_without_a_configuration_nothing_is_claimed(machine: Machine) -> None:
    found = machine.answers()
    assert {found[code].state.value for code in CONFIGURED} == {"unknown"}
    assert not (machine.path / "home").exists()


def test_a_careful_configuration_is_fine(machine: Machine) -> None:
    found = machine.configure(CAREFUL).answers()
    assert {code: found[code].state.value for code in CONFIGURED} == dict.fromkeys(CONFIGURED, "ok"), found


def test_what_airflow_brings_by_default_is_named(machine: Machine) -> None:
    found = machine.configure(DEFAULTS).set(AIRFLOW__CORE__PARALLELISM="4096").answers()
    states = {code: found[code].state.value for code in CONFIGURED}
    assert states == {
        **dict.fromkeys(CONFIGURED, "warn"),
        "fernet-key": "bad",
        "database": "bad",
        "passwords": "ok",
        "expose-config": "ok",
        "file-modes": "ok",
    }
    assert "scheduler_idle_sleep_time = 1" in found["scheduler-sleep"].seen
    assert found["scheduler-sleep"].remedy == "export AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME=0.1"


def test_what_everybody_knows_is_bad(machine: Machine) -> None:
    machine.configure(CAREFUL).set(
        AIRFLOW__API_AUTH__JWT_SECRET="airflow_jwt_secret",
        AIRFLOW__API__SECRET_KEY="short",
        AIRFLOW__API__HOST="0.0.0.0",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="postgresql://airflow:airflow@db/airflow",
    )
    (machine.path / "home/airflow.cfg").chmod(0o644)
    (machine.path / "home/simple_auth_manager_passwords.json.generated").write_text('{"admin": "admin"}')
    found = machine.answers()
    assert {code for code in CONFIGURED if found[code].state.value == "bad"} == {
        *("jwt-secret", "secret-key", "passwords")
    }
    assert {code for code in CONFIGURED if found[code].state.value == "warn"} == {"bind-address", "file-modes"}
    assert found["passwords"].seen.endswith("that of the database, that of user admin")


def test_everybody_as_administrator_is_bad(machine: Machine) -> None:
    machine.configure(CAREFUL).set(AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True")
    assert machine.answers()["passwords"].state.value == "bad"


@pytest.mark.parametrize(("version", "state"), [("3.1.8", "bad"), ("3.3.2", "ok")])
def test_a_configuration_with_its_keys_in_the_user_interface_is_bad(machine: Machine, version: str, state: str) -> None:
    machine.configure(CAREFUL).set(AIRFLOW__API__EXPOSE_CONFIG="True").install("apache-airflow-core", version)
    assert machine.answers()["expose-config"].state.value == state


def test_tls_makes_every_interface_right(machine: Machine) -> None:
    machine.configure(CAREFUL).set(AIRFLOW__API__HOST="0.0.0.0", AIRFLOW__API__SSL_CERT="/etc/tls/cert.pem")
    assert machine.answers()["bind-address"].state.value == "ok"


def test_no_secret_leaves_the_process_that_reads_it(machine: Machine) -> None:
    facts = machine.configure(CAREFUL).facts()
    assert "Zk3_92hs" not in str(facts.airflow)
    assert "9Vb5yXkHqXg4" not in str(facts.airflow)


def test_variables_alone_are_a_configuration_and_no_file_is_written(machine: Machine) -> None:
    machine.set(AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME="0.2")
    assert machine.answers()["scheduler-sleep"].seen == "[scheduler] scheduler_idle_sleep_time = 0.2"
    assert not list(machine.path.rglob("airflow.cfg"))


def test_an_airflow_that_does_not_start_is_told(machine: Machine) -> None:
    machine.configure("[core\n")
    found = machine.answers()["database"]
    assert (found.state.value, "does not tell" in found.seen) == ("unknown", True)


def _folder(machine: Machine, name: str, text: str) -> Machine:
    light = "from airflow.sdk import DAG\nprint('noise')\nDAG('light', schedule=None)\n"
    return machine.configure(DEFAULTS).dag_file("light.py", light).dag_file(name, text)


def test_light_files_are_fine(machine: Machine) -> None:
    _folder(machine, "not_one.py", "raise SystemExit\n").dag_file(".hidden/x.py", "# airflow dag\n1 / 0\n")
    found = machine.answers()
    assert [found[code].state.value for code in ("dag-files", "dag-cost", "dag-imports")] == ["ok"] * 3
    assert [file.name for file in machine.facts().dags or ()] == ["light.py"]
    assert sorted(path.name for path in (machine.path / "home").rglob("*") if path.is_file()) == [
        *("airflow.cfg", "light.py", "not_one.py", "x.py")
    ]
    assert not (machine.path / "home/logs").exists()


def test_files_that_do_not_load_are_bad(machine: Machine) -> None:
    _folder(machine, "sub/broken.py", "from airflow.sdk import dag\nimport nowhere\n")
    machine.dag_file("dies.py", "# an airflow dag\nimport os\nos._exit(3)\n")
    found = machine.answers()["dag-files"]
    assert found.state.value == "bad"
    assert "sub/broken.py: ModuleNotFoundError: No module named 'nowhere'" in found.seen
    assert "dies.py: ends the process that reads it" in found.seen


def test_work_at_the_top_of_a_file_is_seen(machine: Machine) -> None:
    work = "import time\nend = time.process_time() + 0.8\nwhile time.process_time() < end: pass\n"
    found = _folder(machine, "slow.py", f"# airflow dag\n{work}").answers()
    assert (found["dag-cost"].state.value, "slow.py 0." in found["dag-cost"].seen) == ("warn", True)
    assert found["dag-imports"].state.value == "ok"


def test_heavy_libraries_are_seen(machine: Machine) -> None:
    found = _folder(machine, "heavy.py", "# airflow dag\nimport kedro.pipeline\n").answers()["dag-imports"]
    assert (found.state.value, found.seen) == ("warn", "heavy.py imports kedro")


def test_an_empty_folder_is_fine(machine: Machine) -> None:
    (machine.configure(DEFAULTS).path / "home/dags").mkdir()
    assert machine.answers()["dag-cost"].seen == "no DAG file"


def test_an_airflow_without_its_database_driver_says_so_instead_of_blaming_files(machine: Machine) -> None:
    found = machine.configure(CAREFUL).dag_file("light.py", "# airflow dag\n").answers()["dag-files"]
    assert (found.state.value, "psycopg2" in found.seen) == ("unknown", True)
