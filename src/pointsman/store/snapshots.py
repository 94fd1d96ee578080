"""Policy snapshots as they were published, byte for byte."""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from pointsman.store.pool import Connection, Pool
from pointsman.store.rows import us_of
from pointsman.store.sql import queries

CHANNEL: Final = "pointsman_snapshots"
_SQL: Final = queries("snapshots")


class StoredSnapshot(Struct, frozen=True, kw_only=True):
    """One published snapshot. `created_at_us` is microseconds since the epoch."""

    version: int
    created_at_us: int
    body: bytes
    reason: str


class SnapshotEntry(Struct, frozen=True, kw_only=True):
    """A snapshot in a list, without its body."""

    version: int
    created_at_us: int
    body_bytes: int
    reason: str


async def publish(pool: Pool, body: bytes, reason: str, now: datetime | None = None) -> int:
    """Stores a snapshot under the version after the latest, announces it on CHANNEL, and returns the
    version. Versions start with 1 and have no gaps, however many processes publish."""
    async with pool.acquire() as connection, connection.transaction():
        return await add(connection, body, reason, now or datetime.now(UTC))


async def add(connection: Connection, body: bytes, reason: str, now: datetime) -> int:
    """The same within the caller's transaction, whose last act it should be."""
    await connection.execute(_SQL["lock"])
    version: int = await connection.fetchval(_SQL["publish"], now, body, reason)
    await connection.execute(_SQL["notify"], CHANNEL, str(version))
    return version


async def latest(pool: Pool | Connection) -> StoredSnapshot | None:
    """The snapshot published last; None when there is none."""
    row = await pool.fetchrow(_SQL["latest"])
    return None if row is None else _stored(**row)


async def latest_version(pool: Pool | Connection) -> int | None:
    """The version published last; None when there is none."""
    version: int | None = await pool.fetchval(_SQL["latest_version"])
    return version


async def get(pool: Pool | Connection, version: int) -> StoredSnapshot | None:
    """The snapshot of that version; None when it is not stored."""
    row = await pool.fetchrow(_SQL["get"], version)
    return None if row is None else _stored(**row)


async def listing(pool: Pool | Connection, limit: int = 100) -> list[SnapshotEntry]:
    """The latest snapshots, newest first."""
    return [
        SnapshotEntry(
            version=row["version"],
            created_at_us=us_of(row["created_at"]),
            body_bytes=row["body_bytes"],
            reason=row["reason"],
        )
        for row in await pool.fetch(_SQL["listing"], limit)
    ]


def _stored(version: int, created_at: datetime, body: bytes, reason: str) -> StoredSnapshot:
    return StoredSnapshot(version=version, created_at_us=us_of(created_at), body=body, reason=reason)
