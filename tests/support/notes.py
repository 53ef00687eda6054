"""A notifier of a user: keeps what it was made with."""

from __future__ import annotations

from typing import Any


class Note:
    """Any class that Airflow can call works as a notifier.

    Args:
        text: What to keep.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, context: Any) -> None:
        """Do nothing."""
