"""Whole projects: environments, sections, tags in source, what Kedro 1 refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from kedro_aloft.errors import ProjectError
from kedro_aloft.migrate import Fate, find_old_project
from kedro_aloft.migrate.tags import find_tags, new_tag

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Old

COMPOSER = """
    default:
        grouping_prefix: "airflow:"
        # big machines cost money
        resources_tag_prefix: "machine:"
        grouping: true
        docker_image: europe-west1-docker.pkg.dev/shop
        start_date: [2023, 1, 1]
        # nightly
        schedule_interval: "@daily"
    data_science:
        owner: airflow-ds
"""
PIPELINE = """
    from kedro.pipeline import node, pipeline
    PREFIX = "x"
    def create_pipeline():
        return pipeline(
            [
                node(f, "a", "b", name="split", tags=["airflow:split", "machine:medium"]),
                node(f, "b", "c", name="train", tags="machine:medium"),
                node(f, "c", "d", name="plain", tags={"fine", f"{PREFIX}:dynamic"}),
            ]
        )
"""

MACHINES = """
    from airflow import models
    {% if grouping %}
    tag_machine_mapping = {
        f"{MACHINE_PREFIX}medium" : k8s_models.V1ResourceRequirements(
                    limits={"memory": "4G"},
                    requests={"cpu": "2"},
        ),
        "__default__" : k8s_models.V1ResourceRequirements(
                    limits={"memory": "250M"},
        ),
    }
