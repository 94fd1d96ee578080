"""`pointsman log`."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json, print_json_line

EPILOG = """\b
Examples:
  pointsman log
  pointsman log -n 100 --agent claude-code
  pointsman log --model gpt-4o-mini --since 2h
  pointsman log --finish failed --since 7d
  pointsman log --follow
  pointsman log --follow --json | jq .cost_usd_micros
  pointsman log --summary --since 7d

One line is one attempt: a request that fell back has several. Take its id to `pointsman explain`."""

PAGE = 1000
FOLLOW_EVERY_S = 1.0
OVERLAP_S = 30
"""How far back each look goes: rows reach the log up to seconds after their requests began."""


@click.command(epilog=EPILOG)
@click.option("-n", "limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option("--agent", help="Only this agent's.")
@click.option("--model", help="Only attempts at this model.")
@click.option("--provider", help="Only attempts at this provider.")
@click.option("--kind", help="Only this kind: request, retry, side_title and so on.")
@click.option("--finish", "finish_state", help="Only those that ended so: completed, failed, refused ...")
@click.option("--since", help="Only since then: 15m, 2h, 7d, or a time like 2026-05-01T12:00:00Z.")
@click.option("-f", "--follow", is_flag=True, help="Go on printing new ones until stopped with Ctrl-C.")
@click.option("--summary", is_flag=True, help="Show sums by agent and model (of 24h without --since).")
@as_json
def command(limit: int, follow: bool, summary: bool, as_json: bool, **filters: str | None) -> None:
    """Show the request log: who asked what, which model answered, how long it took and what it cost."""
    from pointsman.cli.gateway import running

    gateway = running()
    if summary:
        _summarise(gateway, filters, as_json)
        return
    found = _newest(gateway, limit, filters)
    if follow:
        with suppress(KeyboardInterrupt):  # that is how it is ended
            _follow(gateway, found, filters, as_json)
    elif as_json:
        print_json({"attempts": found})
    else:
        _show(found)


def _newest(gateway: Any, limit: int, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """The newest `limit` attempts, oldest first."""
    found: list[dict[str, Any]] = []
    before = None
    while len(found) < limit:
        page = gateway.get("/log", limit=min(limit - len(found), PAGE), before=before, **filters)
        found += page["attempts"]
        before = page["next"]
        if before is None:
            break
    return found[::-1]


def _follow(gateway: Any, found: list[dict[str, Any]], filters: dict[str, Any], as_json: bool) -> None:
    if not as_json:
        click.echo(_line(HEADINGS))
    seen: dict[tuple[str, int], int] = {}
    while True:
        for one in _unseen(found, seen):
            print_json_line(one) if as_json else click.echo(_line(_row(one)))
        time.sleep(FOLLOW_EVERY_S)
        found = _newest(gateway, PAGE, filters | {"since": f"{OVERLAP_S}s"})


def _unseen(found: list[dict[str, Any]], seen: dict[tuple[str, int], int]) -> Iterator[dict[str, Any]]:
    """Those not in `seen`, which is kept as short as what can come again."""
    oldest_us = int((time.time() - 4 * OVERLAP_S) * 1e6)
    for key in [key for key, at_us in seen.items() if at_us < oldest_us]:
        del seen[key]
    for one in found:
        key = (one["request_id"], one["attempt"])
        if key not in seen:
            seen[key] = one["started_at_us"]
            yield one


HEADINGS = ["TIME", "REQUEST", "AGENT", "ASKED", "SERVED BY", "TOKENS", "TOOK", "COST", "END"]
WIDTHS = [8, 26, 16, 18, 28, 15, 9, 10, 0]
"""Columns of --follow, whose lines are printed before the next ones are known."""


def _line(cells: list[str]) -> str:
    aligned = [
        figures.cut(cell, width).ljust(width) for cell, width in zip(cells, WIDTHS, strict=True) if width
    ]
    return figures.printable("  ".join([*aligned, cells[-1]]))


def _row(one: dict[str, Any]) -> list[str]:
    tokens = f"{figures.count(one['tokens_in'])} > {figures.count(one['tokens_out'])}"
    return [
        figures.clock(one["started_at_us"] / 1e6, time.time()),
        one["request_id"],
        one["agent_id"],
        one["requested_model"],
        f"{one['provider']}/{one['model']}" if one["model"] else figures.NONE,
        ("~" if one["usage_estimated"] else "") + tokens,
        figures.span(one["latency_ms"]),
        figures.usd(one["cost_usd_micros"]),
        _end(one),
    ]


def _end(one: dict[str, Any]) -> str:
    words = [one["finish_state"].replace("_", " ")]
    if one["error_code"]:
        words.append(f"({one['error_code']})")
    if one["fallback_used"]:
        words.append("fallback")
    if one["kind"] != "request":
        words.append(one["kind"])
    if one["outcome"]:
        words.append(f"told: {one['outcome'].replace('_', ' ')}")
    return " ".join(words)


def _show(found: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    right = {"TOKENS", "TOOK", "COST"}
    columns = [Column(title, right=title in right, wrap=title == "END") for title in HEADINGS]
    table(columns, [_row(one) for one in found], "The log has no such attempts.")


def _summarise(gateway: Any, filters: dict[str, Any], as_json: bool) -> None:
    """Sums by agent and model; of the filters only `since`, `agent` and `model` mean something here."""
    found = gateway.get("/summary", since=filters["since"])
    for name, field in (("agent", "agent_id"), ("model", "model")):
        if filters[name] is not None:
            found["rows"] = [row for row in found["rows"] if row[field] == filters[name]]
    print_json(found) if as_json else _show_sums(found["rows"])


def _show_sums(rows: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    titles = ("REQUESTS", "ATTEMPTS", "ERRORS", "TOKENS IN", "TOKENS OUT", "P50", "P95", "COST")
    columns = [Column("AGENT"), Column("MODEL"), *[Column(title, right=True) for title in titles]]
    told = [
        [
            row["agent_id"],
            row["model"] or figures.NONE,
            *[figures.count(row[name]) for name in ("requests", "attempts", "errors")],
            *[figures.count(row[name]) for name in ("tokens_in", "tokens_out")],
            figures.span(row["latency_p50_ms"]),
            figures.span(row["latency_p95_ms"]),
            figures.usd(row["cost_usd_micros"]),
        ]
        for row in rows
    ]
    table(columns, told, "The log has nothing of that time.")
