"""`pointsman agents`."""

import time
from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json

EPILOG = """\b
Examples:
  pointsman agents
  pointsman agents claude-code
  pointsman agents --json"""

COUNTS = ("requests", "retries", "side_requests", "tokens_in", "tokens_out", "cost_usd_micros")


@click.command(epilog=EPILOG)
@click.argument("agent_id", required=False, metavar="[ID]")
@as_json
def command(agent_id: str | None, as_json: bool) -> None:
    """List the agents that have called and what they used; or show one of them with its profile."""
    from pointsman.cli.gateway import quoted, running

    gateway = running()
    if agent_id is None:
        found = gateway.get("/agents")
        _show_all(found["agents"]) if not as_json else print_json(found)
    else:
        found = gateway.get(f"/agents/{quoted(agent_id)}")
        _show_one(found) if not as_json else print_json(found)


def _show_all(agents: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [Column("AGENT"), Column("KNOWN BY"), *_count_columns(), Column("LAST SEEN", right=True)]
    rows = [
        [one["id"], one["source"], *_counts(list(one["tiers"].values())), _ago(one.get("last_seen_us"))]
        for one in sorted(agents, key=lambda one: (-(one.get("last_seen_us") or 0), one["id"]))
    ]
    table(columns, rows, "No agent has called yet.")


def _show_one(found: dict[str, Any]) -> None:
    from pointsman.cli.tables import Column, pairs, table

    now_s = time.time()
    first, last = found.get("first_seen_us"), found.get("last_seen_us")
    rows = [
        ("agent", found["id"]),
        ("known by", found.get("source", "profile")),
        ("first seen", figures.when(first / 1e6, now_s) if first else "never"),
        ("last seen", figures.when(last / 1e6, now_s) if last else "never"),
    ]
    pairs(rows + [(f"profile {name}", _value(name, value)) for name, value in found["profile"].items()])
    tiers = found.get("tiers", {})
    if tiers:
        click.echo()
        table(
            [Column("TIER"), *_count_columns()],
            [[tier, *_counts([count])] for tier, count in sorted(tiers.items())],
        )
    if found["performance"]:
        click.echo()
        _show_performance(found["performance"])


def _show_performance(performance: dict[str, dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [
        Column("MODEL"),
        Column("REQUESTS", right=True),
        Column("SUCCESS", right=True),
        Column("LATENCY", right=True),
    ]
    rows = [
        [
            target,
            figures.count(one["requests"]),
            figures.share(one["success_rate"]),
            figures.span(one["latency_ms"]),
        ]
        for target, one in sorted(performance.items())
    ]
    table(columns, rows)


def _count_columns() -> list[Any]:
    from pointsman.cli.tables import Column

    titles = ("REQUESTS", "RETRIES", "SIDE", "TOKENS IN", "TOKENS OUT", "COST")
    return [Column(title, right=True) for title in titles]


def _counts(tiers: list[dict[str, int]]) -> list[str]:
    sums = {name: sum([tier[name] for tier in tiers]) for name in COUNTS}
    return [figures.usd(n) if name == "cost_usd_micros" else figures.count(n) for name, n in sums.items()]


def _ago(at_us: int | None) -> str:
    return figures.ago(at_us / 1e6 if at_us else None, time.time())


def _value(name: str, value: Any) -> str:
    if value is None or value == []:
        return "none" if name == "fallback" else "any" if value == [] else figures.NONE
    if name.endswith("_usd_micros"):
        return figures.usd(value)
    if isinstance(value, list):
        return ", ".join([str(one) for one in value])
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
