"""`pointsman tiers`."""

from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json

EPILOG = """\b
Examples:
  pointsman tiers
  pointsman tiers set QA_TESTER haiku --notes "Its tasks are small"
  pointsman tiers remove QA_TESTER"""


@click.group(epilog=EPILOG, invoke_without_command=True)
@as_json
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show the model each agent starts with while nothing is known of its tasks; or change it."""
    if ctx.invoked_subcommand is not None:
        return
    from pointsman.cli.gateway import running

    found = running().get("/model-tiers")
    print_json(found) if as_json else _show(found["tiers"])


@command.command("set", epilog=EPILOG)
@click.argument("agent")
@click.argument("model")
@click.option("--notes", help="Why this model; without, the notes stay.")
@as_json
def set_tier(agent: str, model: str, notes: str | None, as_json: bool) -> None:
    """Let AGENT start with MODEL. An AGENT that ends in * stands for all that begin so."""
    from pointsman.cli.gateway import quoted, running

    wanted = {"default_model": model} | ({} if notes is None else {"notes": notes})
    found = running().put(f"/model-tiers/{quoted(agent)}", wanted)
    print_json(found) if as_json else _show([found])


@command.command(epilog=EPILOG)
@click.argument("agent")
@as_json
def remove(agent: str, as_json: bool) -> None:
    """Drop the tier of AGENT."""
    from pointsman.cli.gateway import quoted, running

    gone = running().delete(f"/model-tiers/{quoted(agent)}")
    print_json(gone) if as_json else click.echo(
        f"{figures.printable(gone['agent_name'])} has no tier any more."
    )


def _show(tiers: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [Column("AGENT"), Column("MODEL"), Column("NOTES", wrap=True)]
    rows = [[one["agent_name"], one["default_model"], one["notes"] or ""] for one in tiers]
    table(columns, rows, "There are no tiers.")
