"""Checks of what the running gateway says of its own parts."""

from collections.abc import Iterator
from typing import Any

from pointsman.cli.checks.finding import Finding, Situation
from pointsman.cli.gateway import running
from pointsman.cli.options import Failed


def database_in_use(situation: Situation) -> Iterator[Finding]:
    """The gateway's database, when the gateway cannot use it: nobody else may be able to tell why."""
    database = _asked(situation, "/status").get("database") or {}
    if database.get("state") == "away" and database.get("error"):
        remedy = "Mend that; the gateway connects by itself, and serves and journals meanwhile."
        yield Finding(check="gateway's database", verdict="fail", found=database["error"], remedy=remedy)


def learning(situation: Situation) -> Iterator[Finding]:
    """The process that learns, and how its phases went last."""
    states = _asked(situation, "/status").get("learner") or []
    if not states:
        return
    wrong = [f"its process {one['reason']}" for one in states if one.get("reason")]
    phases = _asked(situation, "/learning").get("phases") or []
    wrong += [f"the phase {one['phase']} failed: {one['error']}" for one in phases if one.get("error")]
    for found in wrong:
        remedy = "It is tried again by itself. If that goes on, see logs/learner.log and docs/runbooks."
        yield Finding(check="learning", verdict="warn", found=found, remedy=remedy)
    if not wrong:
        yield Finding(check="learning", verdict="ok", found="runs")


def _asked(situation: Situation, path: str) -> dict[str, Any]:
    """What the gateway answers; nothing when none runs, or it does not answer that."""
    try:
        found = running(situation.environ).get(path)
    except Failed:
        return {}
    return found if isinstance(found, dict) else {}
