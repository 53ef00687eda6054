"""Whatever stands in an old file: a report comes, and the new file is accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.migrate import Kind, plan_migration
from kedro_aloft.migrate.table import TABLES
from kedro_aloft.migrate.values import OldFile, OldProject
from kedro_aloft.settings import check_settings

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 20_300_000),
    st.floats(allow_nan=False),
    st.dates(),
    st.sampled_from(
        ["", "@daily", "0 6 * * *", "0 0 4 * * *", "20210721", "${name}", "${a|b}", "{{ ds }}", "prev_ds", "1Gi"]
    ),
    st.text(max_size=8),
)
NAMES = st.sampled_from(
    ["type", "dag_id", "secret", "key", "template", "requests", "limits", "disabled", "__default__", "x"]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


def _content(kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
    """Dotted keys of the table → the file as its author wrote it."""
    content: dict[str, Any] = {} if kind is Kind.K8S else {"default": {}, "reporting": {"retries": 2}}
    for key, value in values.items():
        steps = key.split(".") if kind is Kind.K8S else ["default", key]
        inner = content
        for step in steps[:-1]:
            inner = inner.setdefault(step, {})
        inner[steps[-1]] = value
    return content


@st.composite
def old_projects(draw: st.DrawFn) -> OldProject:
    kind = draw(st.sampled_from(list(Kind)))
    values = draw(st.dictionaries(st.sampled_from(sorted(TABLES[kind])), VALUES, max_size=6))
    name = "conf/base/airflow-k8s.yaml" if kind is Kind.K8S else "conf/base/airflow.yml"
    file = OldFile(path=name, kind=kind, content=_content(kind, values))
    return OldProject(path=Path(), files=(file,), tags=(), templates=(), hints=())


@given(old_projects())
def test_every_new_file_is_accepted_and_every_key_is_in_the_report(old: OldProject) -> None:
    migration = plan_migration(old)
    for text in migration.files.values():
        content = yaml.safe_load(text)
        for pipeline in content:
            known = {name: _without_interpolations(section) for name, section in content.items()}
            reading = check_settings(known, pipeline=pipeline, pipelines=tuple(content), source="airflow.yml")
            assert reading.problems == (), text
    (file,) = old.files
    reported = {line.where.rpartition(": ")[2] for line in migration.lines}
    for name, section in file.content.items():
        if isinstance(section, dict) and file.kind is not Kind.K8S:
            assert {f"{name}.{key}" for key in section} <= reported


@given(old_projects())
def test_the_same_project_gives_the_same_bytes(old: OldProject) -> None:
    assert plan_migration(old) == plan_migration(old)


def _without_interpolations(section: Any) -> Any:
    if isinstance(section, dict):
        return {key: _without_interpolations(one) for key, one in section.items() if "${" not in str(one)}
    return section
