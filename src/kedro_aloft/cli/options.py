"""Options that several commands share, with Kedro's own names and meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.compiler import Order

F = TypeVar("F", bound="Callable[..., Any]")

_SELECTION = (
    ("--tags", "Only nodes with any of these tags."),
    ("--nodes", "Only these nodes."),
    ("--from-nodes", "These nodes and all that depend on them."),
    ("--to-nodes", "These nodes and all that they need."),
    ("--from-inputs", "Nodes that depend on these datasets."),
    ("--to-outputs", "Nodes that these datasets need."),
    ("--namespaces", "Only nodes in these namespaces."),
)


def project_options(function: F) -> F:
    """Add `--env` and `--conf-source`."""
    function = click.option(
        "--conf-source", default=None, metavar="PATH", help="Configuration directory or archive, instead of conf/."
    )(function)
    return click.option(
        "-e", "--env", default=None, metavar="ENV", help="Kedro environment [default: KEDRO_ENV, else the project's]."
    )(function)


def pipeline_options(function: F) -> F:
    """Add the options that say what is compiled: pipelines, environment, selection, grouping, settings."""
    options = [
        click.option(
            "-p",
            "--pipelines",
            "--pipeline",
            default=None,
            metavar="NAMES",
            help="Registered pipelines, comma-separated.",
        ),
        *(click.option(name, default="", metavar="NAMES", help=text) for name, text in _SELECTION),
        click.option(
            "-g",
            "--group-by",
            default=None,
            type=click.Choice(
                ["none", "memory", "namespace", "tag", "pipeline", "chain", "auto"], case_sensitive=False
            ),
            help="Which nodes share a task.",
        ),
        click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="KEY=VALUE",
            help="Any setting of airflow.yml, by dotted key; may be repeated.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return project_options(function)


def runtime_params_option(function: F) -> F:
    """Add `--params` with the meaning that it has for `kedro run`."""
    return click.option(
        "--params", default="", metavar="KEY=VALUE,…", help="Kedro runtime parameters, as for `kedro run`."
    )(function)


def order_from(
    options: Mapping[str, Any], *, command: str, every_pipeline: bool = False, for_here: bool = False
) -> Order:
    """Return what the options order, without the options that are no part of an order.

    Args:
        options: Values of `pipeline_options`, by parameter name.
        command: Name of the command, for the DAG file's docstring.
        every_pipeline: Whether all registered pipelines are wanted.
        for_here: Whether they are to run in this environment.

    Raises:
        UsageError: If options exclude each other.
        SettingsError: If an assignment cannot be read.
    """
    from kedro_aloft.compiler import Order
    from kedro_aloft.errors import UsageError
    from kedro_aloft.project import Filters
    from kedro_aloft.settings import parse_params_option, parse_set

    if every_pipeline and options.get("pipelines"):
        raise UsageError("--all and --pipelines exclude each other.", remedy="give one of them")
    overrides = {**parse_set(options["assignments"]), **parse_params_option(options.get("settings_params") or "")}
    if options["group_by"]:
        overrides["group_by"] = options["group_by"].lower()
    return Order(
        pipelines=_names(options.get("pipelines") or ""),
        every_pipeline=every_pipeline,
        filters=Filters(
            tags=_names(options["tags"]),
            nodes=_node_names(options["nodes"]),
            from_nodes=_node_names(options["from_nodes"]),
            to_nodes=_node_names(options["to_nodes"]),
            from_inputs=_names(options["from_inputs"]),
            to_outputs=_names(options["to_outputs"]),
            namespaces=_names(options["namespaces"]),
        ),
        overrides=overrides,
        for_here=for_here,
        command=command,
        command_options=_repeatable(options),
    )


def refuse_together(options: Mapping[str, bool]) -> None:
    """Refuse flags that exclude each other.

    Raises:
        UsageError: If more than one is given.
    """
    from kedro_aloft.errors import UsageError

    given = [name for name, is_given in options.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other.", remedy="give one of them")


def _repeatable(options: Mapping[str, Any]) -> str:
    """Return the options as they can be pasted, in a fixed order, without paths of this machine."""
    import shlex

    spelled = {"env": "--env", "group_by": "--group-by"}
    spelled |= {name[2:].replace("-", "_"): name for name, _ in _SELECTION}
    words = [f"{option}={options[key]}" for key, option in spelled.items() if options.get(key)]
    words += [f"--set={assignment}" for assignment in options.get("assignments", ())]
    if options.get("settings_params"):
        words.append(f"--params={options['settings_params']}")
    return " ".join(shlex.quote(word) for word in words)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _node_names(text: str) -> tuple[str, ...]:
    """Split as `kedro run` does: names of unnamed nodes contain commas inside brackets."""
    from kedro_aloft.compat import split_node_names

    return tuple(split_node_names(text))
