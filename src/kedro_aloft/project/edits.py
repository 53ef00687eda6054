"""Edits of YAML texts that keep every comment, the order and the spelling of all other lines.

A YAML library that writes a document anew would reformat it. Here the parser only tells where keys and values stand;
what is written is the old text with a line more, less or other. Each edit is loaded again and compared with what it was
meant to change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from kedro_aloft.project.places import child

if TYPE_CHECKING:
    from collections.abc import Sequence

_INDENT = 2


class CannotEdit(Exception):  # noqa: N818  it is no error: the finding is left to people
    """The text is not one that can be edited safely."""


def set_key(text: str, path: Sequence[str | int], value: Any) -> str:
    """Return the text with a key set, added when it is missing.

    Raises:
        CannotEdit: If the result would not be exactly that.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edited = _set(text, root, path, value)
    try:
        return _verified(edited, _with_value(yaml.safe_load(text), path, value))
    except (TypeError, IndexError) as error:
        raise CannotEdit from error


def remove_key(text: str, path: Sequence[str | int]) -> str:
    """Return the text without a key.

    Raises:
        CannotEdit: If there is no such key, or the result would not be exactly that.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    parent, found = _walk(root, path[:-1])
    if len(found) < len(path) - 1 or child(parent, path[-1]) is None:
        raise CannotEdit
    key, value = child(parent, path[-1]) or (parent, parent)
    edited = _without_flow(text, parent, key, value) if parent.flow_style else _without_lines(text, key, value)
    return _verified(edited, _without_value(yaml.safe_load(text), path))


def _walk(root: yaml.Node | None, path: Sequence[str | int]) -> tuple[Any, list[str | int]]:
    """The deepest node on a path, and the keys that lead to it."""
    node, passed = root, []
    for step in path:
        found = child(node, step)
        if found is None:
            break
        node = found[1]
        passed.append(step)
    return node, passed


def _set(text: str, root: yaml.Node | None, path: Sequence[str | int], value: Any) -> str:
    node, passed = _walk(root, path)
    rest = list(path[len(passed) :])
    if not rest:
        return _replaced(text, node, value)
    if isinstance(node, yaml.MappingNode) and not node.value:
        return _replaced(text, node, _nested(rest, value))
    if isinstance(node, yaml.MappingNode):
        return _added_flow(text, node, rest, value) if node.flow_style else _added(text, node, rest, value)
    if passed and isinstance(node, yaml.ScalarNode) and not node.value:
        key = (child(_walk(root, passed[:-1])[0], passed[-1]) or (node, node))[0]
        return _inserted(text, key.start_mark.line + 1, _block(rest, value, key.start_mark.column + _INDENT))
    if root is None:
        return (text if text.endswith("\n") or not text else f"{text}\n") + _block(rest, value, 0)
    raise CannotEdit


def _replaced(text: str, node: yaml.Node, value: Any) -> str:
    if not isinstance(node, yaml.ScalarNode) and not getattr(node, "flow_style", False):
        raise CannotEdit
    start, end = node.start_mark.index, node.end_mark.index
    space = "" if text[start - 1 : start].isspace() else " "
    return f"{text[:start]}{space if start == end else ''}{_flow(value)}{text[end:]}"


def _added(text: str, node: yaml.MappingNode, rest: list[str | int], value: Any) -> str:
    column = node.value[0][0].start_mark.column
    return _inserted(text, _end_line(node), _block(rest, value, column))


def _added_flow(text: str, node: yaml.MappingNode, rest: list[str | int], value: Any) -> str:
    end = node.value[-1][1].end_mark.index
    return f"{text[:end]}, {_flow(rest[0])}: {_flow(_nested(rest[1:], value))}{text[end:]}"


def _nested(keys: Sequence[str | int], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _without_lines(text: str, key: yaml.Node, value: yaml.Node) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[: key.start_mark.line] + lines[max(_end_line(value), key.start_mark.line + 1) :])


def _without_flow(text: str, parent: yaml.MappingNode, key: yaml.Node, value: yaml.Node) -> str:
    keys = [one for one, _ in parent.value]
    position = keys.index(key)
    if position + 1 < len(keys):
        return text[: key.start_mark.index] + text[keys[position + 1].start_mark.index :]
    start = parent.value[position - 1][1].end_mark.index if position else key.start_mark.index
    return text[:start] + text[value.end_mark.index :]


def _end_line(node: yaml.Node) -> int:
    """Number of the line after the last one of a node, counted from 0; comments behind it do not count."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end_line(last[1] if isinstance(last, tuple) else last)
    mark = node.end_mark
    return mark.line if mark.column == 0 and mark.line > node.start_mark.line else mark.line + 1


def _inserted(text: str, line: int, new: str) -> str:
    lines = text.splitlines(keepends=True)
    if lines and line >= len(lines) and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join([*lines[:line], new, *lines[line:]])


def _block(keys: Sequence[str | int], value: Any, column: int) -> str:
    lines = [f"{' ' * (column + depth * _INDENT)}{_flow(key)}:" for depth, key in enumerate(keys)]
    return "\n".join(lines) + f" {_flow(value)}\n"


def _flow(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def _with_value(content: Any, path: Sequence[str | int], value: Any) -> Any:
    content = _unshared(content) or {}
    here = content
    for step in path[:-1]:
        if isinstance(here, dict) and here.get(step) is None:
            here[step] = {}
        here = here[step]
    here[path[-1]] = value
    return content


def _without_value(content: Any, path: Sequence[str | int]) -> Any:
    content = _unshared(content)
    here = content
    for step in path[:-1]:
        here = here[step]
    del here[path[-1]]
    return content


def _unshared(content: Any) -> Any:
    """A copy in which what an alias repeats is there twice: an edit of one of them must not reach the other."""
    if isinstance(content, dict):
        return {key: _unshared(value) for key, value in content.items()}
    return [_unshared(value) for value in content] if isinstance(content, list) else content


def _verified(edited: str, wanted: Any) -> str:
    try:
        found = yaml.safe_load(edited)
    except yaml.YAMLError as error:
        raise CannotEdit from error
    if _without_empty(found) != _without_empty(wanted):
        raise CannotEdit
    return edited


def _without_empty(content: Any) -> Any:
    """The content as it is compared: a key whose last entry went away is left with nothing instead of a mapping."""
    if isinstance(content, dict):
        return {key: _without_empty(value) for key, value in content.items() if value not in (None, {})}
    return content
