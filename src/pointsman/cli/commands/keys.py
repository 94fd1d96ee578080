"""`pointsman keys`."""

import time
from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import Failed, as_json, print_json

EPILOG = """\b
Examples:
  pointsman keys create ci --agent ci-bot --daily-budget 5
  pointsman keys create laptop --allow-model gpt-4o-mini --allow-model auto
  pointsman keys list
  pointsman keys revoke key_01jd0c4e9r3vx8k2m7n5p6q1s4

Needs the running gateway and its database."""


@click.group(epilog=EPILOG)
def command() -> None:
    """Make, list and revoke the API keys with which clients call the gateway.

    A key can fix who its bearer is, which models it may ask for, and what it may spend a day (UTC).
    """


@command.command(
    epilog="\b\nExamples:\n  pointsman keys create ci --agent ci-bot --daily-budget 5\n"
    "  pointsman keys create team --allow-agent alice --allow-agent bob"
)
@click.argument("name")
@click.option("--agent", help="The agent that whoever holds the key is.")
@click.option("--allow-agent", "allowed_agents", multiple=True, help="An agent the bearer may say it is.")
@click.option(
    "--allow-model",
    "allowed_models",
    multiple=True,
    help="A model, a pattern or an alias it may ask for.",
)
@click.option("--daily-budget", "budget_usd", type=click.FloatRange(min=0), help="US dollars a day.")
@as_json
def create(
    name: str,
    agent: str | None,
    allowed_agents: tuple[str, ...],
    allowed_models: tuple[str, ...],
    budget_usd: float | None,
    as_json: bool,
) -> None:
    """Make a key called NAME. Its secret is printed this once and kept nowhere."""
    from pointsman.cli.gateway import running

    wanted = {
        "name": name,
        "agent": agent,
        "allowed_agents": list(allowed_agents),
        "allowed_models": list(allowed_models),
        "daily_budget_usd_micros": None if budget_usd is None else round(budget_usd * 1_000_000),
    }
    key = running().post("/keys", wanted)
    if as_json:
        print_json(key)
        return
    click.echo(key["secret"])
    click.echo(f"Key {key['id']} is made. Its secret is above and will not be shown again.", err=True)


@command.command("list", epilog="\b\nExamples:\n  pointsman keys list\n  pointsman keys list --all")
@click.option("--all", "revoked_too", is_flag=True, help="Show revoked keys too.")
@as_json
def listing(revoked_too: bool, as_json: bool) -> None:
    """List the keys, without their secrets."""
    from pointsman.cli.gateway import running

    keys = [key for key in running().get("/keys")["keys"] if revoked_too or key["revoked_s"] is None]
    if as_json:
        print_json({"keys": keys})
    else:
        _show(keys)


@command.command(epilog="\b\nExample:\n  pointsman keys revoke key_01jd0c4e9r3vx8k2m7n5p6q1s4")
@click.argument("key_id", metavar="ID")
@as_json
def revoke(key_id: str, as_json: bool) -> None:
    """Revoke the key ID (or the one key of that name) for good. The gateway refuses it at once."""
    from pointsman.cli.gateway import quoted, running

    gateway = running()
    key = gateway.delete(f"/keys/{quoted(_id_of(key_id, gateway.get('/keys')['keys']))}")
    if as_json:
        print_json(key)
    else:
        click.echo(f"Key {key['id']} ({key['name']}) is revoked.")


def _id_of(wanted: str, keys: list[dict[str, Any]]) -> str:
    if any(key["id"] == wanted for key in keys):
        return wanted
    named = [key["id"] for key in keys if key["name"] == wanted and key["revoked_s"] is None]
    if len(named) > 1:
        raise Failed(f"{len(named)} keys are called {wanted!r}.", f"Name one by its id: {', '.join(named)}")
    return str(named[0]) if named else wanted


def _show(keys: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [
        Column("ID"),
        Column("NAME"),
        Column("ENDS IN"),
        Column("AGENT", wrap=True),
        Column("MODELS", wrap=True),
        Column("DAILY BUDGET", right=True),
        Column("MADE"),
        Column("REVOKED"),
    ]
    now_s = time.time()
    rows = [
        [
            key["id"],
            key["name"],
            key["hint"],
            key["agent"] or " | ".join(key["allowed_agents"]) or "any",
            ", ".join(key["allowed_models"]) or "any",
            "none" if key["daily_budget_usd_micros"] is None else figures.usd(key["daily_budget_usd_micros"]),
            figures.ago(key["created_s"], now_s),
            figures.ago(key["revoked_s"], now_s) if key["revoked_s"] is not None else figures.NONE,
        ]
        for key in keys
    ]
    table(columns, rows, "There are no keys. Make one with: pointsman keys create NAME")
