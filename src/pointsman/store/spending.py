"""What a day has cost so far, for the budgets."""

from datetime import timedelta
from typing import Final

from pointsman.core.events import SHADOW_TIER
from pointsman.core.money import Spent, shadow_account
from pointsman.store.pool import Pool
from pointsman.store.rows import EPOCH
from pointsman.store.sql import queries

_SQL: Final = queries("spending")


async def spent_on(pool: Pool, day: int) -> Spent:
    """The cost of `day` (days since the epoch, UTC) by agent and key, as far as journals are loaded. Shadows
    have accounts of their own."""
    when = (EPOCH + timedelta(days=day)).date()
    async with pool.acquire() as connection:
        rows = await connection.fetch(_SQL["agents"], when, SHADOW_TIER)
        agents = {row["name"]: row["usd_micros"] for row in rows}
        rows = await connection.fetch(_SQL["shadows"], when, SHADOW_TIER)
        agents |= {shadow_account(row["name"]): row["usd_micros"] for row in rows}
        keys = {row["name"]: row["usd_micros"] for row in await connection.fetch(_SQL["keys"], when)}
    return Spent(day=day, agents=agents, keys=keys)
