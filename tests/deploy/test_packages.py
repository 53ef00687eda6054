"""What the workers of a managed Airflow install."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kedro_aloft import __version__
from kedro_aloft.deploy.building import requirements_of
from kedro_aloft.deploy.packages import (
    needs_packages,
    plan_packages,
    refuse_foreign,
    refuse_old,
    worker_packages,
)
from kedro_aloft.deploy.target import Delivery
from kedro_aloft.errors import DeployError, ProjectError, UsageError


def planned(*lines: str) -> list[str]:
    return [str(one) for one in plan_packages(lines, needs=(), where="requirements.txt").packages]


def delivery(
    requirements: str = "", dag: str = "from kedro_aloft.airflow import KedroPipeline\n", **options: object
) -> Delivery:
    return Delivery(
        project=Path("/nowhere"),
        package="shop",
        env="base",
        compiled=(),
        dag_files={"shop_dag.py": dag},
        release=None,
        requirements=requirements,
        options=options,
    )


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("pandas==2.2.3", "pandas==2.2.3"),
        ("Scikit_Learn >= 1.5, < 2  # the model", "scikit-learn>=1.5,<2"),
        (
            "kedro-datasets[pandas-csvdataset, pickle-pickledataset]==9.0",
            "kedro-datasets[pandas-csvdataset,pickle-pickledataset]==9.0",
        ),
        ("numpy", "numpy"),
        (
            "shop-lib @ https://example.com/shop_lib-1.0-py3-none-any.whl",
            "shop-lib @ https://example.com/shop_lib-1.0-py3-none-any.whl",
        ),
        (
            "shop-lib @ git+https://example.com/shop.git@v1#subdirectory=lib  # of the other team",
            "shop-lib @ git+https://example.com/shop.git@v1#subdirectory=lib",
        ),
        ("attrs==25.1.0 --hash=sha256:abc", "attrs==25.1.0"),
        ("attrs==25.1.0 \\", "attrs==25.1.0"),
    ],
)
def test_a_requirement_is_what_it_was(line: str, package: str) -> None:
    assert planned(line) == [package]


def test_what_is_no_package_or_the_services_own_is_left_out() -> None:
    lines = [
        "# comment",
        "",
        "-e .",
        "--hash=sha256:abc",
        "apache-airflow==3.3.2",
        "apache-airflow-client==3.3.2",
        "kedro-aloft",
    ]
    assert planned(*lines, "apache-airflow-providers-amazon==9.0") == ["apache-airflow-providers-amazon==9.0"]


@pytest.mark.parametrize(
    "line", ["--extra-index-url https://me:hunter2@example.com/simple", "lib @ git+https://hunter2@github.com/shop/lib"]
)
def test_a_password_is_neither_published_nor_shown(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned(line)
    assert "hunter2" not in str(caught.value)
    assert "has a login" in str(caught.value)


def test_a_line_for_some_machines_alone_is_refused() -> None:
    with pytest.raises(UsageError, match="different packages on different machines"):
        planned("pywin32==306 ; sys_platform == 'win32'")


def test_workers_get_this_kedro_aloft_and_the_projects_kedro() -> None:
    found = worker_packages(delivery("kedro==1.7.0\npandas==2.2.3\n"), None, also=("s3fs",))
    assert [str(one) for one in found.packages] == [
        "kedro-aloft==" + __version__,
        "kedro==1.7.0",
        "pandas==2.2.3",
        "s3fs",
    ]


def test_a_wheel_takes_the_place_of_the_package_from_the_index() -> None:
    wheel = f"kedro_aloft-{__version__}-py3-none-any.whl"
    found = worker_packages(delivery("kedro==1.7.0"), None, also=(), wheels=(wheel,))
    assert [str(one) for one in found.packages] == ["kedro==1.7.0"]


def test_dags_of_containers_need_no_package() -> None:
    assert needs_packages(delivery())
    stock = (
        "from airflow.providers.google.cloud.operators.kubernetes_engine import GKEStartPodOperator\n# kedro_aloft\n"
    )
    assert not needs_packages(delivery(dag=stock))


@pytest.mark.parametrize("version", ["3.0.6", "3.1.0", "3.10.1"])
def test_airflow_3_is_right(version: str) -> None:
    refuse_old(version, where="environment 'shop'")


@pytest.mark.parametrize("version", ["2.10.3", "3.0.2", "0"])
def test_an_older_airflow_is_refused(version: str) -> None:
    with pytest.raises(DeployError, match=r"needs Airflow 3\.0\.6"):
        refuse_old(version, where="environment 'shop'")


@pytest.mark.parametrize(("owner", "seen"), [(None, "not written by"), ("bakery", "project `bakery`")])
def test_a_file_of_somebody_else_is_not_replaced_without_force(owner: str | None, seen: str) -> None:
    with pytest.raises(DeployError, match=seen):
        refuse_foreign(owner, delivery(), where="s3://shop/requirements.txt")
    refuse_foreign(owner, delivery(force=True), where="s3://shop/requirements.txt")
    refuse_foreign("shop", delivery(), where="s3://shop/requirements.txt")


def test_a_targets_own_requirements_may_include_files_which_have_to_be_there(tmp_path: Path) -> None:
    own = replace(delivery(), project=tmp_path)
    (tmp_path / "workers.txt").write_text("-r base.txt\npolars==1.0\n")
    with pytest.raises(UsageError, match="includes one that is not there") as caught:
        worker_packages(own, "workers.txt", also=())
    assert caught.value.where == "workers.txt, line 1: -r base.txt"
    (tmp_path / "base.txt").write_text("pandas==2.2.3\n")
    packages = worker_packages(own, "workers.txt", also=()).packages
    assert {"pandas==2.2.3", "polars==1.0"} <= {str(one) for one in packages}


def test_a_missing_file_is_not_taken_for_a_project_without_requirements(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    assert requirements_of(tmp_path) == ()
    (tmp_path / "requirements.txt").write_text("-r base.txt\n")
    with pytest.raises(ProjectError, match="includes one that is not there"):
        requirements_of(tmp_path)
