"""Who calls, and what they used."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import to_builtins
from starlette.requests import Request

from pointsman.core.errors import NotFound
from pointsman.core.ports import Control
from pointsman.store import agents, feedback, learned
from pointsman.store.agents import StoredAgent
from pointsman.web.database import database
from pointsman.web.errors import DatabaseAway
from pointsman.web.operations import Query
from pointsman.web.queries import number, only

DEFAULT_DAYS: Final = 30
MAX_DAYS: Final = 3650
QUERIES: Final = (
    Query("days", f"days to count, today included, UTC ({DEFAULT_DAYS} when not given)", "integer"),
)


async def listing(control: Control, request: Request) -> Any:
    """Who has called or is configured, and what each used."""
    only(request, [query.name for query in QUERIES])
    days = number(request, "days", DEFAULT_DAYS, MAX_DAYS)
    found, counted = await _known(control, days)
    return {"agents": [found[agent_id] for agent_id in sorted(found)], "counted": counted}


async def told(control: Control, request: Request) -> Any:
    """One agent: what it used, its profile, how far it may trust its models, how these did, and what its
    users think of them."""
    only(request, [query.name for query in QUERIES])
    agent_id = request.path_params["agent_id"]
    found, counted = await _known(control, number(request, "days", DEFAULT_DAYS, MAX_DAYS))
    policy = control.policy
    if agent_id not in found and agent_id not in policy.agents:
        raise NotFound(f"No agent {agent_id!r} has called or is configured; see /api/v1/agents.")
    return {
        **found.get(agent_id, {"id": agent_id, "source": "profile", "tiers": {}}),
        "counted": counted,
        "profile": to_builtins(policy.profile(agent_id)),
        "performance": to_builtins(policy.performance.get(agent_id, {})),
        **await _judged(control, control.logged_as(agent_id)),
    }


async def _judged(control: Control, logged_as: str) -> Mapping[str, Any]:
    """How far it may trust each model, and what its users think of them; None without the database."""
    try:
        async with database(control) as pool:
            return {
                "confidence": to_builtins(await learned.confidences(pool, logged_as)),
                "user_satisfaction": to_builtins(await feedback.satisfaction(pool, logged_as)),
            }
    except DatabaseAway:
        return {"confidence": None, "user_satisfaction": None}


async def _known(control: Control, days: int) -> tuple[dict[str, Mapping[str, Any]], str]:
    """All agents by id, and what was counted: the store's days, or this process's life without it."""
    live = {one["id"]: one for one in control.agents()}
    today = datetime.fromtimestamp(time.time(), UTC).date()
    try:
        async with database(control) as pool:
            stored = await agents.listing(pool, today - timedelta(days=days - 1), today)
    except DatabaseAway:
        return live, "since this process started"
    return live | {one.id: _joined(one, live.get(one.id)) for one in stored}, f"the last {days} days"


def _joined(stored: StoredAgent, live: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What the store counted, with the times of a process that may be ahead of it."""
    seen_us = live["last_seen_us"] if live is not None else None
    return {
        "id": stored.id,
        "source": stored.source,
        "display": stored.display,
        "first_seen_us": stored.first_seen_us,
        "last_seen_us": max(stored.last_seen_us, seen_us or 0),
        "tiers": {tier or "none": _new_work(to_builtins(used)) for tier, used in stored.tiers.items()},
    }


def _new_work(used: dict[str, int]) -> dict[str, int]:
    """The store counts retries and side requests as requests too; here `requests` is new work only."""
    return used | {"requests": used["requests"] - used["retries"] - used["side_requests"]}
