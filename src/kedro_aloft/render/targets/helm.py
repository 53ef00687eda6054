"""Values for the official chart of Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from json import dumps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHART = "apache-airflow/airflow"
REPOSITORY = "https://airflow.apache.org"
SECRET_KEYS = ("api-secret-key", "connection", "fernet-key", "jwt-secret")
"""Keys of the secret with Airflow's own: `connection` is the address of its database."""

_SERVICES = ("apiServer", "dagProcessor", "scheduler", "triggerer", "workers")
_LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Where Airflow gets DAG files from.

    Args:
        classpath: Class of the DAG bundle.
        kwargs: Its arguments.
    """

    classpath: str = _LOCAL_BUNDLE
    kwargs: Mapping[str, object]


_VALUES = """\
# Values for Airflow's official chart {chart_version}. Written by `kedro airflow deploy`, which overwrites it; give your
# own in a second file: --values values.yaml --values mine.yaml
#
# No secret is in here, only names. Before the first installation:
{first}
airflowVersion: "{version}"
executor: {executor}

images:
  airflow:
    repository: {repository}
    tag: "{tag}"

# One secret with Airflow's own: {keys}.
apiSecretKeySecretName: {secret}
fernetKeySecretName: {secret}
jwtSecretName: {secret}
data:
  metadataSecretName: {secret}
postgresql:
  enabled: false

# It would make a user `admin` with the password `admin`.
createUserJob:
  enabled: false

dagProcessor:
  dagBundleConfigList:
    - name: {bundle_name}
      classpath: {classpath}
      kwargs: {kwargs}
{identity_dag_processor}"""


def render_values(
    *,
    name: str,
    namespace: str,
    chart_version: str,
    airflow_version: str,
    repository: str,
    tag: str,
    executor: str,
    bundle: Bundle,
    environment: Mapping[str, str],
    secrets: Sequence[str] = (),
    identity: Mapping[str, str] | None = None,
    logs: str | None = None,
    logs_connection: str | None = None,
) -> str:
    """Return the values.

    Args:
        name: Of the package, in lower case with hyphens.
        namespace: Of Kubernetes.
        chart_version: Version of the chart.
        airflow_version: Version of Airflow in the image.
        repository, tag: Of the image.
        executor: Airflow's executor.
        bundle: Where DAG files come from.
        environment: Variables for all services; no secrets.
        secrets: Names of variables whose values are in the secret `<name>-variables`, sorted.
        identity: Annotations of all service accounts: by them clouds know the pods.
        logs: Where logs are kept; None leaves them in the pods.
        logs_connection: Airflow's connection for that.
    """
    secret = f"{name}-airflow"
    text = _VALUES.format(
        chart_version=chart_version,
        first="".join(f"#   {line}\n" for line in first_commands(name, namespace=namespace, secrets=secrets)),
        version=airflow_version,
        executor=executor,
        repository=repository,
        tag=tag,
        keys=", ".join(SECRET_KEYS),
        secret=secret,
        bundle_name=name,
        classpath=bundle.classpath,
        kwargs=dumps(dict(bundle.kwargs), sort_keys=True),
        identity_dag_processor=_account(identity),
    )
    return (
        text + _services(identity) + _environment(environment) + _secrets(name, secrets) + _logs(logs, logs_connection)
    )


def first_commands(name: str, *, namespace: str, secrets: Sequence[str] = ()) -> list[str]:
    """Return the commands that make the secrets which the values name; their values come from the shell."""
    variables = {"connection": "SQL_ALCHEMY_CONN"}
    names = {key: variables.get(key, key.upper().replace("-", "_")) for key in SECRET_KEYS}
    literals = [f'--from-literal={key}="${variable}"' for key, variable in names.items()]
    commands = [
        f"kubectl create namespace {namespace}",
        f"kubectl create secret generic {name}-airflow --namespace {namespace} \\",
        *(f"  {literal}{' ' + chr(92) if literal != literals[-1] else ''}" for literal in literals),
    ]
    if secrets:
        given = " ".join(f'--from-literal={one}="${one}"' for one in secrets)
        commands.append(f"kubectl create secret generic {name}-variables --namespace {namespace} {given}")
    return commands


def _account(identity: Mapping[str, str] | None) -> str:
    if not identity:
        return ""
    lines = [f"      {key}: {dumps(value)}\n" for key, value in sorted(identity.items())]
    return "  serviceAccount:\n    annotations:\n" + "".join(lines)


def _services(identity: Mapping[str, str] | None) -> str:
    account = _account(identity)
    return "".join(f"{service}:\n{account}" for service in _SERVICES if service != "dagProcessor") if account else ""


def _environment(environment: Mapping[str, str]) -> str:
    if not environment:
        return ""
    return "\nenv:\n" + "".join(
        f"  - name: {key}\n    value: {dumps(value)}\n" for key, value in sorted(environment.items())
    )


def _secrets(name: str, secrets: Sequence[str]) -> str:
    if not secrets:
        return ""
    entry = "  - envName: {one}\n    secretName: {name}-variables\n    secretKey: {one}\n"
    return "\nsecret:\n" + "".join(entry.format(one=one, name=name) for one in secrets)


def _logs(logs: str | None, connection: str | None) -> str:
    if logs is None:
        return ""
    lines = ["\nconfig:\n  logging:\n", '    remote_logging: "True"\n', f"    remote_base_log_folder: {dumps(logs)}\n"]
    if connection is not None:
        lines.append(f"    remote_log_conn_id: {dumps(connection)}\n")
    return "".join(lines)
