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
from pointsman.web.hindrances import NO_DATABASE, Learner, hindrances_of
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
    """One agent: what it used, its profile, how far it may trust its models, how these did, what its users
    think of them, and what keeps the gateway from learning of it."""
    only(request, [query.name for query in QUERIES])
    agent_id = request.path_params["agent_id"]
    found, counted = await _known(control, number(request, "days", DEFAULT_DAYS, MAX_DAYS))
    policy = control.policy
    if agent_id not in found and agent_id not in policy.agents:
        raise NotFound(f"No agent {agent_id!r} has called or is configured; see /api/v1/agents.")
    known = found.get(agent_id, {"id": agent_id, "source": "profile", "tiers": {}})
    return {
        **known,
        "counted": counted,
        "profile": to_builtins(policy.profile(agent_id)),
        "performance": to_builtins(policy.performance.get(agent_id, {})),
        **await _judged(control, agent_id, sum([one["requests"] for one in known["tiers"].values()])),
    }


async def _judged(control: Control, agent_id: str, requests: int) -> Mapping[str, Any]:
    """How far it may trust each model, what its users think of them (None without the database), and what
    keeps the gateway from learning of it."""
    logged_as = control.logged_as(agent_id)
    try:
        async with database(control) as pool:
            confidences = await learned.confidences(pool, logged_as)
            satisfaction = await feedback.satisfaction(pool, logged_as)
            published = await learned.published(pool)
    except DatabaseAway:
        return {"confidence": None, "user_satisfaction": None, "hindrances": [NO_DATABASE]}
    learner = Learner(
        enabled=bool(control.phase_intervals_s),
        has_evidence=control.policy.evidence is not None,
        pinned_version=published.pinned_version,
    )
    outcomes = sum([one.observations for one in confidences.values()])
    return {
        "confidence": to_builtins(confidences),
        "user_satisfaction": to_builtins(satisfaction),
        "hindrances": hindrances_of(control.policy.profile(agent_id), requests, outcomes, learner),
    }


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
