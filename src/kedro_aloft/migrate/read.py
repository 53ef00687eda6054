"""Read an old project as text, YAML and syntax trees. Nothing is imported, so any Kedro's project can be read."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import ProjectError
from kedro_aloft.migrate.table import COMPOSER_KEYS
from kedro_aloft.migrate.tags import find_tags
from kedro_aloft.migrate.values import Fate, Kind, Line, OldFile, OldProject, TagUse, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_YAML = frozenset({".yml", ".yaml"})
_TEMPLATES = frozenset({".j2", ".jinja", ".jinja2", ".pytpl", ".tpl"})
_MAKES_DAGS = re.compile(r"\bairflow\b.*\{[{%]|\{[{%].*\bairflow\b", re.DOTALL)
_SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "data", "site-packages", ".airflow"})
_TOOL_KEDRO = re.compile(r"^\[tool\.kedro\]", re.MULTILINE)
_VERSION = re.compile(r"""^kedro_init_version\s*=\s*["']([^"']+)["']""", re.MULTILINE)
_REQUIRES = re.compile(r"""^\s*["']?(kedro-airflow(?:-k8s)?)\b""", re.MULTILINE)
_OLD_LOADERS = re.compile(r"\b(TemplatedConfigLoader|ConfigLoader)\b")
_OLD_DATASET = re.compile(r"""^\s*type:\s*["']?([\w.]+DataSet)\b""", re.MULTILINE)


def find_old_project(start: Path) -> Path:
    """Return the Kedro project at or above a directory, of whatever version.

    Raises:
        ProjectError: If there is none (ALOFT-101).
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if _TOOL_KEDRO.search(_text(folder / "pyproject.toml")):
            return folder
    raise ProjectError(
        "No Kedro project here.",
        where=str(start),
        seen="neither this directory nor one above it has a pyproject.toml with a [tool.kedro] section",
        remedy="name the directory of the project",
        code="ALOFT-101",
    )


def read_old_project(path: Path, *, conf_source: str | None = None) -> OldProject:
    """Return what the files of a project say.

    Args:
        path: The directory of the project.
        conf_source: Its configuration directory; None for what its settings.py says, else `conf`.

    Raises:
        ProjectError: If a configuration file is no YAML (ALOFT-103).
    """
    conf = path / (conf_source or _conf_source(path) or "conf")
    modules = [file for file in _walk(path) if file.suffix == ".py"]
    files = [_old_file(file, path) for file in _config_files(conf)]
    return OldProject(
        path=path,
        files=tuple(files),
        tags=tuple(_tags(modules, path)),
        templates=tuple(_templates(path)),
        hints=tuple(_hints(path, conf, modules)),
    )


def _walk(path: Path) -> Iterator[Path]:
    """The files of a project in a fixed order, without what is not its own."""
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if name not in _SKIPPED)
        yield from (Path(folder) / name for name in sorted(files))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _conf_source(path: Path) -> str:
    """`CONF_SOURCE = "…"` of a settings.py."""
    for file in _walk(path / "src"):
        if file.name == "settings.py":
            match = re.search(r"""^CONF_SOURCE\s*=\s*["']([^"']+)["']""", _text(file), re.MULTILINE)
            if match:
                return match[1]
    return ""


def _config_files(conf: Path) -> list[Path]:
    """The airflow files of all environments: `base` first, since the others overlay it; the k8s plugin's file wins."""
    found = [
        file
        for file in _walk(conf)
        if file.suffix in _YAML and any(part.startswith("airflow") for part in file.relative_to(conf).parts[1:])
    ]
    return sorted(found, key=lambda file: (_env(file, conf) != "base", _env(file, conf), _is_k8s(file), file))


def _env(file: Path, conf: Path) -> str:
    return file.relative_to(conf).parts[0]


def _is_k8s(file: Path) -> bool:
    return file.name.startswith("airflow-k8s")


def _old_file(file: Path, project: Path) -> OldFile:
    text = _text(file)
    name = file.relative_to(project).as_posix()
    content = _load(text, name)
    return OldFile(path=name, kind=_kind(file, content), content=content, comments=_comments(text))


def _load(text: str, name: str) -> Mapping[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProjectError(
            "A configuration file cannot be parsed.",
            where=name,
            seen=" ".join(str(error).split()),
            remedy="repair its YAML",
            code="ALOFT-103",
        ) from error
    return {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}


def _kind(file: Path, content: Mapping[str, Any]) -> Kind:
    if _is_k8s(file) or "run_config" in content:
        return Kind.K8S
    keys = {key for section in content.values() if isinstance(section, dict) for key in section}
    return Kind.COMPOSER if keys & COMPOSER_KEYS else Kind.KEDRO_AIRFLOW


def _comments(text: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The comment lines directly above each key of each section."""
    import yaml

    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(tree, yaml.MappingNode):
        return {}
    lines = text.splitlines()
    return {
        (str(section.value), str(key.value)): tuple(_above(lines, key.start_mark.line))
        for section, body in tree.value
        if isinstance(body, yaml.MappingNode)
        for key, _ in body.value
    }


def _above(lines: list[str], number: int) -> list[str]:
    found: list[str] = []
    while number > 0 and lines[number - 1].lstrip().startswith("#"):
        number -= 1
        found.insert(0, lines[number].strip())
    return found


def _tags(modules: list[Path], project: Path) -> Iterator[TagUse]:
    for module in modules:
        yield from find_tags(_text(module), module.relative_to(project).as_posix())


def _templates(project: Path) -> Iterator[Template]:
    for file in _walk(project):
        if file.suffix in _TEMPLATES and _MAKES_DAGS.search(text := _text(file)):
            yield Template(path=file.relative_to(project).as_posix(), text=text)


def _hints(project: Path, conf: Path, modules: list[Path]) -> Iterator[Line]:
    """What must change besides, for Kedro 1 to open the project at all."""
    version = _VERSION.search(_text(project / "pyproject.toml"))
    if version and version[1].partition(".")[0] == "0":
        yield Line(
            fate=Fate.BY_HAND,
            where="pyproject.toml: tool.kedro.kedro_init_version",
            old=version[1],
            new="1.2.0 or later",
            why="Kedro 1 refuses the project until this says so",
        )
    yield from _old_requirements(project)
    for module in modules:
        if module.name == "settings.py" and (match := _OLD_LOADERS.search(_imports(_text(module)))):
            yield Line(
                fate=Fate.BY_HAND,
                where=module.relative_to(project).as_posix(),
                old=match[1],
                new="OmegaConfigLoader",
                why="Kedro 1 has no other configuration loader",
            )
    old = sorted({name for file in _walk(conf) if file.suffix in _YAML for name in _OLD_DATASET.findall(_text(file))})
    if old:
        yield Line(
            fate=Fate.BY_HAND,
            where=f"{conf.name}/: catalog",
            old=", ".join(old),
            new="…Dataset",
            why="the datasets of Kedro 1 are spelled so",
        )


def _old_requirements(project: Path) -> Iterator[Line]:
    for file in _walk(project):
        if file.name in {"requirements.txt", "requirements.in", "pyproject.toml"}:
            for name in sorted(set(_REQUIRES.findall(_text(file)))):
                yield Line(
                    fate=Fate.OBSOLETE,
                    where=file.relative_to(project).as_posix(),
                    old=name,
                    new="kedro-aloft",
                    why="both add a command of the same name" if name == "kedro-airflow" else "stopped at Kedro 0.17",
                )


def _imports(source: str) -> str:
    """The import statements of a module as text: what is commented out does not count."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ""
    return "\n".join(ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))
