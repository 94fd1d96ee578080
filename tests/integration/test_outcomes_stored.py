"""Outcomes get from the journal into their table exactly once, and can be asked for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from tests.store_records import NOON_US, a_record, an_outcome, outcomes

from pointsman.core.outcomes import OutcomeRecord
from pointsman.store import outcomes as stored
from pointsman.store import retention
from pointsman.store.journal import JournalWriter
from pointsman.store.loader import Loader
from pointsman.store.pool import Pool
from pointsman.store.rows import time_of

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def load(folder: Path, pool: Pool, *records: object) -> Loader:
    journal = JournalWriter(folder, "worker")
    for record in records:
        journal.append(record)  # type: ignore[arg-type]
    journal.close()
    loader = Loader(folder, pool)
    await loader.drain()
    return loader


async def test_outcomes_are_loaded_beside_requests(tmp_path: Path, db_pool: Pool) -> None:
    loader = await load(tmp_path, db_pool, a_record(1), an_outcome(1), a_record(2), an_outcome(2))
    assert loader.counts.loaded == 4
    assert loader.counts.repeated == 0
    assert await stored.of_decision(db_pool, "req_000001") == [an_outcome(1)]


async def test_the_same_outcome_from_two_journals_is_one_row(tmp_path: Path, db_pool: Pool) -> None:
    await load(tmp_path, db_pool, an_outcome(1), an_outcome(1))
    await load(tmp_path, db_pool, an_outcome(1, weight=0.9), an_outcome(2))
    found = await stored.after(db_pool, 0)
    assert [one.outcome for one in found] == [an_outcome(1), an_outcome(2)]


async def test_a_journal_put_back_adds_no_outcome(tmp_path: Path, db_pool: Pool) -> None:
    journal = JournalWriter(tmp_path, "worker")
    journal.append(a_record(1))
    journal.append(an_outcome(1))
    await Loader(tmp_path, db_pool).drain()
    await db_pool.execute("UPDATE journal_offsets SET byte_offset = 0")
    journal.close()
    assert await Loader(tmp_path, db_pool).drain() == 2
    assert len(await stored.after(db_pool, 0)) == 1


async def test_the_cursor_goes_on_where_it_was(tmp_path: Path, db_pool: Pool) -> None:
    await load(tmp_path, db_pool, *[an_outcome(n) for n in range(5)])
    first = await stored.after(db_pool, 0, limit=3)
    rest = await stored.after(db_pool, first[-1].number)
    assert [one.outcome for one in first + rest] == [an_outcome(n) for n in range(5)]


async def test_an_agents_outcomes_come_newest_first(tmp_path: Path, db_pool: Pool) -> None:
    await load(tmp_path, db_pool, an_outcome(1), an_outcome(2), an_outcome(3, agent_id="codex"))
    found = await stored.of_agent(db_pool, "claude-code", LONG_AGO)
    assert found == [an_outcome(2), an_outcome(1)]


async def test_the_log_tells_which_attempt_issued_a_tool_call(tmp_path: Path, db_pool: Pool) -> None:
    await load(tmp_path, db_pool, a_record(1, tool_call_ids=("a", "b")), a_record(2, tool_call_ids=("b",)))
    found = await stored.deciders(db_pool, "claude-code", ["a", "b", "c"], LONG_AGO)
    assert {call: one.request_id for call, one in found.items()} == {"a": "req_000001", "b": "req_000002"}
    assert await stored.deciders(db_pool, "codex", ["a"], LONG_AGO) == {}


async def test_outcomes_go_when_the_log_does(tmp_path: Path, db_pool: Pool) -> None:
    day_us = 86_400_000_000
    await load(tmp_path, db_pool, an_outcome(1), an_outcome(2, seen_at_us=NOON_US + 20 * day_us))
    async with db_pool.acquire() as connection:
        await retention.keep_hot(connection, (time_of(NOON_US) + timedelta(days=32)).date(), 30)
    assert [one.outcome.event_id for one in await stored.after(db_pool, 0)] == ["out_000002"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outcomes())
async def test_no_outcome_is_refused_by_the_database(db_pool: Pool, drawn: OutcomeRecord) -> None:
    async with db_pool.acquire() as connection, connection.transaction():
        await stored.add(connection, [drawn])
