"""`pointsman models`."""

from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json

EPILOG = """\b
Examples:
  pointsman models
  pointsman models --provider ollama
  pointsman models --json | jq '.models[].id'"""


@click.command(epilog=EPILOG)
@click.option("--provider", help="Only models at this provider.")
@as_json
def command(provider: str | None, as_json: bool) -> None:
    """List the models that can be asked for, with prices, and the aliases that lead to them.

    Prices are US dollars per million tokens.
    """
    from pointsman.cli.gateway import running

    found = running().get("/models")
    if provider is not None:
        found["models"] = [one for one in found["models"] if one["provider"] == provider]
    if as_json:
        print_json(found)
    else:
        _show(found, "" if provider is None else f" at {provider}")


def _show(found: dict[str, Any], where: str) -> None:
    from pointsman.cli.tables import Column, table

    columns = [
        Column("MODEL"),
        Column("KIND"),
        Column("TIER"),
        Column("INPUT", right=True),
        Column("OUTPUT", right=True),
        Column("WINDOW", right=True),
        Column("CIRCUIT"),
    ]
    rows = [_row(one) for one in found["models"]]
    table(columns, rows, f"There are no models{where}. See: pointsman doctor")
    click.echo()
    for alias in found["aliases"]:
        candidates = ", ".join(alias["candidates"]) or f"any {alias['kind']} model"
        objective = alias["objective"] or "the agent's objective"
        click.echo(f"alias {alias['name']}: {candidates} ({objective})")


def _row(one: dict[str, Any]) -> list[str]:
    model, price = one["model"], one["model"]["price"]
    free = price["source"] == "free"
    known = price["source"] != "unknown"
    more = "+" if price.get("longer") else ""
    health = one.get("health")
    return [
        one["id"],
        model["kind"],
        model["tier"],
        "free" if free else figures.per_million(price["input_usd_micros"] if known else None) + more,
        "free" if free else figures.per_million(price["output_usd_micros"] if known else None) + more,
        figures.count(model["context_window_tokens"] or None),
        health["state"].replace("_", " ") if health else figures.NONE,
    ]
