"""How long answers took, from the request log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from pointsman.core.calibration import CALIBRATION_AGENT
from pointsman.store.pool import Connection
from pointsman.store.sql import queries

CHUNK_MS: Final = "CASE WHEN tokens_out > 1 THEN (latency_ms - time_to_first_token_ms) / (tokens_out - 1) END"
"""The mean wait for a token of a stream after the first one; null for what did not stream. The log knows
no single chunks."""
_SQL: Final = {name: sql.replace("{chunk_ms}", CHUNK_MS) for name, sql in queries("latencies").items()}


class AgentLatencies(Struct, frozen=True, kw_only=True):
    """How long one agent's answers took, in milliseconds, each at the shares asked for. `streams` of its
    `answers` streamed; without any, `chunk_ms` is None."""

    agent_id: str
    answers: int
    answer_ms: Sequence[float]
    streams: int
    chunk_ms: Sequence[float] | None


async def answered(
    connection: Connection, agents: Sequence[str], after: datetime, limit: int
) -> list[Mapping[str, Any]]:
    """The whole answers that some agents got after then, oldest first."""
    return [dict(row) for row in await connection.fetch(_SQL["answered"], agents, after, limit)]


async def at_shares(
    connection: Connection, since: datetime, until: datetime, shares: Sequence[float]
) -> list[AgentLatencies]:
    """Within how long the `shares` (0-1) of each agent's answers came, of those begun in that time."""
    rows = await connection.fetch(_SQL["at_shares"], since, until, shares, CALIBRATION_AGENT)
    return [AgentLatencies(**dict(row)) for row in rows]
