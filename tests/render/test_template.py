"""Custom templates: what works with kedro-airflow 0.11 works here, and what was wrong there is right here."""

from __future__ import annotations

import ast
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.errors import RenderError
from kedro_aloft.graph.snapshot import NodeInfo
from kedro_aloft.render import render_template
from kedro_aloft.render.slug import slugify
from kedro_aloft.render.template import build_groups, build_settings
from kedro_aloft.settings import DagSettings, read_settings
from render.samples import HOSTILE, SAMPLES, Sample, node, snapshot

if TYPE_CHECKING:
    from pathlib import Path

IN_THE_STYLE_OF_KEDRO_AIRFLOW = """\
from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import dag, task

env = "{{ env }}"
pipeline_name = "{{ pipeline_name }}"
package_name = "{{ package_name }}"
conf_source = "{{ conf_source }}" or "conf"


def run(node_names):
    print(node_names)


@dag(
    dag_id="{{ dag_name | safe | slugify }}",
    start_date=datetime({{ start_date | default([2023, 1, 1]) | join(",")}}),
    max_active_runs={{ max_active_runs | default(3) }},
    schedule="{{ schedule | default(schedule_interval | default('@once')) }}",
    catchup={{ catchup | default(False) }},
    default_args=dict(
        owner="{{ owner | default('airflow') }}",
        retries={{ retries | default(1) }},
        retry_delay=timedelta(minutes={{ retry_delay | default(5) }})
    ),
)
def {{ dag_name | safe | slugify | replace("-", "_") }}():
{%- for group in node_objs %}

    @task(task_id="{{ group.name | slugify }}")
    def {{ group.name | slugify | replace("-", "_") }}():
        run([{% for node in group.nodes %}{{ node | tojson }}{% if not loop.last %}, {% endif %}{% endfor %}])
{%- endfor %}

    tasks = {
    {%- for group in node_objs %}
        "{{ group.name | slugify }}": {{ group.name | slugify | replace("-", "_") }}(),
    {%- endfor %}
    }
{%- for group in node_objs %}
{%- for dep in group.dependencies %}
    tasks["{{ dep | slugify }}"] >> tasks["{{ group.name | slugify }}"]
{%- endfor %}
{%- endfor %}


{{ dag_name | safe | slugify | replace("-", "_") }}()
"""


def render(template: str, sample: Sample | None = None, **more: Any) -> str:
    sample = sample or SAMPLES["spaceflights"]
    return render_template(
        template, plan=sample.plan(), settings=sample.settings, pipeline=more.pop("pipeline", None), **more
    )


def settings_of(**config: Any) -> DagSettings:
    return read_settings({"default": config}, pipeline="p", pipelines=("p",), source="airflow.yml", with_template=True)[
        0
    ]


def test_the_variables_are_those_of_kedro_airflow() -> None:
    template = "# {{ package_name }} {{ pipeline_name }} {{ env }} {{ dag_name }} {{ pipeline }} [{{ conf_source }}]"
    assert render(template, pipeline="PIPE") == "# shop spaceflights local shop-spaceflights PIPE []"
    assert render(template, conf_source="conf.zip", dag_id="mine") == "# shop spaceflights local mine None [conf.zip]"


def test_groups_have_names_nodes_type_and_dependencies() -> None:
    groups = {group.name: group for group in build_groups(SAMPLES["spaceflights"].plan())}
    assert list(groups) == ["prepare.companies", "prepare.shuttles", "prepare.join.table", "split", "train", "evaluate"]
    assert groups["evaluate"].dependencies == ["split", "train"]
    assert groups["evaluate"].nodes == ["evaluate"]
    assert {group.type for group in groups.values()} == {"nodes"}


def test_settings_have_the_form_of_airflow_yml() -> None:
    sample = Sample(
        SAMPLES["minimal"].snapshot,
        settings_of(start_date=[2024, 2, 3], retry_delay=7, schedule="@weekly", retries=2, team="O'Brien & Co"),
    )
    template = "# {{ start_date | join(',') }} {{ retry_delay }} {{ schedule_interval }} {{ retries }} {{ team }}"
    assert render(template, sample) == "# 2024,2,3 7 @weekly 2 O'Brien & Co"


def test_a_start_time_is_kept() -> None:
    sample = Sample(SAMPLES["minimal"].snapshot, settings_of(start_date=[2024, 2, 3, 6, 30], timezone="UTC"))
    assert render("# {{ start_date }}", sample) == "# [2024, 2, 3, 6, 30, 0]"


def test_what_airflow_yml_does_not_say_has_the_default_of_the_template() -> None:
    assert render("# {{ retries | default(9) }} {{ schedule | default('@once') }}", SAMPLES["minimal"]) == "# 9 @once"


def test_nothing_is_escaped_as_html() -> None:
    sample = Sample(SAMPLES["minimal"].snapshot, DagSettings(owner="O'Brien & <Co>"))
    assert render("# {{ owner }}", sample) == "# O'Brien & <Co>"


