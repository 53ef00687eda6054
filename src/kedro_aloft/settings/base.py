"""What all models of settings share: how a key is described, and what every model refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pydantic.config import JsonDict


class Settings(BaseModel):
    """Base of all models: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False, defer_build=True)


def key(group: str, default: Any, description: str, *examples: Any, kedro_airflow: str = "", **constraints: Any) -> Any:
    """Describe one key.

    Args:
        group: The part of the reference page.
        default: `...` when the key is required.
        description: What the key does, for the schema and the reference page.
        examples: At least one valid value.
        kedro_airflow: The equivalent in kedro-airflow 0.11, empty when there is none.
        constraints: More arguments for `Field`.
    """
    extra: JsonDict = {"x-group": group, "x-kedro-airflow": kedro_airflow}
    return Field(default, description=description, examples=list(examples), json_schema_extra=extra, **constraints)
