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
  pointsman agents --unused
  pointsman agents --overloaded --json"""

FORGET_EPILOG = """\b
Example:
  pointsman agents forget old-bot --yes"""

COUNTS = ("requests", "retries", "side_requests", "tokens_in", "tokens_out", "cost_usd_micros")


class AgentGroup(click.Group):
    """A group whose first word is an agent's id when it is none of its commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """`pointsman agents ID` is `pointsman agents show ID`."""
        if args[0] not in self.commands:
            return "show", show, args
        return super().resolve_command(ctx, args)


@click.group(cls=AgentGroup, epilog=EPILOG, invoke_without_command=True)
@click.option("--unused", is_flag=True, help="Agents with a tier or a specification that did nothing lately.")
@click.option(
    "--overloaded", is_flag=True, help="Agents that did many tasks lately, and too few of them well."
)
@click.option("--days", type=int, help="How many days to look back.")
@as_json
@click.pass_context
def command(ctx: click.Context, unused: bool, overloaded: bool, days: int | None, as_json: bool) -> None:
    """List the agents that have called and what they used; or, given an ID, show that one."""
    if ctx.invoked_subcommand is not None:
        return
    from pointsman.cli.gateway import running

    gateway = running()
    if unused:
        found = gateway.get("/agents/unused", days=days)
        print_json(found) if as_json else _say_unused(found)
    elif overloaded:
        found = gateway.get("/agents/overloaded", days=days)
        print_json(found) if as_json else _show_overloaded(found)
    else:
        found = gateway.get("/agents", days=days)
        print_json(found) if as_json else _show_all(found["agents"])


@command.command(epilog=EPILOG)
@click.argument("agent_id", metavar="ID")
@as_json
def show(agent_id: str, as_json: bool) -> None:
    """Show one agent: what it used, its profile, how its models do, and why it may not be learned from."""
    from pointsman.cli.gateway import quoted, running

    found = running().get(f"/agents/{quoted(agent_id)}")
    print_json(found) if as_json else _show_one(found)


@command.command(epilog=FORGET_EPILOG)
@click.argument("agent_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def forget(agent_id: str, yes: bool, as_json: bool) -> None:
    """Erase an agent for good: its requests, tasks, embeddings, evidence and name.

    What it has cost is kept without its name. Keys that name it stay; revoke them with `pointsman keys`.
    """
    from pointsman.cli.gateway import quoted, running

    if not yes:
        click.confirm(f"Erase all that is known of {figures.printable(agent_id)}?", abort=True, err=True)
    erased = running().delete(f"/agents/{quoted(agent_id)}")
    print_json(erased) if as_json else _say_erased(erased)


def _say_erased(erased: dict[str, Any]) -> None:
    rows = sum(erased["rows"].values())
    click.echo(f"{figures.printable(erased['agent_id'])} is forgotten: {figures.count(rows)} rows erased.")
    if erased["keys"]:
        click.echo(f"Keys that still name it: {', '.join(erased['keys'])}")


def _say_unused(found: dict[str, Any]) -> None:
    for name in found["agents"]:
        click.echo(figures.printable(name))
    if not found["agents"]:
        click.echo(f"Every agent did something in the last {found['days']} days.")


def _show_overloaded(found: dict[str, Any]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [Column("AGENT"), *[Column(title, right=True) for title in ("TASKS", "SUCCESS", "DURATION")]]
    rows = [
        [
            one["agent_used"],
            figures.count(one["task_count"]),
            figures.share(one["success_rate"]),
            figures.span(one["avg_duration_ms"]),
        ]
        for one in found["agents"]
    ]
    table(columns, rows, f"No agent did more than {found['tasks']} tasks and too few of them well.")


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
    if found["confidence"] or found["user_satisfaction"]:
        click.echo()
        _show_judged(found["confidence"] or {}, found["user_satisfaction"] or {})
    if found["performance"]:
        click.echo()
        _show_performance(found["performance"])
    if found["hindrances"]:
        click.echo()
        for hindrance in found["hindrances"]:
            click.echo(f"Learning is held back: {hindrance}")


def _show_judged(confidence: dict[str, dict[str, Any]], satisfaction: dict[str, dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    titles = ("CONFIDENCE", "GIVE OR TAKE", "OUTCOMES", "THUMBS UP")
    rows = []
    for model in sorted({*confidence, *satisfaction}):
        one = confidence.get(model, {})
        rows.append(
            [
                model,
                figures.share(one.get("score")),
                figures.share(one.get("deviation")),
                figures.count(round(one["observations"]) if one else None),
                figures.share(satisfaction.get(model, {}).get("user_satisfaction")),
            ]
        )
    table([Column("MODEL"), *[Column(title, right=True) for title in titles]], rows)


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
