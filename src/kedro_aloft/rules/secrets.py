"""Secrets: what stands in files that others read. Findings say where, never what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro_aloft.rules.finding import Hit, Severity, file, parameter
from kedro_aloft.rules.ignoring import is_left_out
from kedro_aloft.rules.pattern import Pattern
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.tokens import find_secrets, looks_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kedro_aloft.rules.subject import Subject
    from kedro_aloft.rules.tokens import Secret

FAMILY = "Secrets"

_CONFIG = (".yml", ".yaml", ".json")
_DEPLOYMENT = Pattern(
    r"(?:.*/)?(?:Dockerfile[^/]*|[^/]*\.[Dd]ockerfile|(?:docker-)?compose[^/]*\.ya?ml|[^/]*\.env|\.env[^/]*|[^/]*\.sh|Makefile)"
    r"|\.git(?:hub|lab)[^/]*/.*\.ya?ml|\.gitlab-ci\.yml"
)
_KEY_FILES = Pattern(r"(?:.*/)?(?:id_(?:rsa|dsa|ecdsa|ed25519)|[^/]*\.(?:p12|pfx|jks|keystore|ppk|pem|key))")
_COPIES_ALL = Pattern(r"(?im)^\s*(?:COPY|ADD)\s+(?:--\S+\s+)*(?:\.|\./|conf/?|\./conf/?)\s")


def _conf_files(subject: Subject, kind: str) -> Iterator[tuple[str, str]]:
    """Files of the configuration whose name or folder begins with a kind, with their environment."""
    root = subject.settings.conf_source or "conf"
    for path in subject.sources.below(root, *_CONFIG):
        env, _, rest = path[len(root.strip("/")) + 1 :].partition("/")
        if any(part.startswith(kind) for part in rest.split("/")):
            yield env, path


def _secrets_in(subject: Subject, path: str) -> Iterable[Secret]:
    return find_secrets(subject.sources.text(path) or "", quoted=path.endswith(".py"))


def _hit(secret: Secret, path: str, remedy: str, *, where: str = "", severity: Severity | None = None) -> Hit:
    return Hit(
        message=f"What looks like {secret.kind} stands in {path}.",
        spot=file(path, secret.line),
        where=where,
        remedy=remedy,
        severity=severity,
    )


def _in_settings(subject: Subject) -> Iterator[Hit]:
    """An error where its format is known and it would stand in the DAG file; `local` counts only if it would."""
    for env, path in _conf_files(subject, "airflow"):
        for secret in _secrets_in(subject, path):
            published = secret.value in subject.dag_source
            if published or env != "local":
                yield _hit(
                    secret,
                    path,
                    "name an Airflow connection, `{{ conn.<id>.password }}`, or let the worker's environment have it",
                    severity=None if published and secret.certain else Severity.WARNING,
                )


def _in_configuration(kind: str, remedy: str) -> Callable[[Subject], Iterator[Hit]]:
    def find(subject: Subject) -> Iterator[Hit]:
        for env, path in _conf_files(subject, kind):
            for secret in _secrets_in(subject, path) if env != "local" else ():
                yield _hit(secret, path, remedy)

    return find


def _in_form(subject: Subject) -> Iterator[Hit]:
    """Values as they are after all resolvers: also what an environment variable gave."""
    for one in subject.snapshot.parameters:
        for keys, value in _leaves(one.default):
            path = (*one.name.split("."), *keys)
            secret = looks_secret(".".join(path), value)
            if secret is not None and secret.value in subject.dag_source:
                yield Hit(
                    message=f"'{'.'.join(path)}' looks like {secret.kind} and would stand in the DAG file.",
                    spot=parameter(*path),
                    remedy=f"move it to credentials.yml; until then hide it with `params_hide: [{one.name}]`",
                    severity=None if secret.certain else Severity.WARNING,
                )


def _leaves(value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from (((str(key), *keys), leaf) for keys, leaf in _leaves(item))
    else:
        yield (), value


def _in_code(subject: Subject) -> Iterator[Hit]:
    for path in subject.sources.below("src", ".py"):
        for secret in _secrets_in(subject, path) if not _is_test(path) else ():
            yield _hit(secret, path, "take it from credentials.yml through a dataset of the catalog")


def _is_test(path: str) -> bool:
    return bool(re.search(r"(^|/)(tests?|conftest\.py$|test_[^/]*\.py$)", path))


def _in_deployment(subject: Subject) -> Iterator[Hit]:
    ignored = subject.sources.text(".gitignore") or ""
    for path in subject.sources.paths:
        if _DEPLOYMENT.fullmatch(path) and not is_left_out(path, ignored):
            for secret in _secrets_in(subject, path):
                yield _hit(
                    secret, path, "pass it when the container starts, from the place where your team keeps secrets"
                )


def _packaged_credentials(subject: Subject) -> Iterator[Hit]:
    """`kedro package` leaves out `local/*.yml` and nothing else."""
    for env, path in _conf_files(subject, "credentials"):
        line = _first_literal(subject.sources.text(path) or "") if env != "local" else 0
        if line:
            yield Hit(
                message=f"{path} holds values, and `kedro package` packs every environment but `local`.",
                spot=file(path, line),
                remedy="move them to conf/local, or write `${oc.env:NAME}` and set the variable on the worker",
            )


_LITERAL = Pattern(r"^\s+[\w\"'\-]+\s*:\s*(?P<value>[^\s#{\[&*|>!][^#]*?)\s*(?:#.*)?$")
_HARMLESS_KEY = Pattern(
    r"^\s+[\"']?(account_name|endpoint\w*|host\w*|port|project\w*|region\w*|scheme|type|url|user\w*)\b"
)


def _first_literal(text: str) -> int:
    """The first line whose value is no reference; names of hosts and users are no secrets."""
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LITERAL.match(line)
        value = match["value"].strip("\"'") if match and not _HARMLESS_KEY.match(line) else ""
        if value and "$" not in value and not value.startswith("<") and value.lower() not in {"null", "true", "false"}:
            return number
    return 0


def _tracked_credentials(subject: Subject) -> Iterator[Hit]:
    """Silent without a .gitignore of the project's own: it may be part of a larger repository."""
    ignored = subject.sources.text(".gitignore")
    for env, path in _conf_files(subject, "credentials"):
        line = _first_literal(subject.sources.text(path) or "") if env == "local" and ignored is not None else 0
        if line and not is_left_out(path, ignored or ""):
            yield Hit(
                message=f"{path} holds values, and .gitignore does not name it.",
                spot=file(path, line),
                remedy="add `conf/local/**` to .gitignore, and change what has been committed already",
            )


