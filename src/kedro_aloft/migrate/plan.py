"""From an old project to what is written and reported. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from kedro_aloft.migrate.rows import Around, NeedsHand, Row, by_hand
from kedro_aloft.migrate.table import DEFAULTS, TABLES
from kedro_aloft.migrate.tags import DEFAULT_GROUP_PREFIX, DEFAULT_PROFILE_PREFIX, group_prefix, new_tag, profile_prefix
from kedro_aloft.migrate.text import Entry, Section, render_yaml, shown
from kedro_aloft.migrate.values import Fate, Kind, Line, Migration
from kedro_aloft.settings import DagSettings, check_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kedro_aloft.migrate.values import OldFile, OldProject, TagUse, Template

DEFAULT = "default"
_K8S_NESTED = ("run_config", "spark", "volume")
_PLACEHOLDER = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?:\|(?P<default>[^}]*))?\}")
_GONE_FROM_AIRFLOW = (
    "schedule_interval",
    "days_ago",
    "DummyOperator",
    "airflow.operators.python",
    "airflow.kubernetes",
    "execution_date",
)


@dataclass(slots=True)
class _Target:
    """A new airflow.yml that is being made."""

    sections: dict[str, Section] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)

    def section(self, name: str) -> Section:
        return self.sections.setdefault(name, Section(name=name))


def plan_migration(old: OldProject) -> Migration:
    """Return what is to be written and reported; every new file is one that `read_settings` accepts."""
    targets: dict[str, _Target] = {}
    lines: list[Line] = list(old.hints)
    for file in old.files:
        target = targets.setdefault(_target_path(file), _Target())
        target.sources.append(file.path)
        lines += _carry_over(file, target, old)
    for path, target in targets.items():
        lines += _drop_what_is_refused(path, target)
    lines += [
        *_default_lines(old),
        *_tag_lines(old),
        *(line for template in old.templates for line in _template_lines(template)),
    ]
    changed = {line.where.partition(": ")[0] for line in lines if line.fate not in (Fate.KEPT, Fate.DEFAULT)}
    files = {
        path: render_yaml(target.sections.values(), target.sources)
        for path, target in targets.items()
        if changed & {path, *target.sources}
    }
    retired = tuple(file.path for file in old.files if file.path != _target_path(file))
    return Migration(files=files, retired=retired, lines=tuple(lines))


def _target_path(file: OldFile) -> str:
    """kedro-airflow's file stays where it is; that of kedro-airflow-k8s has a neighbour."""
    if file.kind is not Kind.K8S:
        return file.path
    return str(PurePosixPath(file.path).with_name("airflow.yml"))


def _carry_over(file: OldFile, target: _Target, old: OldProject) -> Iterator[Line]:
    if file.kind is Kind.K8S:
        yield from _carry_section(DEFAULT, _flat(file.content), file, target, old)
        return
    for name, section in file.content.items():
        if isinstance(section, Mapping):
            yield from _carry_section(name, {str(key): value for key, value in section.items()}, file, target, old)


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys for the mappings that the table knows key by key."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if key.rpartition(".")[2] in _K8S_NESTED and isinstance(value, Mapping):
            flat |= _flat({f"{key}.{inner}": item for inner, item in value.items()})
        else:
            flat[key] = value
    return flat


def _carry_section(
    name: str, values: Mapping[str, Any], file: OldFile, target: _Target, old: OldProject
) -> Iterator[Line]:
    around = Around(
        section={key.removeprefix("run_config."): value for key, value in values.items()},
        tags=old.tags,
        templates=old.templates,
    )
    for key, value in values.items():
        comments = file.comments.get((name, key), ())
        entry, line = _carry(key, value, file, around, comments)
        place = f"{file.path}: {key}" if file.kind is Kind.K8S else f"{file.path}: {name}.{key}"
        target.section(name).entries.append(entry)
        yield Line(fate=line.fate, where=place, old=line.old, new=line.new, why=line.why)
        if file.kind is Kind.K8S and entry.settings and _PLACEHOLDER.search(str(value)):
            yield _resolver_line(place)


