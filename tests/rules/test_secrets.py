"""Secrets: found by format, by address and by name; references, placeholders and ordinary values stay silent."""

from __future__ import annotations

import dataclasses

import pytest

from kedro_aloft.graph.snapshot import NodeInfo, Parameter
from kedro_aloft.rules import Finding, Severity, find_problems
from kedro_aloft.rules.ignoring import is_left_out
from kedro_aloft.rules.tokens import find_secrets
from support.subjects import subject

HEX = "8f14e45fceea167a5a36dedd4bea2543"
AWS = "AKIA" + "Z7Q2M4X9K1B3C5D7"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----"


def found(code: str, files: dict[str, str], **more: object) -> list[tuple[str, int]]:
    return [(one.file, one.line) for one in findings(code, files, **more)]


def findings(code: str, files: dict[str, str], **more: object) -> tuple[Finding, ...]:
    node = NodeInfo(name="f", outputs=("a",))
    return find_problems(
        subject(node, files=files, **more),
        select=[code],
        locate=lambda _, spot: (spot.name, spot.line),
    )


SECRET_LINES = [
    f"api_key: {HEX}",
    f'  "apiKey": "{HEX}",',
    f"weather: {{url: https://example.org, token: '{HEX}'}}",
    f"AWS_SECRET_ACCESS_KEY={HEX}",
    f"ENV FERNET_KEY {HEX}".replace("KEY ", "KEY="),
    "db_password: Xk29fj3a",
    "  password: 'hunter22'  # of the old server",
    f"storage_options: {{key: {AWS}}}",
    "token: ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "hook: https://hooks.slack.com/services/T01234567/B01234567/" + "a1B2c3D4e5F6g7H8i9J0k1L2",
    "con: postgresql://shop:Xk29fj3a@db.example.org:5432/shop",
    "con: DefaultEndpointsProtocol=https;AccountKey=" + "a1B2c3D4e5F6" * 6 + "==",
    PEM,
    "key: sk-proj-" + "a1B2c3D4e5F6" * 3,
    "key = 'hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH'",
]


@pytest.mark.parametrize("line", SECRET_LINES)
def test_what_looks_like_a_secret(line: str) -> None:
    (secret,) = find_secrets(f"# a comment\n{line}\nother: 1\n")
    assert secret.line == 2
    assert secret.value not in repr(secret) + secret.kind


HARMLESS_LINES = [
    "api_key: ${oc.env:WEATHER_KEY}",
    "password: ${globals:db.password}",
    "password: '{{ conn.db.password }}'",
    "password: $DB_PASSWORD",
    "token: <your token>",
    "password: changeme",
    "password: ********",
    "password:",
    "password: null",
    "password: ''",
    "credentials: shop_db",
    "api_key: weather_api",
    "token: weather_service_token",
    "primary_key: order_id_2024_column",
    "key: 8f14e45fceea167a",
    "partition_key: 8f14e45fceea167a5a36",
    "max_tokens: 4096",
    "eos_token: '<|endoftext|>'",
    "pad_token: a1B2c3D4e5F6g7H8",
    "tokenizer: bert-base-uncased-v2",
    "password_column: pw2hash3value4x",
    "secret_name: prod/shop/db-4f2a91",
    "password_file: /run/secrets/db",
    "private_key: conf/local/key1.pem",
    "token_url: https://login.example.org/oauth2/v2.0/token",
    "private_key: /etc/keys/a1B2c3D4e5F6",
    "password: arn:aws:secretsmanager:eu-west-1:1:secret:db",
    "password = os.environ['PASSWORD']",
    "token = settings.token4service",
    "# password: Xk29fj3a",
    "the password: has spaces in it".replace("password: has", "password: 'a word and 2 more'  # has"),
    "con: postgresql://${oc.env:USER}:${oc.env:PASSWORD}@db/shop",
    "con: postgresql://airflow:airflow@postgres/airflow",
    "con: postgresql://user:password@localhost/shop",
    "con: sqlite:///data/shop.db",
    "url: https://example.org:8080/a@b",
    "key: AKIAIOSFODNN7EXAMPLE",
    "checksum: 8f14e45fceea167a5a36dedd4bea2543",
    "commit: 717c573fb2a91c0d77ab",
    "filepath: s3://bucket/key=value/password.csv",
    "description: the task-secret service sk-learn pipeline",
    "model: sk-learn-random-forest",
    "class: sk-toggleable__label-arrow-of-2-rows",
    "con: postgresql://scott:tiger@db.example.org/shop",
    "con: postgresql://shop:Xk29fj3a@localhost:5432/shop",
]


