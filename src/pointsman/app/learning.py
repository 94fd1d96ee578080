"""Learning by hand: the phases of `pointsman learn`, in the process that asks for them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from pointsman.app.config import find_config, load_config
from pointsman.app.learner import options_of
from pointsman.app.paths import home
from pointsman.learning import worker
from pointsman.learning.phases import STATEMENT_TIMEOUT_MS, Ran, run_due, run_these
from pointsman.learning.work import Progress
from pointsman.store.database import open_database
from pointsman.store.pool import connect

ASK_AGAIN_S: Final = 0.5


class Busy(Exception):
    """Another process has been learning all the while."""


async def learn(
    environ: Mapping[str, str], names: Sequence[str] | None, progress: Progress, patience_s: float = 60.0
) -> list[Ran]:
    """Runs these phases; None: those that are due. Waits for another process that learns. Raises `Busy`,
    `ConfigInvalid`, and what opening the database raises. Call it from the main thread."""
    config = load_config(find_config(environ), environ)
    options = options_of(config)
    database = await open_database(home(environ), config.database_url(environ))
    try:
        connection = await connect(database.dsn, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
        try:
            for _ in range(round(patience_s / ASK_AGAIN_S)):
                if names is None:
                    ran = await run_due(connection, options, worker.now, progress)
                else:
                    ran = await run_these(connection, names, options, worker.now, progress)
                if ran is not None:
                    return ran
                progress("waiting for another process", 0, 0)
                await asyncio.sleep(ASK_AGAIN_S)
            raise Busy
        finally:
            await connection.close()
    finally:
        await database.close()
