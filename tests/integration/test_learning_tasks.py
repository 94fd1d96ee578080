"""What learning makes of tasks that were told."""

from datetime import timedelta

import pytest
from tests.learning_world import NOW, learn, publish
from tests.memory_world import a_task

from pointsman.core.snapshot import PolicySnapshot, decode_snapshot
from pointsman.store import snapshots
from pointsman.store.pool import Connection, Pool

BEGUN, ENDED = NOW - timedelta(hours=2), NOW - timedelta(hours=1)


async def told(pool: Pool, count: int, model: str, **said: object) -> None:
    """Tasks of the model, with their outcome."""
    kind = {"priority": "P1", "domain": "code", "complexity": "simple"}
    when = {'"timestamp"': BEGUN, "outcome_at": ENDED}
    for number in range(count):
        task = a_task(f"task {number}", agent_id="coder", assigned_model=model) | kind | when | said
        places = ", ".join(f"${place}" for place in range(1, len(task) + 1))
        sql = f"INSERT INTO task_executions ({', '.join(task)}) VALUES ({places})"
        await pool.execute(sql, *task.values())


async def latest(pool: Pool) -> PolicySnapshot:
    found = await snapshots.latest(pool)
    assert found is not None
    return decode_snapshot(found.body, found.version)


async def test_tasks_are_evidence_of_the_model_however_they_name_it(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await told(db_pool, 30, "shop/good", success=True, quality_score=9.0)
    await told(db_pool, 30, "bad", success=False)
    await learn(connection, "confidence")
    rows = await connection.fetch("SELECT model, score FROM agent_confidence_scores WHERE agent_id = 'coder'")
    scores = {row["model"]: row["score"] for row in rows}
    assert set(scores) == {"good", "bad"}
    assert scores["good"] > 0.75 > 0.45 > scores["bad"]


async def test_what_models_made_of_a_task_type_is_in_the_policy(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await told(db_pool, 3, "shop/good", success=True, quality_score=8.0, value_delivered=6.0, actual_cost=2.0)
    await told(db_pool, 1, "good", success=False, quality_score=4.0, value_delivered=6.0, actual_cost=0.0)
    await learn(connection, "confidence")
    (seen,) = (await latest(db_pool)).task_performance["P1_code_simple"].items()
    name, cell = seen
    assert (name, cell.tasks, cell.success_rate, cell.quality, cell.value_per_usd) == (
        "good",
        4,
        0.75,
        7.0,
        3.0,
    )


async def test_what_a_model_did_long_ago_is_forgotten(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    for number, (success, quality) in enumerate([(True, 10.0), (True, None), (False, 5.0)]):
        ended = ENDED + timedelta(minutes=number)
        await told(db_pool, 1, "good", success=success, quality_score=quality, outcome_at=ended)
    await learn(connection, "confidence")
    cell = (await latest(db_pool)).task_performance["P1_code_simple"]["good"]
    assert (cell.tasks, cell.success_rate, cell.quality) == (3, pytest.approx(0.9), pytest.approx(9.5))
    plain = await db_pool.fetchrow("SELECT success_rate, avg_quality_score FROM model_performance")
    assert tuple(plain) == (pytest.approx(2 / 3), 7.5)