@pytest.mark.parametrize("line", HARMLESS_LINES)
def test_what_does_not(line: str) -> None:
    assert list(find_secrets(f"{line}\n")) == []


def test_expressions_of_code_are_no_literals() -> None:
    code = "password = getpass()\ntoken = token4of(request, 'a')\nconnect(api_key=settings1.key2value3x)\n"
    assert len(list(find_secrets(code))) == 3
    assert list(find_secrets(code, quoted=True)) == []
    assert [one.line for one in find_secrets(f"{code}connect(password='Xk29fj3a')\n", quoted=True)] == [4]


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("S02", "conf/base/catalog.yml"),
        ("S02", "conf/prod/catalog/raw.yml"),
        ("S02", "conf/base/catalog_raw.yaml"),
        ("S03", "conf/base/parameters.yml"),
        ("S03", "conf/prod/parameters_model.yml"),
        ("S05", "src/shop/nodes.py"),
        ("S06", "Dockerfile"),
        ("S06", "docker/Dockerfile.worker"),
        ("S06", "docker-compose.yml"),
        ("S06", ".env"),
        ("S06", ".github/workflows/ci.yml"),
        ("S06", "scripts/deploy.sh"),
    ],
)
def test_each_file_has_its_rule(code: str, path: str) -> None:
    content = {path: f"# first line\nAPI_TOKEN = '{HEX}'\n"}
    assert found(code, content) == [(path, 2)]
    (finding,) = findings("S", content)
    assert HEX not in repr(finding)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    "path",
    [
        "conf/local/catalog.yml",
        "conf/local/parameters.yml",
        "conf/local/airflow.yml",
        "conf/local/credentials.yml",
        "src/tests/test_nodes.py",
        "docs/index.md",
        "conf/base/logging.yml",
    ],
)
def test_other_files_are_not_read(path: str) -> None:
    assert found("S", {path: f"db:\n  api_token: {HEX}\n"}) == []


def test_ignored_files_of_a_deployment_are_not_read() -> None:
    assert found("S06", {".env": f"API_TOKEN={HEX}\n", ".gitignore": ".env\n"}) == []


def test_settings_that_get_into_the_dag_file_are_an_error() -> None:
    files = {"conf/base/airflow.yml": f"default:\n  env_vars: {{KEY: {AWS}}}\n"}
    (published,) = findings("S01", files, dag_source=f"env_vars={{'KEY': '{AWS}'}}")
    (known,) = findings("S01", files)
    assert [published.severity, known.severity] == [Severity.ERROR, Severity.WARNING]
    (guessed,) = findings("S01", {"conf/base/airflow.yml": "a:\n  password: Xk29fj3a\n"}, dag_source="Xk29fj3a")
    assert (guessed.severity, guessed.line) == (Severity.WARNING, 2)


def test_local_settings_count_when_they_get_into_the_dag_file() -> None:
    files = {"conf/local/airflow.yml": f"default:\n  env_vars: {{KEY: {AWS}}}\n"}
    assert found("S01", files) == []
    assert found("S01", files, dag_source=AWS) == [("conf/local/airflow.yml", 2)]


def _with_parameter(default: object, source: str) -> tuple[Finding, ...]:
    one = subject(NodeInfo(name="f", outputs=("a",)), dag_source=source)
    snapshot = dataclasses.replace(one.snapshot, parameters=(Parameter(name="weather", default=default),))
    return find_problems(dataclasses.replace(one, snapshot=snapshot), select=["S04"])


