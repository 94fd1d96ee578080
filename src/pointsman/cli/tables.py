"""Prints tables: drawn on a terminal, plain aligned columns when piped."""

import sys
from collections.abc import Sequence

import click
from msgspec import Struct


class Column(Struct, frozen=True):
    """A heading; figures stand on the `right`; a `wrap` column may break its lines."""

    title: str
    right: bool = False
    wrap: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], empty: str = "") -> None:
    """Prints the rows, or `empty` when there are none."""
    if not rows:
        click.echo(empty)
    elif sys.stdout.isatty():
        _drawn(columns, rows)
    else:
        _plain(columns, rows)


def _drawn(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.wrap,
            overflow="fold",
        )
    for row in rows:
        drawn.add_row(*[Text(cell) for cell in row])
    Console().print(drawn)


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
        click.echo(f"{name.ljust(width)}  {value}")
