"""Runs the phases when their turn comes, for as long as it is let."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from pointsman.learning.phases import STATEMENT_TIMEOUT_MS, Ran, run_due
from pointsman.learning.work import Options
from pointsman.store.pool import AWAY, Connection, connect

LOOK_EVERY_S: Final = 5.0
MAX_RETRY_S: Final = 60.0
_logger = logging.getLogger("pointsman.learning")


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


async def work(dsn: str, options: Options, clock: Callable[[], datetime] = now) -> None:
    """Learns until cancelled. While the database is away it waits; of several processes one learns."""
    retry_s = look_every_s = min([LOOK_EVERY_S, *options.intervals_s.values()])
    while True:
        try:
            connection = await connect(dsn, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
            try:
                retry_s = look_every_s
                await _keep_looking(connection, options, look_every_s, clock)
            finally:
                connection.terminate()
        except AWAY as error:
            _logger.warning("Learning waits for the database; next try in %.0f s: %s", retry_s, error)
        await asyncio.sleep(retry_s)
        retry_s = min(retry_s * 2, MAX_RETRY_S)


async def _keep_looking(
    connection: Connection, options: Options, look_every_s: float, clock: Callable[[], datetime]
) -> None:
    while True:
        for ran in await run_due(connection, options, clock) or ():
            _tell(ran)
        await asyncio.sleep(look_every_s)


def _tell(ran: Ran) -> None:
    if ran.error is None:
        _logger.info("The phase %s took %.1f s: %s", ran.phase, ran.seconds, ran.told)
