"""The section `targets:` of `airflow.yml`: where the project is deployed to, one model per kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, StrictBool, StringConstraints, ValidationError

from kedro_aloft.errors import close_match
from kedro_aloft.settings.base import Settings, key
from kedro_aloft.settings.layers import path_text
from kedro_aloft.settings.problems import SECRET, Problem, problem_of, seen, settings_error, unknown_key
from kedro_aloft.settings.read import TARGETS_SECTION
from kedro_aloft.settings.values import Text, TextTuple, Uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_target = partial(key, "targets")
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _without_secrets(variables: Mapping[str, str]) -> Mapping[str, str]:
    secret = next((name for name in variables if SECRET.search(name)), None)
    if secret is not None:
        raise ValueError(f"'{secret}' looks like a secret; keep it where the service keeps secrets, or in a connection")
    return variables


PlainVariables = Annotated[dict[VariableName, str], AfterValidator(_without_secrets)]


class AuthSettings(Settings):
    """How to log in to a target's Airflow: names of environment variables, never secrets themselves."""

    kind: Literal["password", "token", "basic", "mwaa", "google", "none"] = _target(
        "password",
        "How to log in: a password that is exchanged for a token, a token as it is, HTTP basic, or the login of the "
        "machine at Amazon or Google.",
        "token",
    )
    username_env: VariableName = _target(
        "KEDRO_ALOFT_AIRFLOW_USERNAME", "Variable with the user name.", "SHOP_AIRFLOW_USER"
    )
    password_env: VariableName = _target(
        "KEDRO_ALOFT_AIRFLOW_PASSWORD", "Variable with the password.", "SHOP_AIRFLOW_PASSWORD"
    )
    token_env: VariableName = _target("KEDRO_ALOFT_AIRFLOW_TOKEN", "Variable with the token.", "SHOP_AIRFLOW_TOKEN")
    audience: Text | None = _target(
        None,
        "For `kind: google`: client id of the identity-aware proxy in front of Airflow; null where there is none, as "
        "for Composer.",
        "1234-abcd.apps.googleusercontent.com",
    )


class AirflowSettings(Settings):
    """The Airflow of a target."""

    url: Text | None = _target(
        None, "Address of its user interface; null when it follows from the target.", "https://airflow.example.com"
    )
    auth: AuthSettings = _target(AuthSettings(), "How to log in there.", {"kind": "token"})


class TargetSettings(Settings):
    """What targets of all kinds have."""

    kind: str
    airflow: AirflowSettings | None = _target(
        None,
        "The Airflow that reads the target; with it `deploy` waits until the new content is live.",
        {"url": "https://airflow.example.com"},
    )
    store: Uri | None = _target(
        None,
        "Where releases are kept: any fsspec address that the workers can read too; null keeps them beside the DAG "
        "files, in `.kedro-aloft`.",
        "s3://shop-airflow/releases",
    )


class LocalTarget(TargetSettings):
    """The embedded Airflow of the project."""

    kind: Literal["local"] = _target(..., "`local`: the project's own embedded Airflow.", "local")


class FolderTarget(TargetSettings):
    """A folder of DAG files that an Airflow reads."""

    kind: Literal["folder"] = _target(..., "`folder`: a DAG folder on a shared disk or in an object store.", "folder")
    path: Uri = _target(..., "The folder: a path, or any fsspec address.", "s3://shop-airflow/dags")


class GitTarget(TargetSettings):
    """A branch of a Git repository, read by a DAG bundle."""

    kind: Literal["git"] = _target(..., "`git`: a Git repository that Airflow reads by a DAG bundle.", "git")
    repository: Text = _target(
        ...,
        "Address of the repository, without a login: that is Git's own matter.",
        "git@github.com:acme/airflow-dags.git",
    )
    branch: Text = _target("main", "The branch that Airflow tracks; it is made when there is none.", "production")
    path: Text = _target("dags", "Folder in the repository, the bundle's `subdir`.", "teams/shop")


