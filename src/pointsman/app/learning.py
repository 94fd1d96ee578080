"""Learning by hand: the phases of `pointsman learn`, in the process that asks for them."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from pointsman.app.config import find_config, load_config
from pointsman.app.learner import options_of
from pointsman.app.paths import home
from pointsman.learning import worker
from pointsman.learning.phases import STATEMENT_TIMEOUT_MS, Ran, run_due, run_these
from pointsman.learning.work import Options, Progress
from pointsman.store.database import Database, open_database
from pointsman.store.pool import AWAY, Connection, connect

ASK_AGAIN_S: Final = 0.5


class Busy(Exception):
    """Another process has been learning all the while."""


async def learn(
    environ: Mapping[str, str], names: Sequence[str] | None, progress: Progress, patience_s: float = 60.0
) -> list[Ran]:
    """Runs these phases; None: those that are due. Waits for another process that learns. Raises `Busy`,
    `ConfigInvalid`, and what opening the database raises. Call it from the main thread."""
    config = load_config(find_config(environ), environ)
    database = await open_database(home(environ), config.database_url(environ))
    try:
        return await _learn(database, names, options_of(config), progress, patience_s)
    finally:
        await database.close()


async def _learn(
    database: Database, names: Sequence[str] | None, options: Options, progress: Progress, patience_s: float
) -> list[Ran]:
    """Begins again when the embedded server ends, with the process that ran it: it is started here then."""
    deadline_s = time.monotonic() + patience_s
    while True:
        connection = None
        try:
            connection = await connect(database.dsn, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
            return await _in_turn(connection, names, options, progress, patience_s)
        except AWAY:
            is_lost = connection is None or connection.is_closed()
            if database.embedded is None or not is_lost or time.monotonic() > deadline_s:
                raise
        finally:
            if connection is not None:
                connection.terminate()
        progress("waiting for the database", 0, 0)
        await asyncio.sleep(ASK_AGAIN_S)


async def _in_turn(
    connection: Connection,
    names: Sequence[str] | None,
    options: Options,
    progress: Progress,
    patience_s: float,
) -> list[Ran]:
    deadline_s = time.monotonic() + patience_s
    while True:
        if names is None:
            ran = await run_due(connection, options, worker.now, progress)
        else:
            ran = await run_these(connection, names, options, worker.now, progress)
        if ran is not None:
            return ran
        if time.monotonic() > deadline_s:
            raise Busy
        progress("waiting for another process", 0, 0)
        await asyncio.sleep(ASK_AGAIN_S)
