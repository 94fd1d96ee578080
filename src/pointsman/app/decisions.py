"""Tells the observer of outcomes which decisions the log remembers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pointsman.gateway.outcomes import Decided
from pointsman.store import outcomes
from pointsman.store.pool import Pool

LOOK_BACK: Final = timedelta(hours=6)


async def decided(pool: Pool, agent_id: str, call_ids: Sequence[str]) -> Mapping[str, Decided]:
    """By tool-call id, the decision of the last hours that led to it."""
    found = await outcomes.deciders(pool, agent_id, call_ids, datetime.now(UTC) - LOOK_BACK)
    return {
        call_id: Decided(one.request_id, one.attempt, f"{one.provider}/{one.model}", one.started_at_us)
        for call_id, one in found.items()
    }
