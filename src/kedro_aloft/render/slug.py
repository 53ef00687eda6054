"""Slugs as the `python-slugify` package makes them, for the templates of kedro-airflow users."""

from __future__ import annotations

import re
import unicodedata
from html import unescape


def slugify(text: object, separator: str = "-", max_length: int = 0, lowercase: bool = True) -> str:  # noqa: FBT001, FBT002
    """Return a slug of ASCII letters, digits and hyphens; other scripts are dropped, not transliterated.

    Args:
        text: Anything; its text counts.
        separator: What stands between the words.
        max_length: Longest slug in characters; 0 is no limit.
        lowercase: Whether to fold to lower case.
    """
    plain = unicodedata.normalize("NFKD", unescape(str(text).replace("'", "-")))
    plain = plain.encode("ascii", "ignore").decode("ascii").replace("'", "")
    plain = re.sub(r"(?<=\d),(?=\d)", "", plain.lower() if lowercase else plain)
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")
    slug = slug[:max_length].strip("-") if max_length > 0 else slug
    return slug.replace("-", separator)