"""


def test_the_composer_example_groups_by_its_tags(old: Old) -> None:
    old.write("conf/base/airflow.yml", COMPOSER).write("src/shop/pipeline.py", PIPELINE)
    content = yaml.safe_load(old.plan().files["conf/base/airflow.yml"])
    assert content["default"]["group_by"] == "tag"
    assert content["default"]["group_tags"] == ["airflow.group.split"]
    assert content["data_science"] == {"owner": "airflow-ds"}


def test_the_composer_example_runs_on_its_cluster(old: Old) -> None:
    cluster = {"gcp_project_id": "p", "gcp_region": "r", "gcp_gke_cluster_name": "c"}
    pods = {"docker_image": "i:1", "k8s_namespace": "n", "k8s_service_account": "s"}
    old.write("conf/base/airflow.yml", yaml.safe_dump({"default": {**cluster, **pods}}))
    settings = yaml.safe_load(old.plan().files["conf/base/airflow.yml"])["default"]
    assert settings["gke"] == {"project": "p", "location": "r", "cluster": "c"}
    assert settings["kubernetes"] == {"namespace": "n", "service_account": "s"}
    assert (settings["execution"], settings["image"]) == ("gke", "i:1")


def test_the_machines_of_the_composer_template_become_profiles(old: Old) -> None:
    old.write("conf/base/airflow.yml", 'default: {resources_tag_prefix: "machine:"}')
    assert "template" in old.lines()["default.resources_tag_prefix"].why
    old.write("templates/gke_operator.pytpl", MACHINES)
    settings = yaml.safe_load(old.plan().files["conf/base/airflow.yml"])["default"]
    assert settings == {
        "resource_profiles": {
            "medium": {"requests": {"cpu": "2"}, "limits": {"memory": "4G"}},
            "default": {"limits": {"memory": "250M"}},
        }
    }


def test_machines_come_with_the_image_where_no_key_names_their_prefix(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {docker_image: i:1}").write("dag.pytpl", MACHINES)
    settings = yaml.safe_load(old.plan().files["conf/base/airflow.yml"])["default"]
    assert set(settings["resource_profiles"]) == {"medium", "default"}


def test_grouping_without_any_tag_is_left_to_a_person(old: Old) -> None:
    old.write("conf/base/airflow.yml", 'default: {grouping: true, grouping_prefix: "group:"}')
    assert "begins with `group:`" in old.lines()["default.grouping"].why


def test_the_image_of_an_interpolation_stays_one(old: Old) -> None:
    old.write("conf/base/airflow-k8s.yaml", "run_config: {image: '${registry}/shop', startup_timeout: '${wait}'}")
    (text,) = old.plan().files.values()
    settings = yaml.safe_load(text)["default"]
    assert settings["image"] == "${oc.env:KEDRO_CONFIG_REGISTRY}/shop"
    assert settings["kubernetes"] == {"startup_timeout": "${oc.env:KEDRO_CONFIG_WAIT}"}


def test_what_is_refused_inside_of_a_section_leaves_the_rest(old: Old) -> None:
    old.write("conf/base/airflow-k8s.yaml", "run_config: {namespace: shop, image_pull_policy: Sometimes}")
    (text,) = old.plan().files.values()
    assert yaml.safe_load(text)["default"] == {"kubernetes": {"namespace": "shop"}}


def test_comments_of_what_is_carried_over_stay(old: Old) -> None:
    old.write("conf/base/airflow.yml", COMPOSER)
    text = old.plan().files["conf/base/airflow.yml"]
    assert "  # nightly\n  # from schedule_interval" in text


def test_tags_that_kedro_refuses_are_found_without_importing(old: Old) -> None:
    old.write("conf/base/airflow.yml", COMPOSER).write("src/shop/pipeline.py", PIPELINE)
    tags = {line.old: line for line in old.plan().lines if "colon in tags" in line.why}
    assert tags['"airflow:split"'].new == '"airflow.group.split"'
    assert tags['"machine:medium"'].new == '"airflow.resources.medium"'
    assert tags['"machine:medium"'].where == "src/shop/pipeline.py: line 7, 8"
    assert "split, train" in tags['"machine:medium"'].why
    assert len(tags) == 2


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("resources:huge", "airflow.resources.huge"),
        ("k8s_template:gpu", "k8s_template.gpu"),
        ("kedro-airflow-k8s:group:pyspark", "airflow.spark"),
        ("airflow:features", "airflow.group.features"),
    ],
)
def test_new_tags_are_tags_of_kedro(tag: str, expected: str) -> None:
    from kedro.pipeline import node

    assert new_tag(tag) == expected
    assert node(len, "a", "b", name="n", tags=[expected]).tags == {expected}
    with pytest.raises(ValueError, match="not a valid node tag"):
        node(len, "a", "b", name="n", tags=[tag])


def test_strings_of_old_conventions_are_found_outside_of_calls_too() -> None:
    source = 'HUGE = "resources:huge"\nURL = "http://x"\nnode(f, "a", "b", tags=[HUGE])\n'
    assert [(use.tag, use.line) for use in find_tags(source, "p.py")] == [("resources:huge", 1)]


def test_python_of_another_time_has_no_tags() -> None:
    assert find_tags("print 'machine:medium'", "p.py") == []


def test_each_environment_has_its_own_file(old: Old) -> None:
    old.write("conf/base/airflow-k8s.yaml", "run_config: {cron_expression: '@daily'}")
    old.write("conf/prod/airflow-k8s.yaml", "run_config: {cron_expression: '@hourly'}")
    migration = old.plan()
    assert list(migration.files) == ["conf/base/airflow.yml", "conf/prod/airflow.yml"]
    assert migration.retired == ("conf/base/airflow-k8s.yaml", "conf/prod/airflow-k8s.yaml")


def test_both_plugins_in_one_environment_make_one_file(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {owner: me, schedule: '@daily'}")
    old.write("conf/base/airflow-k8s.yaml", "run_config: {cron_expression: '@hourly'}")
    (text,) = old.plan().files.values()
    assert yaml.safe_load(text) == {"default": {"owner": "me", "schedule": "@hourly"}}


def test_a_file_of_ours_needs_no_change(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {group_by: memory, retries: 2}")
    assert old.plan().files == {}


def test_a_second_migration_changes_nothing(old: Old) -> None:
    old.write(
        "conf/base/airflow.yml", "default: {schedule_interval: '@daily', retry_delay: 5, email_on_failure: false}"
    )
    old.write("conf/base/airflow.yml", old.plan().files["conf/base/airflow.yml"])
    assert old.plan().files == {}


def test_what_kedro_1_refuses_is_named(old: Old) -> None:
    old.write("pyproject.toml", '[tool.kedro]\npackage_name = "shop"\nkedro_init_version = "0.18.12"\n')
    old.write("src/shop/settings.py", "# from kedro.config import X\nfrom kedro.config import TemplatedConfigLoader\n")
    old.write("src/requirements.txt", "kedro-airflow-k8s==0.8.2\nkedro-airflow~=0.7\n")
    old.write("conf/base/catalog.yml", "a:\n  type: pandas.CSVDataSet\n")
    found = [line.old for line in old.plan().lines]
    assert found == ["0.18.12", "kedro-airflow", "kedro-airflow-k8s", "TemplatedConfigLoader", "pandas.CSVDataSet"]


def test_an_old_template_is_told_from_one_that_still_works(old: Old) -> None:
    old.write("a.j2", "import airflow\n{{ dag_name }} schedule_interval=1")
    old.write("b.j2", "import airflow\n{{ dag_name }} {{ node_objs }}")
    old.write("c.j2", "Dear {{ name }}")
    fates = {line.where: line.fate for line in old.plan().lines}
    assert fates == {"a.j2": Fate.BY_HAND, "b.j2": Fate.KEPT}


def test_the_configuration_is_where_settings_say(old: Old) -> None:
    old.write("src/shop/settings.py", 'CONF_SOURCE = "etc"\n').write(
        "etc/base/airflow.yml", "default: {retry_delay: 5}"
    )
    assert list(old.plan().files) == ["etc/base/airflow.yml"]


def test_broken_yaml_is_named(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {a: [")
    with pytest.raises(ProjectError) as caught:
        old.plan()
    assert (caught.value.code, caught.value.where) == ("ALOFT-103", "conf/base/airflow.yml")


@pytest.mark.parametrize("text", ["", "default:\n", "run_config:\n", "[]", "default: 3\n"])
def test_a_file_that_says_nothing_changes_nothing(old: Old, text: str) -> None:
    old.write("conf/base/airflow.yml", text).write("conf/local/airflow-k8s.yaml", text)
    for content in old.plan().files.values():
        assert not any((yaml.safe_load(content) or {}).values())


def test_a_secret_is_not_repeated(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {db_password: hunter2, url: 'https://me:hunter2@host/'}")
    migration = old.plan()
    assert "hunter2" not in str(migration.files) + str(migration.lines)


def test_a_project_is_found_from_below_and_missed_elsewhere(old: Old, tmp_path_factory: pytest.TempPathFactory) -> None:
    below: Path = old.path / "src" / "shop"
    below.mkdir(parents=True)
    assert find_old_project(below) == old.path
    with pytest.raises(ProjectError) as caught:
        find_old_project(tmp_path_factory.mktemp("empty"))
    assert caught.value.code == "ALOFT-101"
