"""`pointsman assign`."""

import json
from typing import IO, Any

import click

from pointsman.cli import figures
from pointsman.cli.options import Failed, as_json, print_json

EPILOG = """\b
Examples:
  pointsman assign --agents reviewer,tester,writer
  pointsman assign --agents a,b,c --models gpt-5-mini,claude-haiku-4-5 --capacity gpt-5-mini=1
  pointsman assign team.json
  echo '{"agents": ["a", "b"], "capacities": {"gpt-5-mini": 1}}' | pointsman assign -"""


@click.command(epilog=EPILOG)
@click.argument("file", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--agents", help="Ids, separated by commas.")
@click.option("--models", help="Names, separated by commas (without: all chat models).")
@click.option("--capacity", "capacities", multiple=True, help="MODEL=N: how many agents it takes.")
@click.option("--task-type", help="The kind of task, such as P1_code_simple.")
@as_json
def command(
    file: IO[str] | None,
    agents: str | None,
    models: str | None,
    capacities: tuple[str, ...],
    task_type: str | None,
    as_json: bool,
) -> None:
    """Give each agent a model so that no model gets more agents than it can carry.

    FILE is JSON with `agents`, and `models`, `capacities` and `task_type` if wanted; options go before it.
    Nothing is changed by it.
    """
    from pointsman.cli.gateway import running

    wanted = _read(file)
    wanted |= {"agents": _split(agents)} if agents is not None else {}
    wanted |= {"models": _split(models)} if models is not None else {}
    wanted |= {"capacities": dict([_capacity(one) for one in capacities])} if capacities else {}
    wanted |= {"task_type": task_type} if task_type is not None else {}
    if not wanted.get("agents"):
        raise click.UsageError("Name the agents, in FILE or with --agents.")
    found = running().post("/assign", wanted)
    print_json(found) if as_json else _show(found)


def _read(file: IO[str] | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        found = json.load(file)
    except ValueError as error:
        raise Failed(f"{file.name} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Failed(f"{file.name} must hold a JSON object.", 'Such as {"agents": ["reviewer", "tester"]}')
    return found


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _capacity(text: str) -> tuple[str, int]:
    model, _, places = text.rpartition("=")
    if not model or not places.isdecimal():
        raise click.UsageError(f"--capacity must be MODEL=N, not {text!r}.")
    return model, int(places)


def _show(found: dict[str, Any]) -> None:
    from pointsman.cli.tables import Column, table

    figured = ("SCORE", "CAPABILITY", "ADJUSTMENT", "SUCCESS", "LATENCY")
    columns = [Column("AGENT"), Column("MODEL"), *[Column(title, right=True) for title in figured]]
    rows = [
        [
            one["agent_id"],
            one["model_id"],
            figures.share(one["performance_score"]),
            figures.share(one["capability_score"]),
            figures.share(one["performance_adjustment"]),
            figures.share(one["success_rate"]),
            figures.span(one["avg_latency_ms"]),
        ]
        for one in found["assignments"]
    ]
    table(columns, rows, "No model may be used by any of these agents.")
    if found["unassigned"]:
        click.echo(f"Without a model: {figures.printable(', '.join(found['unassigned']))}")
