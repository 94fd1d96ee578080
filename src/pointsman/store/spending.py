"""What a day has cost so far, for the budgets."""

from datetime import timedelta
from typing import Final

from pointsman.core.money import Spent
from pointsman.store.pool import Pool
from pointsman.store.rows import EPOCH
from pointsman.store.sql import queries

_SQL: Final = queries("spending")


async def spent_on(pool: Pool, day: int) -> Spent:
    """The cost of `day` (days since the epoch, UTC) by agent and key, as far as journals are loaded."""
    when = (EPOCH + timedelta(days=day)).date()
    async with pool.acquire() as connection:
        agents = {row["name"]: row["usd_micros"] for row in await connection.fetch(_SQL["agents"], when)}
        keys = {row["name"]: row["usd_micros"] for row in await connection.fetch(_SQL["keys"], when)}
    return Spent(day=day, agents=agents, keys=keys)
