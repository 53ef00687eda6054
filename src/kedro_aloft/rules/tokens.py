"""Texts that look like secrets: known formats, passwords in addresses, and literals behind names that say so.

What is found is never returned: only where it stands, and what kind it is.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kedro_aloft.rules.pattern import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORMATS = (
    # Name, a text that every one has (searched first, because that is fast), pattern.
    ("an AWS access key", "AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
    ("an AWS access key", "ASIA", r"\bASIA[0-9A-Z]{16}\b"),
    ("a GitHub token", "gh", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    ("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{40,}\b"),
    ("a GitLab token", "glpat-", r"\bglpat-[A-Za-z0-9_\-]{20,}"),
    ("a Slack token", "xox", r"\bxox[abeoprs]-[A-Za-z0-9\-]{10,}"),
    ("a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}"),
    ("a Google API key", "AIza", r"\bAIza[A-Za-z0-9_\-]{35}"),
    ("an OpenAI key", "sk-", r"\bsk-(?=[\w\-]*\d)(?=[\w\-]*[A-Z])[A-Za-z0-9_\-]{20,}"),
    ("a Stripe key", "k_live_", r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    ("a Databricks token", "dapi", r"\bdapi[0-9a-f]{32}"),
    ("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{30,}\b"),
    ("a PyPI token", "pypi-", r"\bpypi-AgEI[A-Za-z0-9_\-]{40,}"),
    ("a JSON web token", "eyJ", r"\beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}"),
    ("an Azure account key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/=]{40,}"),
    ("a private key", "PRIVATE KEY", r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
)
FORMATS = tuple((name, part, Pattern(pattern)) for name, part, pattern in _FORMATS)

_ADDRESS = Pattern(
    r"\b[a-z][a-z0-9+.\-]*://(?P<user>[^\s:/@\"'{}$<>]*):(?P<secret>[^\s/@\"'{}$<>]+)@(?P<host>[\w.\-\[]+)"
)
_TELLING = Pattern(
    r"(?:^|_)(?P<word>password|passwd|pwd|passphrase|secret|token|api_?key|access_key|secret_key|private_key|account_key|"
    r"storage_key|client_secret|auth_key|signing_key|encryption_key|fernet_key|jwt_secret)$"
)
_OTHER_TOKENS = Pattern(r"(?:^|_)(bos|cls|end|eos|mask|next|pad|page|sep|special|start|stop|unk)_token$")
_TELLING_PARTS = ("pass", "pwd", "secret", "token", "key")
_MAY_TELL = Pattern(rf"(?i){'|'.join(_TELLING_PARTS)}")
_PAIR = Pattern(
    r"""(?P<key>[A-Za-z_][\w.\-]*)["']?\s*(?::|=)\s*(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,{}\[\]#"'][^\s,{}\[\]#]*)"""
)
_REFERENCE = Pattern(
    r"\$|\{\{|\{%|%\(|<|^\*+$|^[xX.\-_]+$|^(params|env|vault|file|arn|op|aws|azure|gcp|sm|ssm|secretsmanager|conn):|^projects/"
    r"|^/|^\.{1,2}/|\.(pem|key|json|txt|yml|yaml)$|^(os|environ|config|settings|self|conf|params|kwargs|args|credentials)\b[.\[(]"
)
_PLACEHOLDER = Pattern(
    r"(?i)change.?me|replace|your|example|placeholder|dummy|sample|fixme|todo|redacted|insert|fake|test|not.?set|unset"
)
_NOTHING = frozenset(
    {
        *("", "null", "none", "~", "true", "false", "yes", "no", "on", "off", "str", "string"),
        *("mypassword", "pass", "passwd", "password", "passwords", "pwd", "secret", "tiger"),
    }
)
_LEAST_BITS = 2.8
"""Per character. Words have about 2.5 at this length, random letters and digits 3.5 and more."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that looks like a secret.

    Args:
        line: Where, counted from 1.
        kind: What it looks like, for people.
        certain: Whether its format is known, so that it is no guess.
        value: The text itself, for comparing alone: never shown.
    """

    line: int
    kind: str
    certain: bool
    value: str = field(repr=False)


@functools.lru_cache(maxsize=512)
def find_secrets(text: str, *, quoted: bool = False) -> tuple[Secret, ...]:
    """Return what looks like a secret in a text of `key: value` or `key = value` lines, one per line at most.

    Args:
        text: Of a file.
        quoted: Whether values without quotes are expressions, as in Python.
    """
    by_line: dict[int, Secret] = {}
    for secret in (*_known(text), *_addresses(text), *_told(text, quoted=quoted)):
        by_line.setdefault(secret.line, secret)
    return tuple(by_line.values())


def looks_secret(key: str, value: object) -> Secret | None:
    """Return what a value looks like, given the key that it stands behind; None when it looks like nothing."""
    if not isinstance(value, str) or not value:
        return None
    found = next((*_known(value), *_addresses(value)).__iter__(), None)
    if found is not None:
        return found
    return Secret(0, f"the value of '{key}'", False, value) if _tells(key, value) else None


def _known(text: str) -> Iterator[Secret]:
    for name, part, pattern in FORMATS:
        for match in pattern.finditer(text) if part in text else ():
            if "EXAMPLE" not in match[0].upper():
                yield Secret(_line(text, match.start()), name, True, match[0])


def _addresses(text: str) -> Iterator[Secret]:
    for match in _ADDRESS.finditer(text) if "://" in text else ():
        secret = match["secret"]
        here = match["host"] in {"127.0.0.1", "host", "hostname", "localhost"}
        if secret != match["user"] and not here and not _is_reference(secret):
            yield Secret(_line(text, match.start()), "a password in an address", False, secret)


def _told(text: str, *, quoted: bool) -> Iterator[Secret]:
    folded = text.casefold()
    if not any(word in folded for word in _TELLING_PARTS):  # as `_MAY_TELL`, in a tenth of its time
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not _MAY_TELL.search(line) or line.lstrip().startswith(("#", "//")):
            continue
        for match in _PAIR.finditer(line):
            literal = match["value"][0] in "\"'" or not quoted
            if literal and _tells(match["key"], match["value"].strip("\"'")):
                yield Secret(number, f"the value of '{match['key']}'", False, match["value"].strip("\"'"))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _tells(key: str, value: str) -> bool:
    """Whether a key says that its value is secret, and the value is no reference to one."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.rpartition(".")[2]).replace("-", "_").lower()
    match = _TELLING.search(plain)
    if match is None or _OTHER_TOKENS.search(plain) or _is_reference(value) or " " in value or not value.isascii():
        return False
    if match["word"] in {"password", "passwd", "pwd", "passphrase"}:
        return len(value) >= 4
    return len(value) >= 12 and any(one.isdigit() for one in value) and _bits(value) >= _LEAST_BITS


def _is_reference(value: str) -> bool:
    return value.lower() in _NOTHING or bool(_REFERENCE.search(value) or _PLACEHOLDER.search(value))


def _bits(text: str) -> float:
    """Return the entropy per character."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