def _carry(key: str, value: Any, file: OldFile, around: Around, comments: tuple[str, ...]) -> tuple[Entry, Line]:
    """Return the entry of the new file and the line of the report."""
    row = TABLES[file.kind].get(key) or _row_of_unknown(key, around)
    fate, why, settings = row.fate, row.why, {}
    if row.become is not None:
        try:
            settings = dict(row.become(_without_old_placeholders(value, file.kind), around))
        except NeedsHand as reason:
            fate, why = Fate.BY_HAND, str(reason)
        except (AttributeError, TypeError, ValueError, KeyError):
            fate, why = Fate.BY_HAND, f"a {type(value).__name__}, which the old plugin could not read either"
        else:
            fate = _real_fate(row, value, settings)
    new = ", ".join(f"{name}: {shown(item, name)}" for name, item in settings.items())
    entry = Entry(
        key=key,
        old=value,
        source=f"{file.path}: {key}" if file.kind is Kind.K8S else key,
        fate=fate,
        why=why,
        settings=settings,
        comments=comments,
    )
    return entry, Line(fate=fate, where="", old=shown(value, key), new=new, why=why)


def _real_fate(row: Row, value: Any, settings: Mapping[str, Any]) -> Fate:
    """A value in its new spelling already is kept; one that needs no setting is obsolete."""
    if not settings:
        return Fate.OBSOLETE
    return Fate.KEPT if dict(settings) == {row.key: value} else row.fate


def _row_of_unknown(key: str, around: Around) -> Row:
    """A key that the old plugin ignored, or gave to a custom template; a key of ours stays."""
    if key in DagSettings.model_fields:
        return Row(key=key, fate=Fate.KEPT, new=f"`{key}`", become=lambda value, _: {key: value})
    used = [template.path for template in around.templates if re.search(rf"\b{re.escape(key)}\b", template.text)]
    if used:
        name = f"template_vars.{key}"
        why = f"a variable of {used[0]}"
        return Row(key=key, fate=Fate.MAPPED, new=f"`{name}`", why=why, become=lambda value, _: {name: value})
    return by_hand(key, "no key that is known: the old plugin ignored it without a word")


def _without_old_placeholders(value: Any, kind: Kind) -> Any:
    """`${name|default}` of the k8s plugin's configuration loader, as OmegaConf writes it."""
    if kind is not Kind.K8S:
        return value
    if isinstance(value, Mapping):
        return {key: _without_old_placeholders(item, kind) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_old_placeholders(item, kind) for item in value]
    return _PLACEHOLDER.sub(_omegaconf, value) if isinstance(value, str) else value


def _omegaconf(match: re.Match[str]) -> str:
    default = "" if match["default"] is None else f",{match['default']}"
    return f"${{oc.env:KEDRO_CONFIG_{match['name'].upper()}{default}}}"


def _resolver_line(place: str) -> Line:
    return Line(
        fate=Fate.BY_HAND,
        where=place,
        old="${name}",
        new='CONFIG_LOADER_ARGS = {"custom_resolvers": {"oc.env": oc.env}}',
        why="the plugin's configuration loader read KEDRO_CONFIG_NAME; settings.py must allow `oc.env` for that "
        "(`from omegaconf.resolvers import oc`)",
    )


def _drop_what_is_refused(path: str, target: _Target) -> Iterator[Line]:
    """Take out every setting that `read_settings` would refuse, and say why."""
    names = tuple(target.sections)
    for name in names:
        for _ in target.sections[name].entries:
            problem = _first_problem(target, name, names)
            if problem is None:
                break
            entry, what = problem
            yield Line(
                fate=Fate.BY_HAND, where=f"{path}: {name}.{entry.key}", old=shown(entry.old, entry.key), why=what
            )
            entry.refuse(what)


