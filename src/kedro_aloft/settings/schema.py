"""The JSON Schema of `airflow.yml` for editors.

`make docs` writes it; a test fails when the file is stale.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from kedro_aloft.settings.models import DagSettings
from kedro_aloft.settings.read import TARGETS_SECTION
from kedro_aloft.settings.targets import KINDS

SCHEMA_FILE = Path(__file__).with_name("airflow.schema.json")


class _InOrder(GenerateJsonSchema):
    """Keeps keys in the order in which the models and examples are written."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002  pydantic's
        return value


def json_schema() -> dict[str, Any]:
    """Return the schema of a whole file: `default` and one section per pipeline."""
    section = section_schema()
    targets = targets_schema()
    definitions = {**section.pop("$defs"), "Section": section, **targets.pop("$defs")}
    nullable = {"anyOf": [{"$ref": "#/$defs/Section"}, {"type": "null"}]}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "airflow.yml of kedro-aloft",
        "description": "How the pipelines of a Kedro project run on Airflow: `default` and one section per pipeline.",
        "type": "object",
        "properties": {"default": {**nullable, "description": "Holds for all pipelines."}, TARGETS_SECTION: targets},
        "patternProperties": {"^_(?!_default__$)": True},
        "additionalProperties": {**nullable, "description": "Holds for the pipeline of this name, over `default`."},
        "$defs": definitions,
    }
    return {key: _named(value) if key in _NAMED else _without_marks(value) for key, value in schema.items()}


def section_schema() -> dict[str, Any]:
    """Return the schema of one section, with our marks (`x-group`, `x-type`, `x-kedro-airflow`)."""
    schema = DagSettings.model_json_schema(schema_generator=_InOrder)
    schema["description"] = "Settings of one pipeline, or of all."
    schema["properties"]["schedule_interval"] = {
        "$ref": "#/$defs/OldSchedule",
        "deprecated": True,
        "description": "Deprecated: the old name of `schedule`.",
    }
    schema["$defs"]["OldSchedule"] = {"anyOf": schema["properties"]["schedule"]["anyOf"]}
    return schema


def targets_schema() -> dict[str, Any]:
    """Return the schema of the section `targets:`, with our marks; kinds of third parties may have any keys."""
    kinds = {kind: model.model_json_schema(schema_generator=_InOrder) for kind, model in KINDS.items()}
    definitions = {name: one for schema in kinds.values() for name, one in schema.pop("$defs", {}).items()}
    definitions |= {f"Target_{kind}": schema for kind, schema in kinds.items()}
    known = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/Target_{kind}"}} for kind in kinds
    ]
    return {
        "type": ["object", "null"],
        "description": "Where the project is deployed to, by a name of your own.",
        "additionalProperties": {
            "type": "object",
            "properties": {"kind": {"type": "string", "examples": list(kinds)}},
            "required": ["kind"],
            "allOf": known,
        },
        "$defs": definitions,
    }


def _without_marks(node: Any) -> Any:
    """Drop our marks and pydantic's titles, which only repeat the key; keep everything named by the user."""
    if isinstance(node, list):
        return [_without_marks(item) for item in node]
    if not isinstance(node, dict):
        return node
    cleaned = {key: value for key, value in node.items() if not key.startswith("x-") and key != "title"}
    return {key: _named(value) if key in _NAMED else _without_marks(value) for key, value in cleaned.items()}


_NAMED = ("properties", "$defs", "patternProperties")
"""Keywords whose keys are names and not keywords."""


def _named(node: Any) -> Any:
    return {name: _without_marks(value) for name, value in node.items()}


def schema_text() -> str:
    """Return the bytes of the schema file, as text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
