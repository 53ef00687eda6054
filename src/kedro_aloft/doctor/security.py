"""Checks of what an Airflow that other people can reach must not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.doctor.check import Check, Family, Result, bad, ok, unknown, warn
from kedro_aloft.doctor.versions import parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.doctor.facts import AirflowSettings, Environment

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_MASKS_SECRETS = (3, 3)
_VERDICTS = {
    "known": "a value that stands in documentation",
    "short": "shorter than 16 characters",
    "missing": "not set",
}


def _of_airflow(judge: Callable[[AirflowSettings], Result]) -> Callable[[Environment], Result]:
    def ask(env: Environment) -> Result:
        return judge(env.airflow) if env.airflow is not None else unknown(env.airflow_missing)

    return ask


def _true(text: str) -> bool:
    return text.strip().lower() in {"true", "t", "1"}


def _key(key: str, command: str, *, when_missing: Callable[[str, str], Result]) -> Callable[[Environment], Result]:
    """Return the question about a secret key."""
    section, _, option = key.partition(".")
    remedy = f"{command}; give all components its output as AIRFLOW__{section.upper()}__{option.upper()}"

    def judge(airflow: AirflowSettings) -> Result:
        verdict = airflow.secrets.get(key, "missing")
        if verdict == "fine":
            return ok("set")
        answer = when_missing if verdict == "missing" else bad
        return answer(f"[{section}] {option}: {_VERDICTS[verdict]}", remedy)

    return _of_airflow(judge)


def _passwords(airflow: AirflowSettings) -> Result:
    if _true(airflow["core.simple_auth_manager_all_admins"]):
        return bad(
            "everybody is an administrator, without a login",
            "unset AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS, or choose another auth manager",
        )
    if airflow.passwords:
        return bad(f"passwords that stand in documentation: {', '.join(airflow.passwords)}", "choose others")
    return ok("none that stands in documentation")


def _bound(airflow: AirflowSettings) -> Result:
    host = airflow["api.host"]
    if host in _LOOPBACK:
        return ok(f"[api] host = {host}")
    if airflow["api.ssl_cert"]:
        return ok(f"[api] host = {host}, with TLS")
    return warn(
        f"[api] host = {host or '0.0.0.0'} without TLS",  # noqa: S104  Airflow's own default
        "export AIRFLOW__API__HOST=127.0.0.1 and put a proxy with TLS before it, or set `[api] ssl_cert` and `ssl_key`",
    )


def _expose(env: Environment) -> Result:
    if env.airflow is None:
        return unknown(env.airflow_missing)
    value = env.airflow["api.expose_config"]
    if _true(value) and parts(env.versions.get("apache-airflow-core", "")) < _MASKS_SECRETS:
        return bad("[api] expose_config = True", "export AIRFLOW__API__EXPOSE_CONFIG=non-sensitive-only")
    return ok(f"[api] expose_config = {value or 'False'}")


def _readable(airflow: AirflowSettings) -> Result:
    if airflow.readable:
        return warn(f"everybody here can read {', '.join(airflow.readable)}", f"chmod o-r {' '.join(airflow.readable)}")
    return ok("not for everybody")


def _database(airflow: AirflowSettings) -> Result:
    scheme = airflow["database.scheme"]
    if scheme.startswith("sqlite"):
        return bad("SQLite", "export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgresql+psycopg2://…")
    return ok(scheme.partition("+")[0])


def _examples(airflow: AirflowSettings) -> Result:
    if _true(airflow["core.load_examples"]):
        return warn("[core] load_examples = True", "export AIRFLOW__CORE__LOAD_EXAMPLES=False")
    return ok("not loaded")


def _auth_manager(airflow: AirflowSettings) -> Result:
    name = airflow["core.auth_manager"].rpartition(".")[2]
    if name == "SimpleAuthManager":
        return warn(
            "SimpleAuthManager",
            "pip install apache-airflow-providers-fab, and set `[core] auth_manager` to its manager",
        )
    return ok(name)


_RANDOM = "python -c 'import secrets; print(secrets.token_urlsafe(64))'"
_FERNET = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"

SECURITY: tuple[Check[Environment], ...] = (
    Check(
        code="fernet-key",
        title="Key for connections and variables",
        why="Without a Fernet key Airflow stores passwords of connections as they are. Source: Airflow's "
        "documentation, “Fernet”.",
        family=Family.SECURITY,
        ask=_key("core.fernet_key", _FERNET, when_missing=bad),
    ),
    Check(
        code="jwt-secret",
        title="Key for logins",
        why="Who knows it is anybody; without it each process makes its own, and workers cannot talk to the API. "
        "Source: Airflow's configuration reference, `[api_auth] jwt_secret`.",
        family=Family.SECURITY,
        ask=_key("api_auth.jwt_secret", _RANDOM, when_missing=warn),
    ),
    Check(
        code="secret-key",
        title="Key of the API server",
        why="Without it each API server makes its own, and they do not accept each other's sessions and log links. "
        "Source: Airflow's configuration reference, `[api] secret_key`.",
        family=Family.SECURITY,
        ask=_key("api.secret_key", _RANDOM, when_missing=warn),
    ),
    Check(
        code="passwords",
        title="Passwords that everybody knows",
        why="Those of tutorials and of Airflow's docker-compose file are tried first by who looks for open servers.",
        family=Family.SECURITY,
        ask=_of_airflow(_passwords),
    ),
    Check(
        code="bind-address",
        title="Who can reach the API server",
        why="The default is every interface (`0.0.0.0`) without TLS: logins cross the network in clear text. Source: "
        "Airflow's configuration reference, `[api] host`.",
        family=Family.SECURITY,
        ask=_of_airflow(_bound),
    ),
    Check(
        code="expose-config",
        title="Configuration in the user interface",
        why="Airflow 3.0 and 3.1 then show every value, keys among them; 3.3 masks those. Source: their configuration "
        "references, `[api] expose_config`.",
        family=Family.SECURITY,
        ask=_expose,
    ),
    Check(
        code="file-modes",
        title="Files with keys and passwords",
        why="airflow.cfg and the password file of the simple auth manager hold secrets in clear text.",
        family=Family.SECURITY,
        ask=_of_airflow(_readable),
    ),
)
PRODUCTION: tuple[Check[Environment], ...] = (
    Check(
        code="database",
        title="Metadata database",
        why="SQLite locks as a whole: writers wait for each other, and only one scheduler may run. Source: Airflow's "
        "documentation, “Set up a Database Backend”.",
        family=Family.PRODUCTION,
        ask=_of_airflow(_database),
    ),
    Check(
        code="auth-manager",
        title="Auth manager",
        why="The simple one is for development and tests. Source: Airflow's documentation, “Simple auth manager”.",
        family=Family.PRODUCTION,
        ask=_of_airflow(_auth_manager),
    ),
    Check(
        code="examples",
        title="Example DAGs",
        why="They are parsed again and again, and can be run by every user.",
        family=Family.PRODUCTION,
        ask=_of_airflow(_examples),
    ),
)
