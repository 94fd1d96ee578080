"""`pointsman status`."""

import time
from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json

EPILOG = """\b
Examples:
  pointsman status
  pointsman status --json | jq .database

Exit code 1 when no gateway runs."""


@click.command(epilog=EPILOG)
@as_json
def command(as_json: bool) -> None:
    """Show whether the gateway runs, where, and how its models and its database are."""
    from pointsman.cli.gateway import running

    gateway = running()
    found = gateway.get("/status")
    if as_json:
        print_json(found)
    else:
        _show(found, gateway.url)


def _show(found: dict[str, Any], url: str) -> None:
    from pointsman.cli.tables import pairs

    now_s = time.time()
    rows = [
        ("gateway", f"runs at {found.get('url', url)}, version {found.get('version', '?')}"),
        ("process", f"pid {found.get('pid', '?')}, started {figures.when(found.get('started_s'), now_s)}"),
        ("policy", f"version {found['policy_version']}: {figures.count(found['targets'])} models"),
        ("agents", figures.count(found["agents"])),
        ("database", _database(found["database"])),
    ]
    counted = [name for name in ("journal", "inbox", "refused_unread") if name in found]
    rows += [(name.replace("_", " "), _counts(found[name])) for name in counted]
    rows += [("local model", _process(state)) for state in found.get("local_models", ())]
    rows += [("learning", _process(state)) for state in found.get("learner", ())]
    pairs(rows)
    for warning in found.get("warnings", ()):
        click.echo(f"! {warning}")
    _show_health(found["health"])


def _database(database: dict[str, Any]) -> str:
    if database["state"] == "away":
        why = f" ({database['error']})" if database.get("error") else ""
        return f"away{why}; requests are served and journaled"
    return ", ".join([str(database[name]) for name in ("kind", "state") if database.get(name)])


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join([f"{figures.count(value)} {name.replace('_', ' ')}" for name, value in counts.items()])


def _process(state: dict[str, Any]) -> str:
    words = f"{state['name']} {state['phase']}"
    return words + "".join([f"; {state[name]}" for name in ("reason", "remedy") if state.get(name)])


def _show_health(health: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    if not health:
        return
    click.echo()
    columns = [
        Column("TARGET"),
        Column("CIRCUIT"),
        Column("OK", right=True),
        Column("FAILED", right=True),
        Column("LATENCY", right=True),
        Column("LAST ERROR", wrap=True),
    ]
    rows = [
        [
            one["target"],
            one["state"].replace("_", " "),
            figures.count(one.get("successes")),
            figures.count(one.get("failures")),
            figures.span(one.get("latency_ms")),
            one.get("last_error") or figures.NONE,
        ]
        for one in health
    ]
    table(columns, rows)