def _key_files(subject: Subject) -> Iterator[Hit]:
    sources = subject.sources
    for path in sources.paths:
        text = sources.text(path) if path.endswith((".json", ".pem", ".key")) else None
        if (text is None and _KEY_FILES.fullmatch(path)) or _is_key(text or ""):
            reached = [name for name, out in _reaches(subject, path) if not out]
            if reached:
                yield Hit(
                    message=f"{path} is a private key, and nothing keeps it out of {' and '.join(reached)}.",
                    spot=file(path, 1),
                    remedy="keep it outside of the project, or name it in .gitignore and .dockerignore",
                )


def _is_key(text: str) -> bool:
    return "PRIVATE KEY-----" in text or ('"private_key"' in text and '"client_email"' in text)


def _reaches(subject: Subject, path: str) -> Iterator[tuple[str, bool]]:
    """What a file may get into, and whether it is kept out."""
    tracked, sent = (subject.sources.text(name) for name in (".gitignore", ".dockerignore"))
    if tracked is not None:
        yield "the repository", is_left_out(path, tracked)
    if _dockerfiles(subject):
        yield "the image", is_left_out(path, sent or "", anchored=True)


def _dockerfiles(subject: Subject) -> list[str]:
    return [path for path in subject.sources.below("", "Dockerfile") if path.rpartition("/")[2] == "Dockerfile"]


def _image_context(subject: Subject) -> Iterator[Hit]:
    credentials = [path for _, path in _conf_files(subject, "credentials")]
    out = subject.sources.text(".dockerignore") or ""
    sent = [path for path in credentials if not is_left_out(path, out, anchored=True)]
    for path in _dockerfiles(subject) if sent else ():
        text = subject.sources.text(path) or ""
        match = _COPIES_ALL.search(text)
        if match:
            yield Hit(
                message=f"{path} copies the configuration into the image, {sent[0]} included.",
                spot=file(path, text.count("\n", 0, match.start()) + 1),
                remedy="add `conf/local` and `conf/**/*credentials*` to .dockerignore",
            )


