"""Connections to PostgreSQL, set up the same way everywhere."""

from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

STATEMENT_TIMEOUT_MS: Final = 30_000
MIGRATION_TIMEOUT_MS: Final = 3_600_000
CONNECT_TIMEOUT_S: Final = 10.0
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What the driver raises while the database is away or not usable (migrations not yet applied)."""
_NOTICE_THE_GONE: Final = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds; for a connection on which an answer was under way
}
"""In about a minute the server lets go of what a machine held that went without a word, above all the one
place of learning. By most systems' defaults that takes a quarter of an hour to two hours."""
_JSONB_VERSION: Final = b"\x01"


async def create_pool(
    dsn: str, *, max_size: int = 8, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> Pool:
    """A pool that opens connections when they are needed, so that it can be made while the database is
    away. jsonb values go in and come out as JSON bytes."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=max_size,
        init=prepare,
        timeout=CONNECT_TIMEOUT_S,
        server_settings=_settings(statement_timeout_ms),
    )


async def connect(dsn: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> Connection:
    """One connection, set up as the pool's are."""
    connection = await asyncpg.connect(
        dsn, timeout=CONNECT_TIMEOUT_S, server_settings=_settings(statement_timeout_ms)
    )
    await prepare(connection)
    return connection


async def prepare(connection: Connection) -> None:
    """Carries jsonb as bytes, without parsing. The binary form (a version byte, then the text) is what
    COPY needs."""
    await connection.set_type_codec(
        "jsonb", encoder=_to_jsonb, decoder=_from_jsonb, schema="pg_catalog", format="binary"
    )


def _settings(statement_timeout_ms: int) -> dict[str, str]:
    timeout = str(statement_timeout_ms)
    return {
        "application_name": "pointsman",
        "statement_timeout": timeout,
        "timezone": "UTC",
        **_NOTICE_THE_GONE,
        "plan_cache_mode": "force_custom_plan",  # lets a filter that is not asked for drop out of the plan
    }


def _to_jsonb(text: bytes) -> bytes:
    return _JSONB_VERSION + text


def _from_jsonb(value: bytes) -> bytes:
    return bytes(value[1:])