def _first_problem(target: _Target, name: str, names: Sequence[str]) -> tuple[Entry, str] | None:
    raw = {one: _checkable(target.sections[one]) for one in dict.fromkeys((DEFAULT, name)) if one in target.sections}
    reading = check_settings(raw, pipeline=name, pipelines=names, source="airflow.yml")
    for problem in reading.problems:
        place = ".".join(map(str, problem.place))
        for entry in target.sections[name].entries:
            if any(_concerns(place, key) for key in entry.settings):
                return entry, " ".join(part for part in (problem.what, problem.evidence) if part)
    return None


def _concerns(place: str, key: str) -> bool:
    """Whether one of the two dotted paths leads through the other."""
    return f"{place}.".startswith(f"{key}.") or f"{key}.".startswith(f"{place}.")


def _checkable(section: Section) -> dict[str, Any]:
    """What is known now: an interpolation has its value only when Kedro loads the file."""
    known = Section(name=section.name)
    for entry in section.entries:
        settings = {key: value for key, value in entry.settings.items() if "${" not in str(value)}
        known.entries.append(replace(entry, settings=settings))
    return known.values()


def _tag_lines(old: OldProject) -> Iterator[Line]:
    """One line for each tag of each module."""
    places: dict[tuple[str, str], list[TagUse]] = {}
    for use in old.tags:
        places.setdefault((use.path, use.tag), []).append(use)
    prefixes = _prefixes(old)
    for (path, tag), uses in places.items():
        numbers = ", ".join(str(use.line) for use in uses)
        nodes = ", ".join(dict.fromkeys(use.node for use in uses if use.node))
        yield Line(
            fate=Fate.BY_HAND,
            where=f"{path}: line {numbers}",
            old=f'"{tag}"',
            new=f'"{new_tag(tag, **prefixes)}"',
            why=f"Kedro 1 refuses a colon in tags{f'; nodes: {nodes}' if nodes else ''}",
        )


def _prefixes(old: OldProject) -> dict[str, str]:
    """How grouping and machine tags began: the first section that says so decides, as only one can hold."""
    sections = [one for file in old.files for one in file.content.values() if isinstance(one, Mapping)]
    groups = [group_prefix(section) for section in sections]
    profiles = [profile_prefix(section) for section in sections]
    return {
        "group": next((one for one in groups if one != DEFAULT_GROUP_PREFIX), DEFAULT_GROUP_PREFIX),
        "profile": next((one for one in profiles if one != DEFAULT_PROFILE_PREFIX), DEFAULT_PROFILE_PREFIX),
    }


def _default_lines(old: OldProject) -> Iterator[Line]:
    """Defaults that differ count where the old file leaves the key out in its first section of all environments."""
    for kind in old.kinds:
        file = next(file for file in old.files if file.kind is kind)
        section = file.content.get("run_config" if kind is Kind.K8S else DEFAULT)
        section = section if isinstance(section, Mapping) else {}
        written = {*section, *(("schedule",) if "schedule_interval" in section else ())}
        known = Kind.KEDRO_AIRFLOW if kind is Kind.COMPOSER else kind
        for default in DEFAULTS[known]:
            if default.key not in written:
                yield Line(
                    fate=Fate.DEFAULT,
                    where=f"{file.path}: {default.key}",
                    old=default.old,
                    new=default.new,
                    why=default.why,
                )


def _template_lines(template: Template) -> Iterator[Line]:
    gone = [word for word in _GONE_FROM_AIRFLOW if word in template.text]
    if re.search(r"\bdependencies\b", template.text) and "node_objs" not in template.text:
        gone.append("the variable `dependencies`")
    yield Line(
        fate=Fate.BY_HAND if gone else Fate.KEPT,
        where=template.path,
        old="custom template",
        new=f"kedro airflow create --jinja-file={template.path}",
        why=f"repair it, or do without: Airflow 3 or kedro-airflow 0.11 have no {', '.join(gone)}" if gone else "",
    )
