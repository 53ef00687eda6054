"""What is wrong with a setting, for people: path, what, seen, allowed, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.errors import SettingsError, close_match
from kedro_aloft.settings.execution import (
    DockerSettings,
    EcsSettings,
    GkeSettings,
    KubernetesSettings,
    PodSecret,
    ResourceProfile,
    SecretSource,
    VenvSettings,
    VolumeSettings,
)
from kedro_aloft.settings.layers import path_text
from kedro_aloft.settings.models import (
    CheckSettings,
    DagSettings,
    FilterSettings,
    HandoffSettings,
    NotifySettings,
    TaskOverride,
    WaitFor,
)
from kedro_aloft.settings.refusal import REFUSAL
from kedro_aloft.settings.spark import DataprocSettings, SparkSettings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

_SEEN_LENGTH = 120
_LIST_LENGTH = 16
SECRET = re.compile(r"passw|secret|token|credential|api_?key|access_?key|private", re.IGNORECASE)

MODELS: Mapping[str, type[BaseModel]] = {
    "": DagSettings,
    "handoff": HandoffSettings,
    "wait_for": WaitFor,
    "filters": FilterSettings,
    "notify": NotifySettings,
    "tasks": TaskOverride,
    "check": CheckSettings,
    "resource_profiles": ResourceProfile,
    "venv": VenvSettings,
    "docker": DockerSettings,
    "docker.secrets": SecretSource,
    "kubernetes": KubernetesSettings,
    "kubernetes.secrets": PodSecret,
    "kubernetes.volume": VolumeSettings,
    "gke": GkeSettings,
    "ecs": EcsSettings,
    "spark": SparkSettings,
    "spark.dataproc": DataprocSettings,
}
"""Key of `DagSettings` → model of its value or items; `""` is the top. In `tasks` they are the same."""

_KINDS = {
    "int_type": ("not a whole number", "a whole number"),
    "bool_type": ("not a boolean", "true or false"),
    "string_type": ("not text", "text; put numbers, dates and yes/no in quotes"),
    "tuple_type": ("not a list", "a list"),
    "mapping_type": ("not a mapping", "a mapping"),
    "dict_type": ("not a mapping", "a mapping"),
    "model_type": ("not a mapping", "a mapping"),
    "datetime_type": ("has no value", "a date such as 2023-08-09"),
    "string_too_short": ("is empty", "text"),
    "too_short": ("is empty", "at least one item"),
    "missing": ("is missing", ""),
    "greater_than_equal": ("too small", "{ge} or more"),
    "string_too_long": ("too long", "at most {max_length} characters"),
}
"""Error type of pydantic → what to say and what is allowed, with the names of its context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with the settings.

    Args:
        place: Steps from the top of the settings.
        what: One sentence.
        seen: What was found, cut and without secrets.
        allowed: What may stand there.
        remedy: What to do, when `allowed` does not say it.
        path: Where people find it; filled in by the reader, which knows the layers.
    """

    place: tuple[str | int, ...]
    what: str
    seen: str = ""
    allowed: str = ""
    remedy: str = ""
    path: str = ""

    @property
    def evidence(self) -> str:
        """What was seen and what is allowed, in one line."""
        allowed = f"allowed: {self.allowed}" if self.allowed else ""
        return "; ".join(text for text in (self.seen, allowed) if text)

    def lines(self) -> str:
        """Return the problem as an item of a list."""
        parts = (("seen", self.evidence), ("to do", self.remedy))
        return "\n".join([f"- {self.path}: {self.what}", *(f"    {label}: {text}" for label, text in parts if text)])


def problem_of(error: ErrorDetails) -> Problem:
    """Return the problem that an error of pydantic stands for."""
    place = tuple(error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_key(place, error["input"], _keys_at(place))
    what, allowed = _KINDS.get(kind, (error["msg"], ""))
    allowed, remedy = allowed.format(**context), ""
    if kind == REFUSAL:
        what, allowed, remedy = context["what"], context["allowed"], context["remedy"]
    if kind == "literal_error":
        what, allowed = _not_one_of(error["input"], context["expected"])
    if kind == "missing":
        return Problem(place=place, what=what, remedy=f"add `{path_text(place[-1:])}`")
    return Problem(place=place, what=what, seen=seen(error["input"], place), allowed=allowed, remedy=remedy)


def _not_one_of(value: object, expected: str) -> tuple[str, str]:
    words = re.findall(r"'([^']*)'", expected)
    return f"unknown value. {close_match(str(value), words)}".strip(), ", ".join(words)


def _keys_at(place: Sequence[str | int]) -> tuple[str, ...]:
    """The deepest model on the way, whatever names of the user's stand between (`resource_profiles.<name>`)."""
    steps = [step for step in place[:-1] if isinstance(step, str)]
    inner = steps[1:] if steps[:1] == ["tasks"] and len(steps) > 1 else steps
    depth = next(depth for depth in range(len(inner), -1, -1) if ".".join(inner[:depth]) in MODELS)
    return tuple(MODELS[".".join(inner[:depth])].model_fields)


def unknown_key(place: tuple[str | int, ...], value: object, allowed: Collection[str], remedy: str = "") -> Problem:
    """Return the problem of a key that does not exist, with the closest one that does unless the remedy is known."""
    match = "" if remedy else close_match(str(place[-1]), allowed)
    listed = "" if (match or remedy) and len(allowed) > _LIST_LENGTH else ", ".join(allowed)
    what = f"unknown key. {match}".strip()
    return Problem(place=place, what=what, seen=seen(value, place), allowed=listed, remedy=remedy)


def seen(value: object, place: Sequence[str | int] = ()) -> str:
    """Return a short text of a value; what may be a secret is never shown."""
    text = repr(value)
    if "env_vars" in place or SECRET.search(" ".join(map(str, place))) or _holds_secret(value):
        return f"a {type(value).__name__} (not shown)"
    return text if len(text) <= _SEEN_LENGTH else f"{text[: _SEEN_LENGTH - 1]}…"


def _holds_secret(value: object) -> bool:
    """Look for passwords in addresses (`scheme://user:password@host`) and for keys that name a secret."""
    text = repr(value)
    return bool(re.search(r"://[^/\s]*:[^/\s]*@", text) or SECRET.search(text) or "env_vars" in text)


def names_secret(name: str) -> bool:
    """Tell whether a variable's name says that its value is a secret."""
    return bool(SECRET.search(name))


def settings_error(problems: Sequence[Problem], *, source: str) -> SettingsError:
    """Return one error for all problems, of which there is at least one."""
    if len(problems) == 1:
        only = problems[0]
        what = only.what[:1].upper() + only.what[1:]
        return SettingsError(what, where=only.path, seen=only.evidence, remedy=only.remedy)
    lines = "\n".join(problem.lines() for problem in problems)
    return SettingsError(f"{source} has {len(problems)} problems:\n{lines}")
