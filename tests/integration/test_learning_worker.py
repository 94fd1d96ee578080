"""The worker goes on when the database comes back, and several of them share the work."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from tests.learning_world import NOW, publish, put, some_traffic

from pointsman.learning import worker
from pointsman.learning.work import Options
from pointsman.store.pool import Pool

PATIENCE_S = 30.0
ALL_THE_TIME = Options(
    intervals_s=dict.fromkeys(("aggregate", "confidence", "rules", "experiments", "daily"), 0.05)
)


@pytest.fixture
async def workers(database: str):
    """Two workers on one database, which never rest."""
    ahead = NOW - worker.now()
    tasks = [
        asyncio.create_task(worker.work(database, ALL_THE_TIME, lambda: worker.now() + ahead))
        for _ in range(2)
    ]
    yield tasks
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def soon(find: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await find():
            await asyncio.sleep(0.02)


async def runs(pool: Pool) -> int:
    return await pool.fetchval("SELECT coalesce(min(runs), 0) FROM learning_phases")


async def test_a_lost_connection_is_made_again(workers: list, db_pool: Pool):
    await publish(db_pool)
    await soon(lambda: _reaches(db_pool, 1))
    done = await runs(db_pool)
    await db_pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%learning%'"
    )
    await soon(lambda: _reaches(db_pool, done + 2))
    assert not any(task.done() for task in workers)


async def test_workers_that_never_rest_count_each_label_once(workers: list, db_pool: Pool):
    await publish(db_pool)
    pairs = some_traffic(200)
    for start in range(0, 200, 20):
        await put(db_pool, pairs[start : start + 20])
        await asyncio.sleep(0.02)
    await soon(lambda: _counted(db_pool, 200))
    rows = await db_pool.fetch("SELECT model, sums FROM learning_cell_sums ORDER BY model")
    weights = {row["model"]: np.frombuffer(row["sums"], "<f8")[0] for row in rows}
    assert weights == {"bad": 100.0, "good": 100.0}
    assert await db_pool.fetchval("SELECT sum(failures) FROM learning_phases") == 0


async def _reaches(pool: Pool, count: int) -> bool:
    return await runs(pool) >= count


async def _counted(pool: Pool, count: int) -> bool:
    return await pool.fetchval("SELECT count(*) FROM learning_contributions") == count
