"""What the runbook on learning says to do, done."""

import re
from pathlib import Path

from tests.learning_world import NOW, learn, publish, put, some_traffic

from pointsman.store import learned
from pointsman.store.pool import Connection, Pool, connect

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbooks" / "learning-stands-still.md"
COUNT_AGAIN, WHOSE_TURN = re.findall(r"```sql\n(.*?)```", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL)


async def sums(connection: Connection) -> list[tuple]:
    models = await connection.fetch("SELECT day, model, sums FROM learning_model_sums ORDER BY 1, 2")
    cells = await connection.fetch(
        "SELECT day, agent_id, model, slice, sums FROM learning_cell_sums ORDER BY 1, 2, 3, 4"
    )
    return [tuple(row) for row in [*models, *cells]]


async def test_a_damaged_day_is_counted_again(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await put(db_pool, some_traffic(60))
    await learn(connection, "aggregate")
    whole = await sums(connection)
    await connection.execute("UPDATE learning_model_sums SET sums = substr(sums, 1, 9)")
    await connection.execute("UPDATE learning_cell_sums SET sums = '' WHERE model = 'bad'")
    await connection.execute(COUNT_AGAIN.replace("2026-03-02", f"{NOW:%Y-%m-%d}"))
    await learn(connection, "aggregate")
    assert await sums(connection) == whole


async def test_who_learns_is_found(connection: Connection, database: str):
    assert await connection.fetch(WHOSE_TURN) == []
    other = await connect(database)
    assert await learned.try_lease(other)
    (found,) = await connection.fetch(WHOSE_TURN)
    assert found["pid"] == other.get_server_pid()
    await other.close()
