"""The model an agent starts with while nothing is known of its tasks (`model_tiers`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
from msgspec import Struct

from pointsman.store.pool import Pool
from pointsman.store.rows import us_of
from pointsman.store.sql import queries

WILD: Final = "*"
_SQL: Final = queries("model_tiers")


class ModelTier(Struct, frozen=True, kw_only=True):
    """One agent's tier. A name that ends in `*` covers all that begin so. `updated_us` is microseconds
    since the epoch, 0 for tiers nobody has changed."""

    agent_name: str
    default_model: str
    updated_us: int
    notes: str | None = None

    def covers(self, agent: str) -> bool:
        """Whether this is the tier of `agent`, whose name is compared without case."""
        name, asked = self.agent_name.upper(), agent.upper()
        return asked.startswith(name[:-1]) if name.endswith(WILD) else asked == name


def tier_of(agent: str, tiers: Sequence[ModelTier]) -> ModelTier | None:
    """The tier of `agent`: its own, else the one with the longest fitting name, else None.

    >>> tiers = [ModelTier(agent_name=name, default_model="opus", updated_us=0) for name in ("A_*", "A_B")]
    >>> [found.agent_name if (found := tier_of(one, tiers)) else None for one in ("a_b", "A_C", "B")]
    ['A_B', 'A_*', None]
    """
    fitting = [tier for tier in tiers if tier.covers(agent)]
    return max(
        fitting, key=lambda tier: (not tier.agent_name.endswith(WILD), len(tier.agent_name)), default=None
    )


async def listing(pool: Pool) -> list[ModelTier]:
    """All tiers, by agent."""
    return [_tier(row) for row in await pool.fetch(_SQL["listing"])]


async def put(pool: Pool, agent_name: str, default_model: str, notes: str | None, at: datetime) -> ModelTier:
    """Sets an agent's tier and returns it. Notes of None leave those that are there."""
    return _tier((await pool.fetch(_SQL["put"], agent_name, default_model, at, notes))[0])


async def remove(pool: Pool, agent_name: str) -> ModelTier | None:
    """Drops an agent's tier and returns it; None when there is none."""
    row = await pool.fetchrow(_SQL["remove"], agent_name)
    return None if row is None else _tier(row)


def _tier(row: asyncpg.Record) -> ModelTier:
    return ModelTier(
        agent_name=row["agent_name"],
        default_model=row["default_model"],
        updated_us=us_of(row["updated_at"]),
        notes=row["notes"],
    )