RULES = (
    Rule(
        code="ALOFT-S01",
        name="secret-in-settings",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A key, token or password in airflow.yml.",
        why="What airflow.yml says stands in the DAG file, in Airflow's database and in its UI, where everybody reads "
        "it who may see the DAG. An error where the format is known and the text would stand in the DAG file; a "
        "warning where a name or an address says so.",
        bad="default:\n  env_vars: {SLACK_TOKEN: xoxb-0123456789-abcdefghij}",
        good="default:\n  runtime_params: {slack_token: '{{ conn.slack.password }}'}",
        find=_in_settings,
    ),
    Rule(
        code="ALOFT-S02",
        name="secret-in-catalog",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A key, token or password in the catalog.",
        why="The catalog is committed, packaged and put into images; Kedro has credentials.yml for this.",
        bad="orders:\n  type: pandas.SQLTableDataset\n  table_name: orders\n  credentials:\n"
        "    con: postgresql://shop:Xk29fj3a@db.example.org/shop",
        good="orders:\n  type: pandas.SQLTableDataset\n  table_name: orders\n  credentials: shop_db",
        find=_in_configuration("catalog", "move it to credentials.yml and name that entry with `credentials:`"),
    ),
    Rule(
        code="ALOFT-S03",
        name="secret-in-parameters",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A key, token or password in the parameters.",
        why="Parameters are committed, logged, shown by Kedro-Viz, and stand in the trigger form of the DAG.",
        bad="weather:\n  api_key: 8f14e45fceea167a5a36dedd4bea2543",
        good="weather:\n  units: metric  # the key is in credentials.yml",
        find=_in_configuration("parameters", "move it to credentials.yml, which only datasets read"),
    ),
    Rule(
        code="ALOFT-S04",
        name="secret-in-form",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A parameter with a secret value that would stand in the DAG file.",
        why="The trigger form shows the values that parameters have after all resolvers, also what came from an "
        "environment variable of the machine that ran `create`; they stand in the DAG file and in Airflow's database. "
        "Parameters whose names say that they are secret are left out anyway.",
        bad="weather:\n  hook: ${my_resolver:webhook}   # resolved, the address stands in the DAG file",
        good="default:\n  params_hide: [weather]",
        find=_in_form,
    ),
    Rule(
        code="ALOFT-S05",
        name="secret-in-code",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A key, token or password in the project's code.",
        why="Code is committed, packaged, and copied to each worker; a key that has been there once must be changed.",
        bad='API_KEY = "8f14e45fceea167a5a36dedd4bea2543"',
        good="def fetch(weather):  # weather: {type: api.APIDataset, url: …, credentials: weather}\n    return weather",
        find=_in_code,
    ),
    Rule(
        code="ALOFT-S06",
        name="secret-in-deployment",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A key, token or password in a Dockerfile, compose file, script or CI file.",
        why="What a Dockerfile sets is in every layer of the image, and whoever pulls the image reads it.",
        bad="FROM python:3.11\nENV DB_PASSWORD=Xk29fj3a",
        good="FROM python:3.11\n# DB_PASSWORD comes from the environment of the container",
        find=_in_deployment,
    ),
    Rule(
        code="ALOFT-S07",
        name="credentials-packaged",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Credentials with values in an environment other than `local`.",
        why="`kedro package` puts every environment but `local` into its archive, and most projects commit them.",
        bad="# conf/prod/credentials.yml\nshop_db:\n  con: postgresql://shop:Xk29fj3a@db.example.org/shop",
        good="# conf/prod/credentials.yml\nshop_db:\n  con: ${oc.env:SHOP_DB}",
        find=_packaged_credentials,
    ),
    Rule(
        code="ALOFT-S08",
        name="credentials-tracked",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Credentials in conf/local that .gitignore does not name.",
        why="The next `git add` commits them, and a repository never forgets.",
        bad="# .gitignore\ndata/**",
        good="# .gitignore\ndata/**\nconf/local/**",
        find=_tracked_credentials,
    ),
    Rule(
        code="ALOFT-S09",
        name="key-file",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A private key, such as the JSON key of a service account, that gets into the repository or the image.",
        why="Such a key is valid for years, for whoever has it. Roles of the machine or of the pod need none.",
        bad="conf/local/service-account.json   # and no .dockerignore beside the Dockerfile",
        good="conf/local/service-account.json   # with `conf/local` in .gitignore and .dockerignore",
        find=_key_files,
    ),
    Rule(
        code="ALOFT-S10",
        name="credentials-in-image",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A Dockerfile that copies credentials, because .dockerignore does not name them.",
        why="They stay in a layer of the image, also when a later line deletes them.",
        bad="FROM python:3.11\nCOPY . .   # conf/local/credentials.yml included",
        good="# .dockerignore\nconf/local\nconf/**/*credentials*",
        find=_image_context,
    ),
)
