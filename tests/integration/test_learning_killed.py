"""A process that learns may be killed at any moment: what it was doing is done again, and counted once."""

import asyncio
import subprocess
import sys
import time

import asyncpg
import msgspec
import pytest
from tests.learning_world import NOW, learn, publish, put, some_traffic
from tests.unit.routing.routing_world import asks

from pointsman.core.features import Features
from pointsman.core.snapshot import decode_snapshot
from pointsman.learning import publishing
from pointsman.learning.work import Options
from pointsman.routing.explain import explain
from pointsman.store import learned, snapshots
from pointsman.store.pool import Connection, Pool

STUCK = """
import asyncio, sys, time
from pointsman.learning.phases import run_these
from pointsman.learning.work import Options
from pointsman.learning.worker import now
from pointsman.store import learning
from pointsman.store.pool import connect

put, left = learning.put_contributions, [int(sys.argv[2])]

async def put_or_hang(connection, made):
    await put(connection, made)
    left[0] -= 1
    if not left[0]:
        print("in the midst of a batch", flush=True)
        time.sleep(600)

async def main():
    learning.put_contributions = put_or_hang
    connection = await connect(sys.argv[1])
    await run_these(connection, ["aggregate"], Options(batch=20), now)

asyncio.run(main())
"""
"""Learns until it has written its n-th batch, before that is committed."""


async def sums(connection: Connection) -> list[tuple]:
    rows = await connection.fetch("SELECT day, model, sums FROM learning_model_sums ORDER BY 1, 2")
    cells = await connection.fetch(
        "SELECT day, agent_id, model, slice, sums FROM learning_cell_sums ORDER BY 1, 2, 3, 4"
    )
    return [tuple(row) for row in [*rows, *cells]]


async def start_over(connection: Connection) -> None:
    await connection.execute(
        "TRUNCATE learning_contributions, learning_model_sums, learning_cell_sums, learning_cursors"
    )


def killed_in(dsn: str, batch: int) -> None:
    """A process that learns, killed within its n-th batch."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, dsn, str(batch)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in the midst of a batch\n"
    process.kill()
    process.wait()
    process.stdout.close()


async def lease(connection: Connection) -> None:
    """Waits until the server has noticed that the killed process is gone."""
    deadline_s = time.monotonic() + 30
    while not await learned.try_lease(connection):
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)
    await learned.end_lease(connection)


async def test_a_kill_half_way_loses_nothing_and_counts_nothing_twice(
    connection: Connection, db_pool: Pool, database: str
):
    await publish(db_pool)
    await put(db_pool, some_traffic(400, session_key="one"))
    await learn(connection, "aggregate", options=Options(batch=20))
    whole = await sums(connection)
    await start_over(connection)
    for batch in (1, 3, 6):
        await asyncio.to_thread(killed_in, database, batch)
        await lease(connection)
    assert await connection.fetchval("SELECT count(*) FROM learning_contributions") == 7 * 20
    await learn(connection, "aggregate", options=Options(batch=20))
    assert await sums(connection) == whole


async def test_a_failure_within_a_batch_leaves_no_part_of_it(
    connection: Connection, db_pool: Pool, monkeypatch
):
    await publish(db_pool)
    await put(db_pool, some_traffic(40))

    async def fail(*_: object) -> None:
        raise asyncpg.PostgresError("out of space")

    monkeypatch.setattr("pointsman.store.learning.put_contributions", fail)
    with pytest.raises(AssertionError):
        await learn(connection, "aggregate")
    assert await sums(connection) == []
    assert [one["kind"] for one in await learned.alerts(connection)] == ["phase_failed"]
    monkeypatch.undo()
    assert (await learn(connection, "aggregate"))["aggregate"]["changed"] == 40


async def test_a_decision_replays_to_the_same_bytes_when_learning_has_gone_on(
    connection: Connection, db_pool: Pool
):
    await publish(db_pool)
    await put(db_pool, some_traffic(100))
    await learn(connection, "confidence")
    features = [asks(agent="coder", task_type="P1_code_simple", seed=seed) for seed in range(20)]
    recorded = [msgspec.json.encode(one) for one in features]
    first = await publishing.latest(connection)
    told = [explain(one, first) for one in features]
    await put(db_pool, some_traffic(200, seed=2, agent_id="other")[100:])
    await learn(connection, "confidence", now=NOW)
    assert (await publishing.latest(connection)).version > first.version
    stored = await snapshots.get(db_pool, first.version)
    again = decode_snapshot(stored.body, first.version)
    replayed = [explain(msgspec.json.decode(one, type=Features), again) for one in recorded]
    assert msgspec.json.encode(replayed) == msgspec.json.encode(told)
