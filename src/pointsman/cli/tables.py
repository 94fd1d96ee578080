"""Prints tables: drawn on a terminal, plain aligned columns when piped."""

import sys
from collections.abc import Sequence

import click
from msgspec import Struct

from pointsman.cli.figures import printable

GAP = 2
WRAPPED_WIDTH = 30
"""What a column that may wrap gets at least, if it has as much to say."""


class Column(Struct, frozen=True):
    """A heading; figures stand on the `right`; a `wrap` column may break its lines."""

    title: str
    right: bool = False
    wrap: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], empty: str = "") -> None:
    """Prints the rows, or `empty` when there are none."""
    shown = [[printable(cell) for cell in row] for row in rows]
    if not rows:
        click.echo(empty)
    elif sys.stdout.isatty():
        _drawn(columns, shown)
    else:
        _plain(columns, shown)


def _drawn(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Draws on a terminal. One that is too narrow breaks the lines itself: an id is never cut, so that it
    can be copied."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, GAP, 0, 0), header_style="bold")
    for column in columns:
        drawn.add_column(column.title, justify="right" if column.right else "left", no_wrap=not column.wrap)
    for row in rows:
        drawn.add_row(*[Text(cell) for cell in row])
    console = Console(highlight=False)
    console.width = max(console.width, _needed_width(columns, rows))
    console.print(drawn)


def _needed_width(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """Characters a line must have so that only columns that may wrap do."""
    width = 0
    for place, column in enumerate(columns):
        longest = max([len(column.title), *[len(row[place]) for row in rows]])
        width += GAP + (min(longest, WRAPPED_WIDTH) if column.wrap else longest)
    return width


def _plain(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    lines = [[column.title for column in columns], *rows]
    widths = [max([len(line[place]) for line in lines]) for place in range(len(columns))]
    for line in lines:
        cells = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Prints names with their values, one a line."""
    width = max([len(name) for name, _ in rows], default=0)
    for name, value in rows:
        click.echo(f"{name.ljust(width)}  {printable(value)}")
