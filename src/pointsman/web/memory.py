"""The task memory: recommendations, tiers, agents by their use, capability gaps; and forgetting."""

import asyncio
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request

from pointsman.core.errors import GatewayFault, InvalidRequest, NotFound
from pointsman.core.ports import Control
from pointsman.memory import usage
from pointsman.memory.classify import PARTS, Classifier, TaskLabels, labels_told
from pointsman.memory.keeper import TaskMemory
from pointsman.memory.recommend import Evidence, Recommendation
from pointsman.memory.recommend import recommend as recommended
from pointsman.memory.texts import Floats, TextEmbedder
from pointsman.store import agent_specs, forget, model_tiers, task_memory
from pointsman.store.pool import Pool
from pointsman.store.task_memory import PastTask
from pointsman.web.bodies import read_as
from pointsman.web.database import database
from pointsman.web.memory_shapes import (
    GapList,
    OverloadedAgents,
    RecommendationWanted,
    TierList,
    TierWanted,
    UnusedAgents,
)
from pointsman.web.operations import Query
from pointsman.web.queries import number, only
from pointsman.web.tellers import logged_agents, teller_of

MAX_DAYS: Final = 3650
MAX_GAPS: Final = 1000
GAP_DISTANCE: Final = 0.5
MAX_DISTANCE: Final = 2.0
DAYS: Final = Query("days", f"days to look back ({usage.DEFAULT_DAYS} when not given)", "integer")
GAP_QUERIES: Final = (
    DAYS,
    Query("threshold", f"least cosine distance, 0 to 2 ({GAP_DISTANCE} when not given)", "number"),
    Query("limit", "how many at most (10 when not given)", "integer"),
)
OVERLOADED_QUERIES: Final = (
    DAYS,
    Query("tasks", f"more tasks than this ({usage.OVERLOADED_TASKS} when not given)", "integer"),
    Query("success_rate", f"success rate below this, 0 to 1 ({usage.RELIABLE} when not given)", "number"),
)


class MemoryAway(GatewayFault):
    """There is no embedder, so texts cannot be compared."""

    status = 503
    code = "task_memory_away"


async def recommend(control: Control, request: Request) -> Any:
    """The agent and the model for a task."""
    wanted = await read_as(request, RecommendationWanted)
    stated = labels_told({part: getattr(wanted, part) for part in PARTS})
    embedder, classifier = _embedding_parts(control)
    vector, labels = await asyncio.to_thread(_read, embedder, classifier, wanted.task, stated)
    async with database(control) as pool:
        evidence = await _evidence(pool, vector, embedder.name, wanted, logged_agents(control, request))
    found: Recommendation = recommended(
        evidence,
        control.policy,
        task_type=labels.task_type,
        agent=wanted.agent,
        models=wanted.models,
        permitted=teller_of(request).models,
    )
    return found


async def unused(control: Control, request: Request) -> Any:
    """Agents that did nothing lately."""
    only(request, [DAYS.name])
    days = number(request, DAYS.name, usage.DEFAULT_DAYS, MAX_DAYS)
    async with database(control) as pool:
        tiers, specified = await model_tiers.listing(pool), await agent_specs.names(pool)
        busy = await task_memory.used(pool, _ago(days))
    return UnusedAgents(days=days, agents=usage.unused(tiers, specified, busy))


async def overloaded(control: Control, request: Request) -> Any:
    """Agents that have too much to do well."""
    only(request, [query.name for query in OVERLOADED_QUERIES])
    days = number(request, DAYS.name, usage.DEFAULT_DAYS, MAX_DAYS)
    tasks = number(request, "tasks", usage.OVERLOADED_TASKS, 10**9)
    rate = _figure(request, "success_rate", usage.RELIABLE, 1.0)
    async with database(control) as pool:
        busy = await task_memory.used(pool, _ago(days))
    found = usage.overloaded(busy, tasks=tasks, success_rate=rate)
    return OverloadedAgents(days=days, tasks=tasks, success_rate=rate, agents=found)


async def gaps(control: Control, request: Request) -> Any:
    """Failed tasks that no agent seems made for."""
    only(request, [query.name for query in GAP_QUERIES])
    days = number(request, DAYS.name, usage.DEFAULT_DAYS, MAX_DAYS)
    threshold = _figure(request, "threshold", GAP_DISTANCE, MAX_DISTANCE)
    limit = number(request, "limit", 10, MAX_GAPS)
    embedder, _ = _embedding_parts(control)
    async with database(control) as pool:
        agents = await agent_specs.names(pool)
        found = await task_memory.gaps(pool, embedder.name, _ago(days), threshold, limit)
    return GapList(days=days, threshold=threshold, agents=len(agents), gaps=found)


