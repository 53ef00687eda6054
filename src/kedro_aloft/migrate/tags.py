"""Tags with a colon, read from the source of the pipelines: Kedro 1 refuses to import them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from kedro_aloft.migrate.values import TagUse
from kedro_aloft.settings.overrides import PROFILE_TAG
from kedro_aloft.settings.spark import SPARK_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GROUP_PREFIX = "airflow.group."
"""How the tags begin that `group_by: tag` takes without being told."""

DEFAULT_GROUP_PREFIX = "airflow:"
"""How they began in the Composer example."""

DEFAULT_PROFILE_PREFIX = "machine:"
"""How its tags for machines began."""

K8S_PROFILE_PREFIX = "resources:"
K8S_TEMPLATE_PREFIX = "k8s_template:"
_K8S_SPARK = "kedro-airflow-k8s:group:pyspark"

_MAKERS = frozenset({"node", "Node", "pipeline", "Pipeline"})
_CONVENTION = re.compile(r"(resources|k8s_template|machine|airflow|kedro-airflow-k8s):[\w.:-]+")
_NOT_ALLOWED = re.compile(r"[^\w.-]+")


def group_prefix(section: Mapping[str, Any]) -> str:
    """Return the prefix of grouping tags that a section of airflow.yml names; the example used two keys for it."""
    return str(section.get("grouping_tag_prefix") or section.get("grouping_prefix") or DEFAULT_GROUP_PREFIX)


def profile_prefix(section: Mapping[str, Any]) -> str:
    """Return the prefix of machine tags that a section of airflow.yml names."""
    return str(section.get("resources_tag_prefix") or DEFAULT_PROFILE_PREFIX)


def new_tag(tag: str, *, group: str = DEFAULT_GROUP_PREFIX, profile: str = DEFAULT_PROFILE_PREFIX) -> str:
    """Return the tag that takes an old one's place: letters, digits, `_`, `-` and `.` are allowed.

    Args:
        tag: The old tag.
        group: How grouping tags began.
        profile: How machine tags of the Composer example began; those of kedro-airflow-k8s began with `resources:`.
    """
    if tag == _K8S_SPARK:
        return SPARK_TAG
    for prefix, new in ((group, GROUP_PREFIX), (profile, PROFILE_TAG), (K8S_PROFILE_PREFIX, PROFILE_TAG)):
        if tag.startswith(prefix):
            return new + _NOT_ALLOWED.sub(".", tag[len(prefix) :])
    return _NOT_ALLOWED.sub(".", tag)


def find_tags(source: str, path: str) -> list[TagUse]:
    """Return the tags of a module that Kedro 1 refuses, by line.

    Strings in `tags=` of nodes and pipelines, and, outside of such calls, strings that follow an old convention.

    Args:
        source: Python of any version; what cannot be parsed has no tags.
        path: For the result.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    found = {(use.line, use.tag): use for use in _loose(tree, path)}
    found |= {(use.line, use.tag): use for use in _in_calls(tree, path)}
    return [found[key] for key in sorted(found)]


def _in_calls(tree: ast.AST, path: str) -> Iterator[TagUse]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _called(call) in _MAKERS:
            node = _keyword_text(call, "name")
            for keyword in call.keywords:
                if keyword.arg == "tags":
                    for text, line in _texts(keyword.value):
                        if ":" in text:
                            yield TagUse(tag=text, path=path, line=line, node=node)


def _loose(tree: ast.AST, path: str) -> Iterator[TagUse]:
    for text, line in _texts(tree):
        if _CONVENTION.fullmatch(text):
            yield TagUse(tag=text, path=path, line=line)


def _texts(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every string constant below; parts of an f-string are no whole tags."""
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value, node.lineno


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _keyword_text(call: ast.Call, name: str) -> str:
    for keyword in call.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    return ""
