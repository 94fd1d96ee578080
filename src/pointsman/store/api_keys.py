"""The keys that open the gateway. Each change is announced on CHANNEL, so that all gateways reload."""

from datetime import datetime
from typing import Final

import asyncpg

from pointsman.core.keys import ApiKey
from pointsman.store.pool import Pool
from pointsman.store.rows import time_of, us_of
from pointsman.store.sql import queries

CHANNEL: Final = "pointsman_keys"
_SQL: Final = queries("api_keys")
_US_PER_S: Final = 1_000_000


async def create(pool: Pool, key: ApiKey) -> None:
    """Adds a key. Raises asyncpg.UniqueViolationError when its id or digest is there already."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            _SQL["create"],
            *(key.id, key.name, key.digest, key.hint, key.agent),
            *(list(key.allowed_agents), list(key.allowed_models), key.daily_budget_usd_micros),
            *(time_of(key.created_s * _US_PER_S), _time_or_none(key.revoked_s)),
        )
        await connection.execute(_SQL["notify"], CHANNEL)


async def listing(pool: Pool) -> list[ApiKey]:
    """All keys, revoked ones too, oldest first."""
    return [_key_of(row) for row in await pool.fetch(_SQL["listing"])]


async def revoke(pool: Pool, key_id: str, at_s: int) -> ApiKey | None:
    """Ends a key at `at_s`, seconds since the epoch, and returns it; None when there is none. A key that
    has ended keeps its first end."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(_SQL["revoke"], key_id, time_of(at_s * _US_PER_S))
        if row is None:
            return None
        await connection.execute(_SQL["notify"], CHANNEL)
    return _key_of(row)


def _key_of(row: asyncpg.Record) -> ApiKey:
    revoked_at = row["revoked_at"]
    return ApiKey(
        id=row["id"],
        name=row["name"],
        digest=row["digest"],
        hint=row["hint"],
        agent=row["agent"],
        allowed_agents=tuple(row["allowed_agents"]),
        allowed_models=tuple(row["allowed_models"]),
        daily_budget_usd_micros=row["daily_budget_usd_micros"],
        created_s=us_of(row["created_at"]) // _US_PER_S,
        revoked_s=None if revoked_at is None else us_of(revoked_at) // _US_PER_S,
    )


def _time_or_none(time_s: int | None) -> datetime | None:
    return None if time_s is None else time_of(time_s * _US_PER_S)
