"""The database of one Pointsman: the server at DATABASE_URL, or the embedded one of its home."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from pointsman.store import embedded, partitions
from pointsman.store.embedded import EmbeddedServer
from pointsman.store.migrate import migrate
from pointsman.store.pool import AWAY, MIGRATION_TIMEOUT_MS, Pool, connect, create_pool

CLOSE_TIMEOUT_S = 5.0


class Database:
    """An open database, migrated and ready. `embedded` is None for an external server."""

    def __init__(self, dsn: str, pool: Pool, server: EmbeddedServer | None) -> None:
        self.dsn = dsn
        self.pool = pool
        self.embedded = server

    async def close(self) -> None:
        """Closes the connections, and ends the embedded server if this process runs it."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.pool.close()
        except (TimeoutError, *AWAY):
            self.pool.terminate()
        finally:
            if self.embedded is not None:
                await self.embedded.stop()


async def open_database(home: Path, database_url: str | None) -> Database:
    """Starts or reaches the database, applies the migrations, and makes the coming days' partitions.

    Call it from the main thread; it may run beside other tasks. Raises StoreError with what to do, and
    OSError or asyncpg.PostgresError when an external server cannot be reached; nothing is left running
    then, and it may be called again.
    """
    server = None if database_url else await embedded.start(home)
    dsn = database_url or (server.dsn if server is not None else "")
    try:
        await _prepare(dsn)
        return Database(dsn, await create_pool(dsn), server)
    except BaseException:
        if server is not None:
            await server.stop()
        raise


async def _prepare(dsn: str) -> None:
    connection = await connect(dsn, statement_timeout_ms=MIGRATION_TIMEOUT_MS)
    try:
        await migrate(connection)
        await partitions.ensure(connection, partitions.days_ahead(datetime.now(UTC).date()))
    finally:
        await connection.close()
