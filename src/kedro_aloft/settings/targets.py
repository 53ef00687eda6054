"""The section `targets:` of `airflow.yml`: where the project is deployed to, one model per kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, StringConstraints, ValidationError

from kedro_aloft.errors import close_match
from kedro_aloft.settings.base import Settings, key
from kedro_aloft.settings.layers import path_text
from kedro_aloft.settings.problems import Problem, problem_of, seen, settings_error, unknown_key
from kedro_aloft.settings.read import TARGETS_SECTION
from kedro_aloft.settings.values import Text, Uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_target = partial(key, "targets")
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


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


KINDS: Mapping[str, type[TargetSettings]] = {"local": LocalTarget, "folder": FolderTarget}
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
