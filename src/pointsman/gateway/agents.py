"""The agents seen so far, and what they asked for, live."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from pointsman.core.events import NEW_WORK, SHADOW, SHADOW_TIER, RequestKind, RequestRecord

OTHER = "other"
"""Whom requests are counted for when the registry is full."""
NO_TIER = "none"
"""The tier of requests that reached no model."""


class TierCount(Struct, gc=False):
    """What one agent asked of one tier. `requests` is new work; `retries` and `side_requests` are apart;
    `further_attempts` are attempts after a request's first, on this tier."""

    requests: int = 0
    retries: int = 0
    side_requests: int = 0
    further_attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd_micros: int = 0


class KnownAgent(Struct, kw_only=True):
    """One agent. `source` is what first told its id (`profile` for built-in and configured ones); times
    are microseconds since the epoch, None while it has not called."""

    id: str
    source: str
    first_seen_us: int | None = None
    last_seen_us: int | None = None
    tiers: dict[str, TierCount] = field(default_factory=dict)


class AgentRegistry:
    """Agents by id. Unknown ones register themselves with their first request.

    At most `max_agents` ids are held; further ones are counted as `other`, so that made-up names cannot
    fill the memory. Agents with a profile or a key of their own always get a place.
    """

    __slots__ = ("_agents", "_max_agents")

    def __init__(self, profiles: Iterable[str] = (), *, max_agents: int = 10_000) -> None:
        self._max_agents = max_agents
        self._agents: dict[str, KnownAgent] = {}
        self.expect(profiles)

    def __len__(self) -> int:
        return len(self._agents)

    def __contains__(self, agent_id: str) -> bool:
        return agent_id in self._agents

    def expect(self, profiles: Iterable[str]) -> None:
        """Adds agents that have a profile, whether or not they ever call."""
        for agent_id in profiles:
            self._agents.setdefault(agent_id, KnownAgent(id=agent_id, source="profile"))

    def count(self, record: RequestRecord) -> None:
        """Adds one attempt to its agent's counts, registering the agent if need be."""
        agent = self._agents.get(record.agent_id)
        if agent is None:
            agent = self._register(record.agent_id, record.agent_source)
        at_us = record.started_at_us
        if agent.first_seen_us is None:
            agent.first_seen_us = at_us
        agent.last_seen_us = max(agent.last_seen_us or at_us, at_us)
        tier = SHADOW_TIER if record.kind == SHADOW else record.tier or NO_TIER
        count = agent.tiers.get(tier)
        if count is None:
            count = agent.tiers[tier] = TierCount()
        _add(count, record)

    def get(self, agent_id: str) -> KnownAgent | None:
        """The agent's entry, if it has one of its own."""
        return self._agents.get(agent_id)

    def forget(self, agent_id: str) -> None:
        """Drops an agent; its next request makes it known again."""
        self._agents.pop(agent_id, None)

    def snapshot(self) -> list[Mapping[str, Any]]:
        """All agents as plain values, by id, each with its counts by tier."""
        return [
            asdict(agent) | {"tiers": {tier: asdict(count) for tier, count in sorted(agent.tiers.items())}}
            for _, agent in sorted(self._agents.items())
        ]

    def _register(self, agent_id: str, source: str) -> KnownAgent:
        if len(self._agents) >= self._max_agents and source != "key":
            agent_id, source = OTHER, OTHER
        return self._agents.setdefault(agent_id, KnownAgent(id=agent_id, source=source))


def _add(count: TierCount, record: RequestRecord) -> None:
    if record.kind == SHADOW:
        pass  # nobody asked for it
    elif record.attempt:
        count.further_attempts += 1
    elif record.kind == NEW_WORK:
        count.requests += 1
    elif record.kind == RequestKind.RETRY:
        count.retries += 1
    else:
        count.side_requests += 1
    count.tokens_in += record.tokens_in
    count.tokens_out += record.tokens_out
    count.cost_usd_micros += record.cost_usd_micros
