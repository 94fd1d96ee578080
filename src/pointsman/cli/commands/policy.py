"""`pointsman policy`."""

import time
from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json

EPILOG = """\b
Examples:
  pointsman policy list
  pointsman policy diff 41 42
  pointsman policy rollback 41
  pointsman policy release

Needs the running gateway and its database."""


@click.group(epilog=EPILOG)
def command() -> None:
    """List and compare policies, and go back to an earlier one.

    A policy is all that decisions are made from: what is configured, and what was learned. Each has a number,
    under which old decisions can be made again.
    """


@command.command(
    "list", epilog="\b\nExamples:\n  pointsman policy list\n  pointsman policy list --limit 5 --json"
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@as_json
def listing(limit: int, as_json: bool) -> None:
    """List the policies, newest first."""
    from pointsman.cli.gateway import running

    found = running().get("/policies", limit=limit)
    if as_json:
        print_json(found)
    else:
        _show_list(found["policies"])


@command.command(epilog="\b\nExample:\n  pointsman policy diff 41 42")
@click.argument("old", type=click.IntRange(min=1), metavar="OLD")
@click.argument("new", type=click.IntRange(min=1), metavar="NEW")
@as_json
def diff(old: int, new: int, as_json: bool) -> None:
    """Show what differs between the policies OLD and NEW."""
    from pointsman.cli.gateway import running
    from pointsman.cli.tables import Column, table

    found = running().get(f"/policies/{old}/diff/{new}")
    if as_json:
        print_json(found)
        return
    columns = [
        Column("KIND"),
        Column("NAME", wrap=True),
        Column("BEFORE", wrap=True),
        Column("AFTER", wrap=True),
    ]
    rows = [
        [one["kind"], one["name"], _value(one["before"]), _value(one["after"])] for one in found["changes"]
    ]
    table(columns, rows, "They are the same.")


@command.command(epilog="\b\nExample:\n  pointsman policy rollback 41")
@click.argument("version", type=click.IntRange(min=1))
@as_json
def rollback(version: int, as_json: bool) -> None:
    """Go back to what policy VERSION had learned, until `pointsman policy release`.

    What is configured stays as it is. Learning goes on meanwhile, but publishes nothing.
    """
    from pointsman.cli.gateway import running

    found = running().post(f"/policies/{version}/rollback")
    if as_json:
        print_json(found)
    else:
        made = found["pinned_version"]
        click.echo(f"Policy {made} has what policy {version} had learned, and is pinned.")
        click.echo("To let learning publish again: pointsman policy release", err=True)


@command.command(epilog="\b\nExample:\n  pointsman policy release")
@as_json
def release(as_json: bool) -> None:
    """Let learning publish again after a rollback."""
    from pointsman.cli.gateway import running

    found = running().post("/policies/release")
    if as_json:
        print_json(found)
    else:
        click.echo("No policy is pinned: what is learned next will be published.")


def _show_list(policies: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [
        Column("POLICY", right=True),
        Column("MADE"),
        Column("BECAUSE OF"),
        Column("BYTES", right=True),
        Column("MARKS"),
    ]
    now_s = time.time()
    rows = [
        [
            str(one["version"]),
            figures.ago(one["created_at_us"] / 1e6, now_s),
            one["reason"],
            figures.count(one["body_bytes"]),
            ", ".join([mark for mark in ("running", "learned", "pinned") if one[mark]]) or figures.NONE,
        ]
        for one in policies
    ]
    table(columns, rows, "No policy has been published yet.")


def _value(value: Any) -> str:
    if value is None:
        return figures.NONE
    if isinstance(value, dict):
        return ", ".join([f"{name} {_value(one)}" for name, one in value.items()])
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
