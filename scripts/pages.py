"""Write what is made from the code itself: the reference pages and the JSON Schema. Run by `make docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.doctor import reference as checks
from kedro_aloft.migrate import reference as old_keys
from kedro_aloft.settings import reference as settings
from kedro_aloft.settings.schema import SCHEMA_FILE, schema_text
from scripts import cli_reference as commands
from scripts import rules_reference as rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILES: Mapping[Path, Callable[[], str]] = {
    SCHEMA_FILE: schema_text,
    **{page.REFERENCE_FILE: page.render_reference for page in (settings, old_keys, checks, commands, rules)},
}
"""Each file with what returns its text."""


def main() -> None:
    """Write all of them."""
    for path, text in FILES.items():
        path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
