"""`pointsman gaps`."""

from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json

EPILOG = """\b
Examples:
  pointsman gaps
  pointsman gaps --days 7 --threshold 0.6
  pointsman gaps --json"""


@click.command(epilog=EPILOG)
@click.option("--days", type=int, help="How many days to look back (30).")
@click.option("--threshold", type=float, help="Least distance from every agent, 0 to 2 (0.5).")
@click.option("--limit", type=int, help="How many at most (10).")
@as_json
def command(days: int | None, threshold: float | None, limit: int | None, as_json: bool) -> None:
    """Show failed tasks that are far from what any agent is for: work that wants an agent of its own."""
    from pointsman.cli.gateway import running

    found = running().get("/gaps", days=days, threshold=threshold, limit=limit)
    print_json(found) if as_json else _show(found)


def _show(found: dict[str, Any]) -> None:
    from pointsman.cli.tables import Column, table

    if not found["agents"]:
        click.echo("No agent has a specification. Set agents_dir under [memory] in the configuration.")
        return
    columns = [
        Column("DISTANCE", right=True),
        Column("NEAREST AGENT"),
        Column("DONE BY"),
        Column("TASK", wrap=True),
    ]
    rows = [
        [
            figures.share(one["distance"]),
            one["nearest_agent"],
            one["agent_used"],
            figures.cut(one["task_title"] or one["task_id"], 60),
        ]
        for one in found["gaps"]
    ]
    table(columns, rows, f"No failed task of the last {found['days']} days is far from every agent.")