async def tiers(control: Control, request: Request) -> Any:
    """All tiers."""
    async with database(control) as pool:
        return TierList(tiers=await model_tiers.listing(pool))


async def put_tier(control: Control, request: Request) -> Any:
    """Sets an agent's tier."""
    agent_name = _agent_name(request)
    wanted = await read_as(request, TierWanted)
    if not wanted.default_model.isprintable():
        raise InvalidRequest("`default_model` must be printable.", param="default_model")
    async with database(control) as pool:
        now = datetime.fromtimestamp(time.time(), UTC)
        return await model_tiers.put(pool, agent_name, wanted.default_model, wanted.notes, now)


async def remove_tier(control: Control, request: Request) -> Any:
    """Drops an agent's tier."""
    agent_name = _agent_name(request)
    async with database(control) as pool:
        gone = await model_tiers.remove(pool, agent_name)
    if gone is None:
        raise NotFound(f"There is no tier of {agent_name!r}; see /api/v1/model-tiers.")
    return gone


async def forget_agent(control: Control, request: Request) -> Any:
    """Erases an agent."""
    agent_id = request.path_params["agent_id"]
    known = any(one["id"] == agent_id for one in control.agents())
    async with database(control) as pool:
        names = await control.forget(agent_id)
        erased = await forget.forget(pool, names)
    if not erased.rows and not known:
        raise NotFound(f"Nothing is known of an agent {agent_id!r}; see /api/v1/agents.")
    return erased


async def _evidence(
    pool: Pool, vector: Floats, embedder: str, wanted: RecommendationWanted, tellers: Sequence[str]
) -> Evidence:
    """What the store knows about the task, within the agents that may be chosen. A text that says nothing
    is like no other. Who may speak for `tellers` only sees what those told, and of specifications those of
    agents that did it; empty: everything."""
    tiers = await model_tiers.listing(pool)
    if not vector.any():
        return Evidence(tiers=tiers)
    numbers: list[float] = vector.tolist()
    similar = await task_memory.similar(pool, numbers, embedder, wanted.limit, wanted.agents, tellers)
    if wanted.agent is not None:
        own = await task_memory.similar(pool, numbers, embedder, wanted.limit, [wanted.agent], tellers)
        similar = _joined(similar, own)
    near = await agent_specs.nearest(pool, numbers, embedder)
    allowed = {name.upper() for name in wanted.agents}
    known = {name.upper() for name in (*tellers, *[task.agent_used for task in similar])}
    return Evidence(
        similar=similar,
        near_agents=[
            one
            for one in near
            if (not allowed or one.agent_name.upper() in allowed)
            and (not tellers or one.agent_name.upper() in known)
        ],
        tiers=tiers,
    )


def _joined(some: Sequence[PastTask], more: Sequence[PastTask]) -> list[PastTask]:
    every = {one.id: one for one in (*some, *more)}
    return sorted(every.values(), key=lambda one: -one.similarity)


def _read(
    embedder: TextEmbedder, classifier: Classifier, text: str, stated: TaskLabels
) -> tuple[Floats, TaskLabels]:
    vector = embedder.embed([text])[0]
    return vector, classifier.labels(text, None, stated)


def _embedding_parts(control: Control) -> tuple[TextEmbedder, Classifier]:
    memory: TaskMemory = control.memory
    if memory.embedder is None or memory.classifier is None:
        why = memory.error or "it is still being read"
        raise MemoryAway(f"The task memory has no embedder: {why}.")
    return memory.embedder, memory.classifier


def _agent_name(request: Request) -> str:
    name: str = request.path_params["agent_name"]
    if len(name) > 200 or not name.isprintable() or not name.strip(" *"):
        raise InvalidRequest("The agent's name must have 1 to 200 printable characters.", param="agent_name")
    return name


def _figure(request: Request, name: str, default: float, most: float) -> float:
    """A number from 0 to `most`. Raises InvalidRequest."""
    text = request.query_params.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= most:
        raise InvalidRequest(f"`{name}` must be a number from 0 to {most:g}.", param=name)
    return value


def _ago(days: int) -> datetime:
    return datetime.fromtimestamp(time.time(), UTC) - timedelta(days=days)
