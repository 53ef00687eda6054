"""The reference page of the settings, made from the models.

`make docs` writes docs/reference/settings.md; a test fails when it is stale.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.settings.schema import section_schema, targets_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REFERENCE_FILE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"

GROUPS: Mapping[str, tuple[str, str]] = {
    "identity": ("Identity", "What the DAG is called."),
    "time": ("Time", "When it runs."),
    "data": ("Data", "What goes in, and what crosses from task to task."),
    "cutting": ("Cutting", "Which nodes take part, and which share a task."),
    "running": ("Running", "How a task runs. `tasks` below makes exceptions."),
    "execution": (
        "Execution",
        "Where the nodes of a task run. A mode reads the section of its name; the others may stand there unused.",
    ),
    "telling": ("Telling", "Who hears of it."),
    "checking": ("Checking", "What `kedro airflow check` asks, and what it keeps quiet about."),
    "template": ("Custom template", "What a template of your own may use besides."),
    "tasks": ("Exceptions for some tasks", "Of several matching entries the last one wins, key by key."),
}
"""Group of a key → title and lead of its part of the page."""

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "mapping",
    "array": "list",
}

_INTRO = """\
<!-- Made by `make docs` from settings/models.py: do not edit. -->

# Settings: `airflow.yml`

`conf/<env>/airflow.yml` says how the pipelines of a project run on Airflow. Every key is optional. Kedro's own config
loader reads the file, so environments, globals and resolvers work as for any other configuration.

```yaml
default:            # holds for all pipelines
  retries: 2
  group_by: memory

data_science:       # holds for the pipeline of this name, over `default`
  schedule: "0 6 * * *"
  timezone: Europe/Zurich
  handoff: {ttl: 2d}
  tasks:
    - select: "tag:gpu"
      pool: gpu
```

- A pipeline's section wins over `default`; `--set key=value` wins over both. Mappings merge key by key, lists are
  replaced. Keys of mappings are dotted on the command line: `--set handoff.ttl=2d`.
- An unknown key, a wrong type or a section without a pipeline is an error that names the path and the closest match.
- The pipeline `__default__` takes its settings from `default`: Kedro's loader drops keys that start with an underscore.
- Durations are texts such as `30s`, `1h30m`, `2d` or ISO 8601 (`PT15M`).
- Variables of a custom template (`create --jinja-file`) stand below `template_vars`, which every command accepts. With
  `--jinja-file` they may also be keys of the section itself, as for kedro-airflow.
- A list with one item may be written without brackets.
- Editors complete and check the file with a JSON Schema: `kedro airflow init` writes it to `conf/airflow.schema.json`
  and names it in the first line of the file, `# yaml-language-server: $schema=../airflow.schema.json`.
"""

_COMMON = ("airflow", "store")
_TARGETS_HEAD = """\
## Targets

The section `targets:` stands beside `default:` and names the places to which the project is deployed:

```yaml
targets:
  prod:
    kind: folder
    path: s3://shop-airflow/dags
    airflow: {url: "https://airflow.example.com"}
```

`airflow` and `store` are keys of all kinds, the others of the kind that `kind` names.

| Key | Type | Default | Meaning | Example | kedro-airflow |
|---|---|---|---|---|---|"""

_OLD_KEYS = """\
## Keys of kedro-airflow

All keys of kedro-airflow 0.11 work. `schedule_interval` is the old name of `schedule` and gives a notice.
These defaults differ:

