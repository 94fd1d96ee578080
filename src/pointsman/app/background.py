"""What a running gateway does beside serving: one small task each, all ended together.

The first brings the database up; those that need it start when it is there.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg

from pointsman.app import keys_file
from pointsman.app.decisions import decided
from pointsman.app.memory_tasks import MemoryTasks
from pointsman.app.runtime import Runtime
from pointsman.gateway.http.protocol import sweep
from pointsman.store import api_keys, reports, retention, snapshots, spending, task_memory
from pointsman.store.database import open_database
from pointsman.store.errors import StoreError
from pointsman.store.notices import listen
from pointsman.store.pool import Pool

_logger = logging.getLogger("pointsman")

RETRY_DATABASE_S = 2.0
SYNC_EVERY_S = 1.0
SWEEP_EVERY_S = 1.0
BUDGETS_EVERY_S = 10.0
CATCH_UP_EVERY_S = 5.0
SETTLE_S = 60.0
"""How long after the database was opened the loader may still have journals it has not seen."""
REDISCOVER_EVERY_S = 60.0
RETENTION_EVERY_S = 3600.0
LOOK_AROUND_EVERY_S = 60.0
DATABASE_TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, StoreError, TimeoutError)


class Background:
    """All tasks of one runtime. `connections` are uvicorn's open client connections."""

    def __init__(self, runtime: Runtime, connections: set[Any]) -> None:
        self._runtime = runtime
        self._connections = connections
        self._tasks: list[asyncio.Task[None]] = []
        self._opened_s = 0.0
        self._reading_keys = asyncio.Lock()
        self._memory = MemoryTasks(runtime)

    def start(self) -> None:
        """Starts all of them."""
        self._run(self._database())
        self._run(_every(SYNC_EVERY_S, self._sync))
        self._run(_every(SWEEP_EVERY_S, self._sweep))
        self._run(_every(REDISCOVER_EVERY_S, self._rediscover))
        self._run(self._bridged())
        self._run(self._memory.load())

    async def stop(self) -> None:
        """Ends them, closes the journal, and loads what is still in it if the database is there."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        runtime = self._runtime
        await asyncio.gather(runtime.learner.stop(), runtime.loading.stop())
        await asyncio.to_thread(runtime.journal.close)
        if runtime.database is not None:
            try:
                await asyncio.wait_for(self._empty(runtime.database.pool), 10.0)
            except DATABASE_TROUBLE as error:
                _logger.warning("What is not in the database yet stays in the journal: %s", error)
            await runtime.database.close()

    async def _empty(self, pool: Pool) -> None:
        await self._runtime.loading.drain(pool)
        deliver = reports.delivery(pool, self._log_is_complete)
        await self._runtime.inbox.deliver_all(deliver, partial(reports.keep, pool))

    async def read_keys(self) -> None:
        """Brings the keys of the store into force, and into the file beside it. One reading at a time: an
        older one that ends later would bring a revoked key back."""
        runtime = self._runtime
        if runtime.database is None:
            return
        async with self._reading_keys:
            keys = await api_keys.listing(runtime.database.pool)
            runtime.keyring.replace(keys)
            try:
                await asyncio.to_thread(keys_file.write, runtime.home.keys, keys)
            except OSError as error:
                _logger.warning("Cannot write %s: %s", runtime.home.keys, error)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_report)
        self._tasks.append(task)

    async def _database(self) -> None:
        """Opens the database, however long it takes, and starts what needs it."""
        runtime = self._runtime
        while runtime.database is None:
            try:
                runtime.database = await open_database(
                    runtime.home.home, runtime.config.database_url(runtime.environ)
                )
            except DATABASE_TROUBLE as error:
                if runtime.database_error != str(error):
                    _logger.error(
                        "The database is not there yet; requests are journaled meanwhile. %s", error
                    )
                runtime.database_error = str(error)
                await asyncio.sleep(RETRY_DATABASE_S)
        runtime.database_error = None
        pool = runtime.database.pool
        runtime.observer.finder = partial(decided, pool)
        runtime.loading.start(runtime.database.dsn)
        self._run(listen(runtime.database.dsn, api_keys.CHANNEL, self.read_keys))
        self._run(listen(runtime.database.dsn, snapshots.CHANNEL, lambda: runtime.policies.hear(pool)))
        self._opened_s = time.monotonic()
        self._run(self._deliver(pool))
        self._run(_every(CATCH_UP_EVERY_S, partial(reports.catch_up, pool)))
        self._run(_every(BUDGETS_EVERY_S, self._read_budgets))
        self._run(_every(RETENTION_EVERY_S, self._keep_hot))
        self._run(self._remember(pool, runtime.database.dsn))
        await _patiently(self.read_keys)
        await _patiently(lambda: runtime.policies.publish(pool))
        runtime.learner.start(runtime.database.dsn)

    async def _remember(self, pool: Pool, dsn: str) -> None:
        """Starts the task memory, and keeps it in line with the store."""
        tasks = self._memory
        await _patiently(partial(tasks.begin, pool))
        keep_up, start_over = partial(tasks.keep_up, pool), partial(tasks.start_over, pool)
        self._run(listen(dsn, task_memory.CHANNEL, partial(_patiently, keep_up)))
        self._run(listen(dsn, task_memory.ERASED_CHANNEL, partial(_patiently, start_over)))
        self._run(_every(LOOK_AROUND_EVERY_S, partial(tasks.look_around, pool)))

    async def _deliver(self, pool: Pool) -> None:
        """Brings what agents report into the database."""
        deliver = reports.delivery(pool, self._log_is_complete)
        inbox = self._runtime.inbox
        await _every(RETRY_DATABASE_S, lambda: inbox.deliver_forever(deliver, partial(reports.keep, pool)))

    def _log_is_complete(self) -> bool:
        """Whether what ended a while ago is in the log, so that what is not there never was."""
        settled = time.monotonic() - self._opened_s > SETTLE_S
        counts = self._runtime.loading.counts()
        return settled and counts is not None and not counts.lag_bytes

    async def _sync(self) -> None:
        await asyncio.to_thread(self._runtime.journal.sync)

    async def _sweep(self) -> None:
        sweep(self._connections, asyncio.get_running_loop().time())

    async def _read_budgets(self) -> None:
        """Takes over what others have spent; also how an outage of the database is noticed."""
        runtime = self._runtime
        if runtime.database is None:
            return
        day = int(time.time()) // 86_400
        try:
            runtime.budgets.load(await spending.spent_on(runtime.database.pool, day))
            runtime.database_error = None
        except DATABASE_TROUBLE as error:
            runtime.database_error = str(error) or type(error).__name__
            raise

    async def _keep_hot(self) -> None:
        database = self._runtime.database
        if database is not None:
            async with database.pool.acquire() as connection:
                days = self._runtime.config.log.retention_days
                await retention.keep_hot(connection, datetime.now(UTC).date(), days)

    async def _bridged(self) -> None:
        """Asks the bridge's providers for their models as soon as it can tell."""
        if await self._runtime.bridge.ready():
            await _patiently(self._rediscover)

    async def _rediscover(self) -> None:
        """Finds providers that came or went, such as an Ollama started later."""
        runtime = self._runtime
        config = runtime.config
        discovered = await runtime.discover(config)
        if runtime.config is not config:
            return  # a reload came in between, and has looked itself
        found = discovered.after(runtime.catalogue)
        if found.targets != runtime.catalogue.targets or found.endpoints != runtime.catalogue.endpoints:
            runtime.catalogue = found
            runtime.policies.replace(runtime.snapshot())
            runtime.connect()
            if runtime.database is not None:
                await runtime.policies.publish(runtime.database.pool)


async def _every(period_s: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await _patiently(work)
        await asyncio.sleep(period_s)


async def _patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Does it, and logs what went wrong: the next turn will try again."""
    try:
        await work()
    except DATABASE_TROUBLE as error:
        _logger.warning("The database did not answer (%s); it is asked again.", error)
    except Exception:
        _logger.exception("A background task failed; it is tried again.")


def _report(task: asyncio.Task[None]) -> None:
    """A task that is not meant to end must not do so in silence."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _logger.error("A background task has ended: %r", error, exc_info=error)