class _ImageSettings(TargetSettings):
    """What targets have that make an image of Airflow."""

    packages: tuple[Text, ...] = _target((), "Packages of the operating system for the image.", ["libgomp1"])
    env_vars: Mapping[VariableName, str] = _target(
        {}, "Environment variables of all of Airflow's services; no secrets.", {"KEDRO_ENV": "prod"}
    )
    secrets: tuple[VariableName, ...] = _target(
        (), "Names of environment variables with secrets, whose values the target has.", ["WAREHOUSE_PASSWORD"]
    )


class AstroTarget(TargetSettings):
    """An Astro project."""

    kind: Literal["astro"] = _target(..., "`astro`: a project folder for Astronomer's Astro.", "astro")
    path: Text = _target(..., "The project folder, relative to this project; it is made.", "../shop-astro")
    deployment: Text | None = _target(
        None, "Id of the Astro Deployment; without one the folder is written and the command printed.", "clx0a1b2c"
    )
    runtime: Text = _target("3.3-2", "Version of Astro Runtime.", "3.2-6")
    packages: tuple[Text, ...] = _target((), "Packages of the operating system for the image.", ["libgomp1"])


class ComposeTarget(_ImageSettings):
    """Airflow for a team, on one server with Docker Compose."""

    kind: Literal["compose"] = _target(..., "`compose`: a whole Airflow on a server with Docker Compose.", "compose")
    path: Text = _target(..., "Folder of the server for it, relative to this project; it is made.", "/srv/shop-airflow")
    base_image: Text | None = _target(
        None, "Image of Airflow to build on; null takes the official one.", "apache/airflow:3.2.2-python3.12"
    )
    start: bool = _target(
        True, "Whether a deploy starts and updates the services where Docker Compose is there.", False
    )


