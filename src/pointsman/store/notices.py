"""Hears what other processes announce through the database."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from pointsman.store.pool import AWAY, Connection, connect

RETRY_S: Final = 0.5
MAX_RETRY_S: Final = 15.0
PROBE_EVERY_S: Final = 30.0
PROBE_TIMEOUT_S: Final = 10.0

_logger = logging.getLogger(__name__)


async def listen(dsn: str, channel: str, callback: Callable[[], Awaitable[None]]) -> None:
    """Calls `callback` after each announcement on `channel`, and after each time the connection was made,
    since something may have been missed before. Several announcements at once may come as one call.

    Runs until cancelled. The connection is made again whenever it breaks, and a callback that fails for
    the database's absence is called again; its other errors are raised.
    """
    retry_s = RETRY_S
    while True:
        try:
            connection = await connect(dsn)
            try:
                retry_s = RETRY_S
                await _hear(connection, channel, callback)
            finally:
                with contextlib.suppress(*AWAY):
                    await connection.close(timeout=1)
        except AWAY as error:
            _logger.warning("Not hearing %s; next try in %.1f s: %s", channel, retry_s, error)
        await asyncio.sleep(retry_s)
        retry_s = min(retry_s * 2, MAX_RETRY_S)


async def _hear(connection: Connection, channel: str, callback: Callable[[], Awaitable[None]]) -> None:
    """Returns when the connection has ended."""
    news = asyncio.Event()
    connection.add_termination_listener(lambda *_: news.set())
    await connection.add_listener(channel, lambda *_: news.set())
    while not connection.is_closed():
        news.clear()
        await callback()
        while not news.is_set():
            try:
                await asyncio.wait_for(news.wait(), PROBE_EVERY_S)
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=PROBE_TIMEOUT_S)
