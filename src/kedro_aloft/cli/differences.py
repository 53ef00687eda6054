"""The difference between two texts, as commands show it."""

from __future__ import annotations


def print_lines(before: str, after: str, name: str) -> None:
    """Print the lines that differ, in colour, with what surrounds them."""
    import difflib

    from rich.text import Text

    from kedro_aloft.cli.console import stdout

    styles = {"+": "green", "-": "red", "@": "cyan"}
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{name} (now)", f"{name} (then)", lineterm=""
    )
    for line in lines:
        stdout().print(Text(line, styles.get(line[:1], "")))
