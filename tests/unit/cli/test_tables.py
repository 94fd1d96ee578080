"""Tables on a terminal and in a pipe."""

import re
import sys

import pytest

from pointsman.cli import tables
from pointsman.cli.tables import Column

COLUMNS = [Column("ID"), Column("COST", right=True), Column("END", wrap=True)]
ROWS = [
    ["req_" + "x" * 60, "$1.00", "completed"],
    ["req_1", "$0.50", "refused for a reason that is long " * 3],
]


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 40 characters."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")


def test_piped_columns_are_aligned(capsys):
    tables.table(COLUMNS, [["req_1", "$1.00", "ok"], ["req_22", "$10.00", "no"]])
    assert capsys.readouterr().out.splitlines() == [
        "ID        COST  END",
        "req_1    $1.00  ok",
        "req_22  $10.00  no",
    ]


def test_a_narrow_terminal_cuts_no_id(capsys, terminal):
    tables.table(COLUMNS, ROWS)
    printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert ROWS[0][0] in printed
    assert "completed" in printed


def test_markup_in_a_cell_is_text(capsys, terminal):
    tables.table([Column("NAME")], [["[red]ci[/red]"]])
    assert "[red]ci[/red]" in capsys.readouterr().out


def test_without_rows_it_says_so(capsys):
    tables.table(COLUMNS, [], "Nothing.")
    assert capsys.readouterr().out == "Nothing.\n"