def test_variables_below_their_own_key_are_variables_like_those_beside_the_settings() -> None:
    settings = settings_of(template_vars={"team": "sales"}, region="eu", retries=2)
    assert build_settings(settings) == {"retries": 2, "team": "sales", "region": "eu"}


def test_a_missing_variable_is_empty_and_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert render("# [{{ nowhere }}]{% if nothing %}x{% endif %}", name="mine.j2") == "# []"
    assert "mine.j2" in caplog.text
    assert "nowhere" in caplog.text
    assert "nothing" not in caplog.text


def refused(template: str, **more: Any) -> RenderError:
    with pytest.raises(RenderError) as caught:
        render(template, **more)
    assert caught.value.code == "ALOFT-405"
    assert "--jinja-file" in caught.value.remedy
    return caught.value


def test_a_syntax_error_names_template_and_line() -> None:
    error = refused("# fine\n# fine\n{% for %}\n", name="dags/mine.j2")
    assert error.where == "dags/mine.j2, line 3"
    assert error.what.startswith("The template is wrong: ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ nowhere.deep }}", "'nowhere' is undefined"),
        ("{{ 'a' | nofilter }}", "nofilter"),
        ("{% include 'missing.j2' %}", "missing.j2"),
        ("{{ node_objs[0].name.nothing() }}", "nothing"),
    ],
)
def test_an_error_while_rendering_names_template_and_line(line: str, message: str) -> None:
    error = refused(f"# fine\n\n{line}\n", name="mine.j2")
    assert error.where == "mine.j2, line 3"
    assert message in error.what


def test_an_error_in_an_included_template_names_that_one(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("# fine\n{{ 1 / 0 }}\n")
    error = refused("{% include 'part.j2' %}", name=str(tmp_path / "main.j2"))
    assert error.where == f"{tmp_path / 'part.j2'}, line 2"


def test_a_template_may_include_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("# {{ env }}\n")
    assert render("{% include 'part.j2' %}", name=str(tmp_path / "main.j2")) == "# local"


def test_what_is_not_python_is_refused_with_its_line() -> None:
    error = refused("x = 1\ny = = {{ env }}\n", name="mine.j2")
    assert error.where == "mine.j2"
    assert "not valid Python" in error.what
    assert error.seen == "line 2 of what it makes: y = = local"


def hostile(names: list[str]) -> Sample:
    nodes = [NodeInfo(name=name, outputs=(f"o{number}",)) for number, name in enumerate(names)]
    nodes.append(NodeInfo(name="the last", inputs=tuple(f"o{number}" for number in range(len(names)))))
    return Sample(snapshot(nodes, pipeline="hostile"))


@given(
    st.lists(
        (st.sampled_from(HOSTILE) | st.text(min_size=1)).filter(lambda text: bool(text.strip())),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_groups_never_share_a_slug_and_can_name_functions(names: list[str]) -> None:
    names = [name for name in names if name != "the last"] or ["a"]
    groups = build_groups(hostile(names).plan())
    slugs = [slugify(group.name) for group in groups]
    assert len(set(slugs)) == len(slugs)
    assert sorted(name for group in groups for name in group.nodes) == sorted([*names, "the last"])
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{0,240}", slug) for slug in slugs)
    known = {group.name for group in groups}
    assert all(set(group.dependencies) <= known for group in groups)
    compile("\n".join(f"def {slug.replace('-', '_')}(): pass" for slug in slugs), "", "exec")


@pytest.mark.airflow
def test_a_template_in_the_style_of_kedro_airflow_loads_whatever_the_names(tmp_path: Path) -> None:
    from support.airflow import load_one

    names = [name for name in HOSTILE if name.strip() and name != "\ud800"]
    sample = hostile(names)
    (tmp_path / "dag.py").write_text(render(IN_THE_STYLE_OF_KEDRO_AIRFLOW, sample), encoding="utf-8")
    dag = load_one(tmp_path)
    assert dag.dag_id == "shop-hostile"
    assert len(dag.tasks) == len(names) + 1
    assert len(dag.get_task("the-last").upstream_task_ids) == len(names)


def test_the_fused_nodes_of_a_task_stay_together() -> None:
    source = render(IN_THE_STYLE_OF_KEDRO_AIRFLOW, SAMPLES["grouped"])
    calls = [
        ast.literal_eval(call.args[0])
        for call in ast.walk(ast.parse(source))
        if getattr(getattr(call, "func", None), "id", "") == "run"
    ]  # type: ignore[attr-defined]
    assert calls == [["long.step_0", "long.step_1", "long.step_2"], ["long.step_3", "last"]]


def test_equal_slugs_are_told_apart() -> None:
    sample = Sample(snapshot([node("load.data", "a", "b"), node("load_data", "b", "c")], pipeline="p"))
    first, second = build_groups(sample.plan())
    assert slugify(first.name) == "load-data"
    assert slugify(second.name).startswith("load-data-")
    assert second.dependencies == [first.name]
