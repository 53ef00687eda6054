"""Tables: the same text, whether they fit or not, with whatever is in them."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from kedro_aloft.cli.console import Table


def printed(table: Table, *, width: int = 80) -> list[str]:
    out = StringIO()
    Console(file=out, width=width, soft_wrap=True, markup=False, highlight=False, emoji=False).print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def table_of(*rows: tuple[str, ...]) -> Table:
    table = Table("task", "after")
    for row in rows:
        table.add_row(*row)
    return table


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert printed(table_of(("a", "–"), ("longer", "a"))) == ["task    after", "a       –", "longer  a"]


def test_a_cell_may_have_several_lines() -> None:
    assert printed(table_of(("a\nb", "x"), ("c", "y"))) == ["task  after", "a     x", "b", "c     y"]


def test_names_that_do_not_fit_continue_on_the_next_line() -> None:
    assert printed(table_of(("abcdefghij", "x")), width=12) == ["task   after", "abcde  x", "fghij"]


def test_wide_characters_take_two_columns() -> None:
    assert printed(table_of(("節点", "x"), ("b", "y"))) == ["task  after", "節点  x", "b     y"]


def test_what_looks_like_markup_is_shown_and_control_characters_are_not() -> None:
    assert printed(table_of(("[red]a[/]", "x\x07y\rz"))) == ["task       after", "[red]a[/]  xyz"]


def test_a_table_that_fits_is_laid_out_as_rich_does_it() -> None:
    table = table_of(*((f"n{number}\nm", "é" * number) for number in range(12)))
    assert printed(table) == [line.rstrip() for line in printed(table._folded())]  # type: ignore[arg-type]


def test_an_empty_table_has_titles() -> None:
    assert printed(table_of()) == ["task  after"]
