"""`pointsman learn`."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import Failed, as_json, print_json

EPILOG = """\b
Examples:
  pointsman learn                      what is due now
  pointsman learn --phase confidence   count, learn and publish at once
  pointsman learn --all --json

Phases: aggregate, confidence, rules, experiments, daily. A running gateway runs them by itself, and takes
over what is learned within two seconds."""
NAMES = ("aggregate", "confidence", "rules", "experiments", "daily")
Progress = Callable[[str, int, int], None]


@click.command(epilog=EPILOG)
@click.option("--phase", "phases", multiple=True, type=click.Choice(NAMES), help="This phase, due or not.")
@click.option("--all", "all_of_them", is_flag=True, help="All phases, due or not.")
@as_json
def command(phases: tuple[str, ...], all_of_them: bool, as_json: bool) -> None:
    """Learn now from what became of requests, and publish what was learned.

    Works on the database of this home (or DATABASE_URL), whether a gateway runs or not. One process learns
    at a time; this one waits for its turn. Exit code 1 when a phase fails.
    """
    names = NAMES if all_of_them else phases or None
    with _progress(quiet=as_json) as progress:
        ran = _ran(names, progress)
    if as_json:
        print_json({"phases": ran})
    else:
        _show(ran)
    if any(one["error"] for one in ran):
        raise SystemExit(1)


def _ran(names: tuple[str, ...] | None, progress: Progress) -> list[dict[str, Any]]:
    import asyncio

    from msgspec import to_builtins

    from pointsman.app.config import ConfigInvalid
    from pointsman.app.learning import Busy, learn
    from pointsman.store.errors import StoreError
    from pointsman.store.pool import AWAY

    try:
        found: list[dict[str, Any]] = to_builtins(asyncio.run(learn(os.environ, names, progress)))
        return found
    except Busy as error:
        raise Failed("Another process is learning.", "Try again when it is done.") from error
    except ConfigInvalid as error:
        raise Failed(str(error), "See: pointsman config check") from error
    except (StoreError, *AWAY) as error:
        raise Failed(f"The database cannot be used: {error}", "See: pointsman doctor") from error


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress]:
    """Draws on standard error what is being done; nothing where nobody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as drawn:
        bars: dict[str, Any] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = drawn.add_task(what, total=total or None)
            drawn.update(bars[what], completed=done, total=total or None)

        yield show


def _show(ran: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [Column("PHASE"), Column("TOOK", right=True), Column("WHAT CAME OF IT", wrap=True)]
    rows = [
        [one["phase"], figures.span(one["seconds"] * 1000), one["error"] or _told(one["told"])] for one in ran
    ]
    table(columns, rows, "Nothing is due: every phase has run lately, and too little is new.")


def _told(told: dict[str, Any]) -> str:
    said = [f"{name}: {value}" for name, value in told.items() if not isinstance(value, dict | type(None))]
    return ", ".join(said) or figures.NONE
