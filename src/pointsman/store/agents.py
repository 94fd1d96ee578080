"""The agents ever seen, what they used, and the operator's changes to their profiles."""

from datetime import date, datetime
from typing import Final

from msgspec import Struct, field

from pointsman.store.pool import Pool
from pointsman.store.rows import us_of
from pointsman.store.sql import queries
from pointsman.store.volumes import Volume

_SQL: Final = queries("agents")


class StoredAgent(Struct, kw_only=True):
    """One agent. Times are microseconds since the epoch; `profile` is the operator's changes as JSON;
    `tiers` is what it used in the period asked for, by tier (empty: requests that reached no model)."""

    id: str
    source: str
    first_seen_us: int
    last_seen_us: int
    profile: bytes | None
    display: str | None
    tiers: dict[str, Volume] = field(default_factory=dict)


async def listing(pool: Pool, first: date, last: date) -> list[StoredAgent]:
    """All agents by id, with what they used from the day `first` to `last`, both included, UTC."""
    async with pool.acquire() as connection:
        rows = await connection.fetch(_SQL["listing"])
        used = await connection.fetch(_SQL["volumes"], first, last)
    agents = {
        row["id"]: StoredAgent(
            id=row["id"],
            source=row["source"],
            first_seen_us=us_of(row["first_seen"]),
            last_seen_us=us_of(row["last_seen"]),
            profile=row["profile"],
            display=row["display"],
        )
        for row in rows
    }
    for row in used:
        values = dict(row)
        agent = agents.get(values.pop("agent_id"))
        if agent is not None:
            tier = values.pop("tier")
            agent.tiers[tier] = Volume(**values)
    return list(agents.values())


async def register(pool: Pool, agent_id: str, source: str, at: datetime) -> None:
    """Makes sure that an agent is known; one that is stays as it is."""
    await pool.execute(_SQL["register"], agent_id, source, at)


async def put_profile(
    pool: Pool, agent_id: str, profile: bytes | None, display: str | None, at: datetime
) -> None:
    """Sets the operator's changes to a profile (JSON; None: none) and the name for people. An unknown
    agent is made, as first seen `at`."""
    await pool.execute(_SQL["put_profile"], agent_id, at, profile, display)
