"""Files that a managed Airflow takes from its bucket."""

from __future__ import annotations

import io
import subprocess
import zipfile

import pytest

from kedro_aloft.render.managed import owner_of, render_plugins, render_requirements, render_startup

CONSTRAINT = "https://raw.githubusercontent.com/apache/airflow/constraints-3.0.6/constraints-3.12.txt"


def test_requirements() -> None:
    text = render_requirements(
        "shop",
        ["kedro==1.7.0", "pandas==2.2.3"],
        constraint=CONSTRAINT,
        places=["--extra-index-url https://example.com/simple"],
        wheels=["shop_lib-1.0-py3-none-any.whl"],
    )
    assert text.decode().splitlines() == [
        "# Written by `kedro airflow deploy` for the project `shop`.",
        f'--constraint "{CONSTRAINT}"',
        "--extra-index-url https://example.com/simple",
        "kedro==1.7.0",
        "pandas==2.2.3",
        "/usr/local/airflow/plugins/shop_lib-1.0-py3-none-any.whl",
    ]


def test_the_startup_script_sets_what_the_shell_would_change() -> None:
    script = render_startup("shop", {"SHOP_MOTTO": "it's $HOME; `date`", "SHOP_A": "1"})
    done = subprocess.run(
        ["sh", "-c", f'{script.decode()}\nprintf "%s" "$SHOP_A $SHOP_MOTTO"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1 it's $HOME; `date`"


def test_plugins_hold_the_wheels_and_are_the_same_bytes_each_time() -> None:
    wheels = {"b-1-py3-none-any.whl": b"b", "a-1-py3-none-any.whl": b"a"}
    content = render_plugins("shop", wheels)
    assert content == render_plugins("shop", dict(sorted(wheels.items())))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == wheels


@pytest.mark.parametrize(
    "content",
    [
        render_requirements("shop", [], constraint=""),
        render_startup("shop", {}),
        render_plugins("shop", {"a.whl": b"a"}),
    ],
    ids=["requirements", "startup", "plugins"],
)
def test_each_file_says_whose_it_is(content: bytes) -> None:
    assert owner_of(content) == "shop"


@pytest.mark.parametrize("content", [b"", b"pandas==2.2.3\n", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_we_did_not_write_has_no_owner(content: bytes) -> None:
    assert owner_of(content) is None
