"""`pointsman recommend`."""

from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json

EPILOG = """\b
Examples:
  pointsman recommend "Write unit tests for the parser"
  pointsman recommend "Fix the flaky deploy" --agent DBA --model haiku --model sonnet
  pointsman recommend "Add two dependencies" --json | jq -r .model"""


@click.command(epilog=EPILOG)
@click.argument("task")
@click.option("--agent", help="The agent that will do it, if that is settled.")
@click.option("--model", "models", multiple=True, help="A model that may be chosen; may be given again.")
@click.option("--limit", type=int, default=10, show_default=True, help="How many similar tasks to look at.")
@as_json
def command(task: str, agent: str | None, models: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Recommend an agent and a model for TASK, from how similar tasks went.

    Reliability comes first, then the price. The text of TASK is not kept.
    """
    from pointsman.cli.gateway import running

    asked: dict[str, Any] = {"task": task, "models": models, "limit": limit}
    if agent is not None:
        asked["agent"] = agent
    found = running().post("/recommend", asked)
    print_json(found) if as_json else _tell(found)


def _tell(found: dict[str, Any]) -> None:
    from pointsman.cli.tables import pairs

    pairs(
        [
            ("agent", found["agent"] or figures.NONE),
            ("model", found["model"]),
            ("served by", found["target"] or "nothing here"),
            ("task type", found["task_type"]),
            ("why", found["reason"]),
        ]
    )
    if found["models"]:
        click.echo("\nModels")
        _tell_ranking(found["models"])
    if found["similar"]:
        click.echo("\nSimilar tasks")
        _tell_similar(found["similar"])


def _tell_ranking(ranking: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [Column("MODEL"), *[Column(title, right=True) for title in ("RELIABILITY", "WEIGHT", "TASKS")]]
    rows = [
        [one["name"], figures.share(one["reliability"]), figures.share(one["weight"]), str(one["tasks"])]
        for one in ranking
    ]
    table(columns, rows)


def _tell_similar(similar: list[dict[str, Any]]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [
        Column("SIMILARITY", right=True),
        Column("AGENT"),
        Column("MODEL"),
        Column("WENT"),
        Column("TASK", wrap=True),
    ]
    rows = [
        [
            figures.share(one["similarity"]),
            one["agent_used"],
            one["assigned_model"],
            "well" if one["success"] else "wrong",
            figures.cut(one["task_title"] or one["task_id"], 60),
        ]
        for one in similar
    ]
    table(columns, rows)
