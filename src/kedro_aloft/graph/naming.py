"""Names that Airflow accepts, for any name that Kedro accepts.

A name that is valid stays as it is; any other becomes a readable slug plus a digest of the name itself. So an id
depends on its own node alone: adding or removing other nodes never changes it, and two names never share one.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_ID_LENGTH = 240
"""Airflow takes 250 characters, but its task logs lie in a directory `task_id=<id>`, and a file name has 255 at most.

Source: Airflow 3.3 Task SDK `validate_key`; `[logging] log_filename_template`: with a longer id no task can start.
"""

_VALID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_RUN_OF_INVALID = re.compile(r"[^A-Za-z0-9_.-]+")
_DIGEST_LENGTH = 8


def airflow_id(name: str, *, max_length: int = MAX_ID_LENGTH) -> str:
    """Return a valid Airflow id of at most `max_length` characters for any non-empty name."""
    if _VALID.fullmatch(name) and len(name) <= max_length:
        return name
    suffix = f"-{digest(name)}"
    stem = _ascii_stem(name)[: max_length - len(suffix)].rstrip("-.")
    return f"{stem}{suffix}" if stem else f"x{suffix}"


def digest(text: str) -> str:
    """Return a short, stable hexadecimal digest of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]


def _ascii_stem(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return _RUN_OF_INVALID.sub("_", decomposed).strip("_.-")