| Key | kedro-airflow | Here | Why |
|---|---|---|---|
| `schedule` | `@once` | null | the first click in the UI would start two runs |
| `max_active_runs` | 3 | 1 | two runs write the same files |
| `retry_delay` | 5 minutes | 30 s | most failures that a retry cures are short |
| `start_date` | 2023-01-01 without zone | 2023-01-01 in `timezone` | Airflow 3 needs a zone |
| `dag_id` | the package name | project, pipeline and environment | DAGs with one id hide each other |
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key of the page.

    Args:
        path: Dotted, with `[]` for items of a list.
        group: The part of the page.
        schema: The key's own JSON Schema with our marks.
        required: Whether it has no default.
    """

    path: str
    group: str
    schema: Mapping[str, Any]
    required: bool


def rows() -> tuple[Row, ...]:
    """Return every key in the order of the models, nested ones right after their parent."""
    schema = section_schema()
    del schema["properties"]["schedule_interval"]
    return tuple(_rows(schema, schema["$defs"], prefix=""))


def _rows(schema: Mapping[str, Any], definitions: Mapping[str, Any], *, prefix: str) -> Iterator[Row]:
    for name, key in schema["properties"].items():
        if "x-group" not in key:
            continue  # `every` and `assets` are described with `schedule`
        path = f"{prefix}{name}"
        yield Row(path=path, group=key["x-group"], schema=key, required=name in schema.get("required", ()))
        nested, many = _model_of(key)
        if nested:
            yield from _rows(definitions[nested], definitions, prefix=f"{path}{'[]' if many else ''}.")


def _model_of(key: Mapping[str, Any], *, many: bool = False) -> tuple[str, bool]:
    """Return the model that a key or its items hold, and whether it holds several; `""` for none."""
    if "$ref" in key:
        return key["$ref"].rsplit("/", 1)[-1], many
    if "items" in key:
        return _model_of(key["items"], many=True)
    found = [_model_of(option, many=many) for option in key.get("anyOf", ())]
    return next((model for model in found if model[0] and model[0] not in ("Every", "OnAssets")), ("", many))


def type_text(schema: Mapping[str, Any]) -> str:
    """Return the type of a key in words."""
    if "x-type" in schema:
        return str(schema["x-type"])
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_text(option) for option in _options(schema)))
    if "items" in schema:
        return f"list of {type_text(schema['items'])}"
    return _TYPES.get(schema.get("type", "object"), "mapping")


def _options(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the forms worth telling; the intro says that a list takes a single item too."""
    options = list(schema["anyOf"])
    lists = [option for option in options if "items" in option and option["items"].get("type") != "integer"]
    if lists:
        return lists
    nullable = "default" in schema and schema["default"] is None
    return [option for option in options if nullable or option.get("type") != "null"]


def render_reference() -> str:
    """Return the page as Markdown."""
    parts = [_INTRO]
    every = rows()
    for group, (title, lead) in GROUPS.items():
        lines = [_line(row) for row in every if row.group == group]
        head = "| Key | Type | Default | Meaning | Example | kedro-airflow |\n|---|---|---|---|---|---|"
        parts.append("\n".join([f"## {title}\n\n{lead}\n", head, *lines]) + "\n")
    return "\n".join([*parts, _targets_part(), _OLD_KEYS])


def _targets_part() -> str:
    """The section `targets:`: what all kinds have, then each kind's own keys."""
    schema = targets_schema()
    kinds = [name for name in schema["$defs"] if name.startswith("Target_")]
    common = [row for row in target_rows(kinds[0]) if row.path.partition(".")[0] in _COMMON]
    lines = [_TARGETS_HEAD, *map(_line, common)]
    for kind in kinds:
        lines += [_line(row) for row in target_rows(kind) if row.path.partition(".")[0] not in _COMMON]
    return "\n".join(lines) + "\n"


def target_rows(kind: str) -> tuple[Row, ...]:
    """Return every key of a kind of target: `Target_<kind>`."""
    definitions = targets_schema()["$defs"]
    return tuple(_rows(definitions[kind], definitions, prefix=""))


def _line(row: Row) -> str:
    default = "required" if row.required else _default(row)
    examples = "<br>".join(_code(example) for example in row.schema["examples"])
    cells = (
        f"`{row.path}`",
        type_text(row.schema),
        default,
        row.schema["description"],
        examples,
        row.schema["x-kedro-airflow"] or "-",
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(row: Row) -> str:
    if row.path.startswith("tasks[]."):
        return "unchanged"
    return "below" if _model_of(row.schema)[0] and row.schema.get("default") else _code(row.schema.get("default"))


def _code(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{text}`"
