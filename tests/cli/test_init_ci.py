"""`kedro airflow init --ci`: the workflows are what their systems read, and hold no secret."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from scripts.cli_reference import read_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.projects import Project, ProjectBuilder

FILES = {"github": ".github/workflows/airflow.yml", "gitlab": ".gitlab/airflow.yml"}
_PINNED = re.compile(r"[a-z-]+/[a-z-]+@v\d+")


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    return builder.functions("def one(): return 1").pipeline("__default__", "node(one, None, 'x', name='a')").build()


def _workflow(project: Project, system: str) -> dict[str, Any]:
    project.airflow("init", f"--ci={system}").ok()
    text = (project.path / FILES[system]).read_text(encoding="utf-8")
    # YAML 1.1 reads the key `on` as true; GitHub does not.
    content: dict[str, Any] = yaml.safe_load(re.sub(r"^on:", '"on":', text, flags=re.MULTILINE))
    return content


def _github_steps(workflow: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in workflow["jobs"].items():
        for step in job["steps"]:
            yield name, step


def _scripts(workflow: dict[str, Any], system: str) -> list[str]:
    if system == "github":
        return [step["run"] for _, step in _github_steps(workflow) if "run" in step]
    jobs = [job for job in workflow.values() if isinstance(job, dict)]
    keys = ("before_script", "script", "after_script")
    return [line for job in jobs for key in keys for line in job.get(key, ())]


def test_github_checks_tests_builds_and_then_deploys_main_alone(project: Project) -> None:
    jobs = _workflow(project, "github")["jobs"]
    assert list(jobs) == ["check", "test", "build", "deploy"]
    assert jobs["test"]["needs"] == jobs["build"]["needs"] == "check"
    assert jobs["deploy"]["needs"] == ["test", "build"]
    assert "refs/heads/main" in jobs["deploy"]["if"]
    assert "vars.AIRFLOW_TARGET != ''" in jobs["deploy"]["if"]


def test_github_gives_its_identity_to_the_deploy_alone(project: Project) -> None:
    workflow = _workflow(project, "github")
    assert workflow["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow["jobs"].items() if "id-token" in job.get("permissions", {})] == ["deploy"]
    assert "pull_request_target" not in workflow["on"]


def test_github_actions_have_a_version_and_variables_reach_scripts_as_environment(project: Project) -> None:
    for _, step in _github_steps(_workflow(project, "github")):
        assert ("run" in step) != ("uses" in step)
        assert _PINNED.fullmatch(step.get("uses", "actions/none@v1"))
        # An expression inside of a script would be pasted into it unquoted.
        assert "${{" not in step.get("run", "")


def test_gitlab_jobs_stand_in_stages_that_exist(project: Project) -> None:
    workflow = _workflow(project, "gitlab")
    assert workflow["stages"] == ["check", "test", "build", "deploy"]
    jobs = {name: job for name, job in workflow.items() if name.startswith("airflow-")}
    assert {job["stage"] for job in jobs.values()} == set(workflow["stages"])
    assert all("script" in job for job in jobs.values())
    assert {job["extends"] for job in jobs.values() if "extends" in job} <= set(workflow)
    assert [name for name, job in jobs.items() if "id_tokens" in job] == ["airflow-deploy"]


@pytest.mark.parametrize("system", sorted(FILES))
def test_every_script_is_correct_shell(project: Project, system: str) -> None:
    scripts = _scripts(_workflow(project, system), system)
    assert len(scripts) >= 8
    for script in scripts:
        done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        assert not done.stderr, f"{script}\n{done.stderr}"


@pytest.mark.parametrize("system", sorted(FILES))
def test_all_settles_what_is_asked_and_no_secret_is_named(project: Project, system: str) -> None:
    scripts = "\n".join(_scripts(_workflow(project, system), system))
    for command in ("check --all", "test", "create --all", "deploy"):
        assert f"kedro airflow {command}" in scripts
    text = (project.path / FILES[system]).read_text(encoding="utf-8")
    assert not re.search(r"secrets\.|AKIA|PRIVATE KEY|password: [^$]", text)
    assert not re.search(r"<[A-Z]+>", text)


@pytest.mark.parametrize("system", sorted(FILES))
def test_every_command_exists_with_its_options(project: Project, system: str) -> None:
    known = read_commands()
    lines = "\n".join(_scripts(_workflow(project, system), system)).splitlines()
    found = [line.partition("kedro airflow ")[2].partition(" > ")[0] for line in lines if "kedro airflow " in line]
    assert len(found) == 5
    for text in found:
        # A shell leaves out what stands in `${NAME:+…}` where the variable is not set; here it is.
        name, *words = shlex.split(re.sub(r"\$\{\w+:\+(.*?)\}", r"\1", text))
        if f"{name} {words[0] if words else ''}" in known:
            name = f"{name} {words.pop(0)}"
        command = known[name]
        command.make_parser(click.Context(command, info_name=name)).parse_args(words)


@pytest.mark.parametrize("system", sorted(FILES))
def test_the_projects_own_requirements_and_data_are_used(project: Project, system: str) -> None:
    project.write("requirements.txt", "kedro\n")
    project.write("tests/data/small.csv", "a\n1\n")
    scripts = _workflow(project, system)
    text = (project.path / FILES[system]).read_text(encoding="utf-8")
    assert '-r requirements.txt "kedro-aloft[' in text
    assert "kedro airflow test --data=tests/data" in _scripts(scripts, system)


def test_an_existing_pipeline_of_gitlab_stays_and_gets_advice(project: Project) -> None:
    path = project.write(".gitlab-ci.yml", "stages: [mine]\n")
    done = project.airflow("init", "--ci=gitlab").ok()
    assert path.read_text(encoding="utf-8") == "stages: [mine]\n"
    assert "- local: .gitlab/airflow.yml" in done.out


def test_without_one_gitlab_gets_one_line_that_includes_ours(project: Project) -> None:
    done = project.airflow("init", "--ci=gitlab").ok()
    assert yaml.safe_load((project.path / ".gitlab-ci.yml").read_text()) == {"include": [{"local": FILES["gitlab"]}]}
    assert "add to" not in done.out


def test_a_workflow_that_is_there_is_not_overwritten(project: Project) -> None:
    path = project.write(FILES["github"], "mine\n")
    done = project.airflow("init", "--ci=github")
    assert done.code == 2
    assert "--force" in done.err
    assert path.read_text(encoding="utf-8") == "mine\n"
    project.airflow("init", "--ci=github", "--force").ok()
    assert path.read_text(encoding="utf-8") != "mine\n"


def test_tests_and_workflows_are_written_one_at_a_time(project: Project) -> None:
    assert project.airflow("init", "--ci=github", "--tests").code == 2
