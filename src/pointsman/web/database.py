"""The way from the control API to the store."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from pointsman.core.ports import Control
from pointsman.store.pool import Pool
from pointsman.web.errors import DatabaseAway

PATIENCE_S = 10.0
TROUBLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.InternalClientError,
    asyncpg.UndefinedTableError,
)
"""The database is not there, busy beyond patience, or not migrated yet. Other errors are bugs."""

_logger = logging.getLogger("pointsman.web")


@asynccontextmanager
async def database(control: Control) -> AsyncIterator[Pool]:
    """The pool, for as long as `PATIENCE_S`. Raises DatabaseAway when there is none or it fails."""
    pool: Pool | None = control.pool
    if pool is None:
        raise DatabaseAway
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield pool
    except TROUBLE as error:
        _logger.warning("The control API could not use the database: %r", error)
        raise DatabaseAway from error
