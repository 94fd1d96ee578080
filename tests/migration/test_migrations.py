"""The schema: made once, by whoever comes first, and never over a history that is not ours."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace
from tests.conftest import MakeDatabase
from tests.store_records import records

from pointsman.core.events import RequestRecord
from pointsman.store import batch, partitions, request_log
from pointsman.store.errors import MigrationChanged, SchemaTooNew
from pointsman.store.migrate import Migration, known, migrate, pending
from pointsman.store.pool import Connection, Pool, connect
from pointsman.store.rows import COLUMNS, time_of

NAMES = [migration.name for migration in known()]


@pytest.fixture
async def empty(make_database: MakeDatabase) -> AsyncIterator[Connection]:
    connection = await connect(await make_database())
    yield connection
    await connection.close()


@pytest.fixture
async def migrated(database: str) -> AsyncIterator[Connection]:
    connection = await connect(database)
    yield connection
    await connection.close()


async def test_an_empty_database_gets_everything(empty: Connection) -> None:
    assert await pending(empty) == NAMES
    assert await migrate(empty) == NAMES
    assert await pending(empty) == []


async def test_a_second_run_does_nothing(empty: Connection) -> None:
    await migrate(empty)
    assert await migrate(empty) == []


async def test_of_many_at_once_one_applies_each(make_database: MakeDatabase) -> None:
    dsn = await make_database()
    connections = [await connect(dsn) for _ in range(4)]
    applied = await asyncio.gather(*(migrate(connection) for connection in connections))
    assert sorted(name for names in applied for name in names) == sorted(NAMES)
    for connection in connections:
        await connection.close()


async def test_the_last_post_file_can_wait(empty: Connection) -> None:
    later = Migration(name="0999_pre_x", number=999, stage="pre", sql="SELECT 1")
    last = replace(later, name="0999_post_x", stage="post")
    wanted = [*known(), later, last]
    assert await migrate(empty, migrations=wanted, stage="pre") == [*NAMES, later.name]
    assert await migrate(empty, migrations=wanted) == [last.name]


async def test_a_newer_history_is_refused_and_untouched(migrated: Connection) -> None:
    change = migrated.transaction()
    await change.start()
    await migrated.execute("INSERT INTO schema_migrations VALUES ('0999_pre_future', 'x', now())")
    with pytest.raises(SchemaTooNew, match="0999_pre_future"):
        await migrate(migrated)
    await change.rollback()


async def test_a_file_changed_after_it_was_applied_is_refused(migrated: Connection) -> None:
    first, *rest = known()
    changed = Migration(name=first.name, number=first.number, stage=first.stage, sql=first.sql + "\n-- more")
    with pytest.raises(MigrationChanged, match=first.name):
        await migrate(migrated, migrations=[changed, *rest])


async def test_a_migration_that_fails_leaves_no_trace(migrated: Connection) -> None:
    broken = Migration(name="0998_pre_x", number=998, stage="pre", sql="CREATE TABLE half (); SELECT 1/0")
    with pytest.raises(Exception, match="division by zero"):
        await migrate(migrated, migrations=[*known(), broken])
    assert await migrated.fetchval("SELECT to_regclass('half')") is None
    assert await pending(migrated) == []


async def test_applied_migrations_are_written_down_with_their_checksum(migrated: Connection) -> None:
    rows = await migrated.fetch("SELECT name, checksum FROM schema_migrations ORDER BY name")
    found = {row["name"]: row["checksum"] for row in rows}
    assert found == {m.name: hashlib.sha256(m.sql.encode()).hexdigest() for m in known()}


async def test_the_log_has_exactly_the_records_columns(migrated: Connection) -> None:
    rows = await migrated.fetch(
        "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'gateway_request_log'"
    )
    told = {"outcome", "outcome_source", "outcome_at", "completion_quality"}
    assert {row["column_name"] for row in rows} == set(COLUMNS) | told


async def test_each_agent_of_the_seed_table_has_its_tier(migrated: Connection) -> None:
    rows = await migrated.fetch("SELECT default_model, count(*) FROM model_tiers GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in rows] == [("haiku", 4), ("opus", 4), ("sonnet", 11)]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def kept(record: RequestRecord) -> RequestRecord:
    """What the log says of a record: jsonb has spacing of its own, and the least bigint is given up."""
    least = -(2**63 - 1)
    numbers = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning")
    names = (*numbers, "cost_usd_micros", "policy_version")
    features = record.features and json.encode(json.decode(record.features))
    return replace(record, features=features, **{n: max(getattr(record, n), least) for n in names})


@pytest.fixture
def drawn() -> list[RequestRecord]:
    """A hundred records with any values, all of the same few days."""
    found: list[RequestRecord] = []

    @settings(max_examples=100, database=None)
    @given(records(TEXT))
    def draw(one: RequestRecord) -> None:
        started_at_us = one.started_at_us % 10**11
        found.append(replace(one, request_id=f"req_{len(found)}", logged=True, started_at_us=started_at_us))

    draw()
    return found


async def test_every_column_of_a_record_comes_back(db_pool: Pool, drawn: list[RequestRecord]) -> None:
    async with db_pool.acquire() as connection:
        await partitions.ensure(connection, {time_of(r.started_at_us).date() for r in drawn})
        async with connection.transaction():
            await batch.write(connection, drawn[:50], staged=False)
            await batch.write(connection, drawn, staged=True)
    for record in drawn:
        (found,) = await request_log.attempts_of(db_pool, record.request_id)
        assert kept(found.record) == kept(record)