def test_parameters_are_judged_by_what_the_dag_file_would_say() -> None:
    (finding,) = _with_parameter({"city": "Bern", "token": AWS}, f"'token': '{AWS}'")
    assert finding.severity is Severity.ERROR
    assert "weather.token" in finding.message
    assert AWS not in repr(finding)
    assert _with_parameter({"token": AWS}, "nothing") == ()
    assert _with_parameter({"token": "metric"}, "metric") == ()
    assert _with_parameter({"password": 3, "token": None}, "3 None") == ()


def test_credentials_of_other_environments_are_packaged() -> None:
    literal = "shop_db:\n  host: db.example.org\n  con: postgresql://shop@db/shop\n"
    reference = "shop_db:\n  con: ${oc.env:SHOP_DB}\n"
    assert found("S07", {"conf/prod/credentials.yml": literal}) == [("conf/prod/credentials.yml", 3)]
    assert found("S07", {"conf/prod/credentials.yml": reference, "conf/local/credentials.yml": literal}) == []


def test_local_credentials_must_be_ignored() -> None:
    files = {"conf/local/credentials.yml": "db:\n  con: abc\n"}
    assert found("S08", {**files, ".gitignore": "data/**\n"}) == [("conf/local/credentials.yml", 2)]
    assert found("S08", {**files, ".gitignore": "conf/local/**\n!conf/local/.gitkeep\n"}) == []
    assert found("S08", {**files, ".gitignore": "conf/**/*credentials*\n"}) == []
    assert found("S08", files) == []


KEY = '{"type": "service_account", "client_email": "a@b", "private_key": "…"}'


def test_key_files() -> None:
    key = {"conf/local/sa.json": KEY}
    docker = {"Dockerfile": "FROM python:3.11\n"}
    assert found("S09", {**key, **docker}) == [("conf/local/sa.json", 1)]
    assert found("S09", {**key, **docker, ".dockerignore": "conf/local\n"}) == []
    assert found("S09", {**key, ".gitignore": "data\n"}) == [("conf/local/sa.json", 1)]
    assert found("S09", {**key, ".gitignore": "conf/local/**\n"}) == []
    assert found("S09", key) == []
    assert found("S09", {"id_rsa": "x", ".gitignore": "\n"}) == [("id_rsa", 1)]
    assert found("S09", {"a.json": '{"a": 1}', "cert.pem": "BEGIN CERTIFICATE", ".gitignore": "\n"}) == []


def test_images_with_credentials() -> None:
    files = {"Dockerfile": "FROM python:3.11\nWORKDIR /app\nCOPY . .\n", "conf/local/credentials.yml": "a:\n  b: c\n"}
    assert found("S10", files) == [("Dockerfile", 3)]
    assert found("S10", {**files, ".dockerignore": "conf/local\n"}) == []
    assert found("S10", {**files, ".dockerignore": "**/*credentials*\n"}) == []
    assert found("S10", {**files, "Dockerfile": "FROM python:3.11\nCOPY src /app/src\n"}) == []


@pytest.mark.parametrize(
    ("pattern", "path", "out"),
    [
        ("conf/local", "conf/local/a.yml", True),
        ("/conf/local/", "conf/local/a/b.yml", True),
        ("local", "conf/local/a.yml", True),
        ("*.pem", "a/b/c.pem", True),
        ("conf/*/a.yml", "conf/x/y/a.yml", False),
        ("conf/**/a.yml", "conf/x/y/a.yml", True),
        ("conf/**/a.yml", "conf/a.yml", True),
        ("a.yml", "ba.yml", False),
        ("a?c", "abc", True),
        ("conf/**\n!conf/base/a.yml", "conf/base/a.yml", False),
        ("# conf", "conf", False),
    ],
)
def test_ignore_files(pattern: str, path: str, out: bool) -> None:
    assert is_left_out(path, pattern) is out


def test_docker_reads_names_from_the_root_on() -> None:
    assert not is_left_out("conf/local/a.yml", "local", anchored=True)
    assert is_left_out("local/a.yml", "local", anchored=True)