class HelmTarget(_ImageSettings):
    """Airflow on Kubernetes by its official chart."""

    kind: Literal["helm"] = _target(..., "`helm`: Airflow's official chart on Kubernetes.", "helm")
    path: Text = _target(..., "Folder for values and image, relative to this project; it is made.", "deploy/helm")
    image: Text = _target(..., "Repository of the image; its tag is made of the content.", "ghcr.io/acme/shop-airflow")
    base_image: Text | None = _target(
        None, "Image of Airflow to build on; null takes the official one.", "apache/airflow:3.2.2-python3.12"
    )
    dags: Uri | None = _target(
        None,
        "Bucket folder with DAG files that Airflow reads; null puts them into the image.",
        "s3://shop-airflow/dags",
    )
    release: Text = _target("airflow", "Name of the Helm release.", "airflow")
    namespace: Text = _target("airflow", "Namespace of Kubernetes.", "data")
    chart_version: Text = _target("1.22.0", "Version of the chart.", "1.21.0")
    executor: Literal["CeleryExecutor", "KubernetesExecutor", "LocalExecutor"] = _target(
        "CeleryExecutor", "Airflow's executor.", "KubernetesExecutor"
    )
    identity: Mapping[str, str] = _target(
        {},
        "Annotations of the service accounts, by which a cloud knows the pods.",
        {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/shop"},
    )
    logs: Uri | None = _target(
        None, "Where logs of tasks are kept; null leaves them in the pods.", "s3://shop-airflow/logs"
    )
    logs_connection: Text | None = _target(None, "Airflow's connection for that.", "aws_default")
    install: bool = _target(
        False,
        "Whether a deploy builds and pushes the image and runs `helm upgrade`; else it prints the commands.",
        True,
    )


class ManagedTarget(TargetSettings):
    """What managed Airflows have in common: a bucket, and packages that the service installs."""

    environment: Text = _target(..., "Name of the environment at the service.", "shop-airflow")
    handoff: Uri | None = _target(
        None,
        "Where in-memory datasets wait for the task that reads them; null for a folder in the environment's bucket. "
        "It stands for `handoff.uri` of the pipelines.",
        "s3://shop-scratch/handoff",
    )
    install: StrictBool = _target(
        True, "Whether `deploy` sees to the packages and variables of the environment; false leaves them to you.", False
    )
    requirements: Text | None = _target(
        None,
        "File with what the workers install, from the project; null for the project's requirements.",
        "requirements-airflow.txt",
    )
    env_vars: PlainVariables = _target(
        {}, "Environment variables of the service's machines. No secrets.", {"SHOP_BUCKET": "shop-data"}
    )


class MwaaTarget(ManagedTarget):
    """Amazon Managed Workflows for Apache Airflow."""

    kind: Literal["mwaa"] = _target(
        ..., "`mwaa`: an environment of Amazon Managed Workflows for Apache Airflow.", "mwaa"
    )
    region: Text | None = _target(
        None, "Region of the environment; null for the region of the AWS configuration.", "eu-west-1"
    )
    constraint: str | None = _target(
        None,
        "Constraints of the installation, as an address or a path on the machines; null for those of the environment's "
        "Airflow.",
        "/usr/local/airflow/dags/constraints.txt",
    )
    wheels: TextTuple = _target(
        (),
        "Wheels that are installed, too, from the project; they go into plugins.zip.",
        ["dist/shop_lib-1.0-py3-none-any.whl"],
    )


class ComposerTarget(ManagedTarget):
    """Google Cloud Composer."""

    kind: Literal["composer"] = _target(..., "`composer`: an environment of Google Cloud Composer.", "composer")
    project: Text = _target(..., "Google Cloud project of the environment.", "shop-prod")
    location: Text = _target(..., "Region of the environment.", "europe-west1")


KINDS: Mapping[str, type[TargetSettings]] = {
    "local": LocalTarget,
    "folder": FolderTarget,
    "git": GitTarget,
    "astro": AstroTarget,
    "compose": ComposeTarget,
    "helm": HelmTarget,
    "mwaa": MwaaTarget,
    "composer": ComposerTarget,
}
"""Kind → model of its keys. A new kind is a row here, and a class in `deploy/targets/` under the same name."""


def read_targets(
    raw: Mapping[str, Any], *, source: str, kinds: Mapping[str, type[TargetSettings]] = KINDS
) -> dict[str, TargetSettings]:
    """Return the targets of a project by name, in the order of the file.

    Args:
        raw: The content of airflow.yml, as Kedro's config loader gives it.
        source: Name of the file for messages.
        kinds: All kinds, those of third parties included.

    Raises:
        SettingsError: If anything is wrong; the message lists all of it.
    """
    section = raw.get(TARGETS_SECTION) or {}
    found: dict[str, TargetSettings] = {}
    problems: list[Problem] = []
    for name, values in section.items():
        kind = values.get("kind") if isinstance(values, Mapping) else values
        model = kinds.get(kind) if isinstance(values, Mapping) and isinstance(kind, str) else None
        if model is None:
            problems.append(_no_kind(str(name), kind, kinds))
            continue
        try:
            found[str(name)] = model.model_validate(dict(values))
        except ValidationError as error:
            problems += _located(error, str(name), model)
    if problems:
        raise settings_error(problems, source=source)
    return found


def _no_kind(name: str, kind: object, kinds: Mapping[str, type[TargetSettings]]) -> Problem:
    place = (TARGETS_SECTION, name, "kind")
    what = f"names no kind of target. {close_match(str(kind), kinds)}".rstrip()
    return Problem(place=place, path=path_text(place), what=what, seen=seen(kind), allowed=", ".join(sorted(kinds)))


def _located(error: ValidationError, name: str, model: type[TargetSettings]) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        place = detail["loc"]
        unknown = detail["type"] == "extra_forbidden"
        problem = unknown_key(place, detail["input"], _keys_at(model, place)) if unknown else problem_of(detail)
        yield replace(problem, path=path_text((TARGETS_SECTION, name, *problem.place)))


def _keys_at(model: type[BaseModel], place: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys of the model in which the last step of a place was looked for."""
    for step in place[:-1]:
        annotation = model.model_fields[str(step)].annotation
        options = (annotation, *get_args(annotation))
        model = next(one for one in options if isinstance(one, type) and issubclass(one, BaseModel))
    return tuple(model.model_fields)
