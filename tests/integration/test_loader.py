"""Each journaled attempt gets into the log exactly once."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from tests.store_records import a_record

from pointsman.store import loader as loader_module
from pointsman.store.errors import DatabaseAway
from pointsman.store.frames import HEADER
from pointsman.store.journal import JournalWriter, segment_path
from pointsman.store.loader import Loader
from pointsman.store.pool import Pool, create_pool
from pointsman.store.reader import JournalReader

SEGMENT_BYTES = 4000


@pytest.fixture
def journal(tmp_path: Path) -> JournalWriter:
    return JournalWriter(tmp_path, "worker", segment_bytes=SEGMENT_BYTES)


def fill(journal: JournalWriter, count: int, first: int = 0, **changes: object) -> None:
    for number in range(first, first + count):
        journal.append(a_record(number, **changes))


async def logged_ids(pool: Pool) -> list[str]:
    rows = await pool.fetch("SELECT request_id FROM gateway_request_log ORDER BY request_id")
    return [row["request_id"] for row in rows]


async def totals(pool: Pool) -> tuple[int, int]:
    """Rows in the log, and requests counted."""
    rows = await pool.fetchval("SELECT count(*) FROM gateway_request_log")
    return rows, await pool.fetchval("SELECT coalesce(sum(requests), 0)::bigint FROM agent_volume")


async def test_a_live_journal_is_loaded_as_it_grows(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    loader = Loader(tmp_path, db_pool)
    fill(journal, 3)
    assert await loader.drain() == 3
    fill(journal, 2, first=3)
    assert await loader.drain() == 2
    assert await totals(db_pool) == (5, 5)
    assert loader.counts.lag_bytes == 0
    journal.close()


async def test_a_dead_journal_is_loaded_and_removed(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    fill(journal, 60)
    journal.close()
    assert await Loader(tmp_path, db_pool).drain() == 60
    assert await totals(db_pool) == (60, 60)
    assert [path.name for path in tmp_path.iterdir()] == ["loader.lock"]
    assert await db_pool.fetchval("SELECT count(*) FROM journal_offsets") == 0


async def test_full_segments_of_a_live_journal_are_removed(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    fill(journal, 60)
    await Loader(tmp_path, db_pool).drain()
    assert len(JournalReader(journal.folder).segments()) == 1
    journal.close()


async def test_a_segment_left_after_its_commit_is_not_loaded_again(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(journal, 60)
    journal.close()

    def die(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(JournalReader, "discard", die)
        with pytest.raises(KeyboardInterrupt):
            await Loader(tmp_path, db_pool).drain()
    await Loader(tmp_path, db_pool).drain()
    assert await totals(db_pool) == (60, 60)


async def test_a_journal_put_back_changes_neither_log_nor_sums(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    fill(journal, 10)
    await Loader(tmp_path, db_pool).drain()
    await db_pool.execute("UPDATE journal_offsets SET byte_offset = 0")
    fill(journal, 5, first=10)
    journal.close()
    loader = Loader(tmp_path, db_pool)
    assert await loader.drain() == 15
    assert loader.counts.repeated == 10
    assert await totals(db_pool) == (15, 15)


async def test_damage_costs_only_what_it_hit_and_is_kept(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    fill(journal, 5)
    journal.close()
    path = segment_path(journal.folder, 0)
    text = bytearray(path.read_bytes())
    middle = len(text) // 2
    text[middle : middle + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(text)
    loader = Loader(tmp_path, db_pool)
    assert await loader.drain() == 4
    assert await logged_ids(db_pool) == [f"req_{n:06}" for n in (0, 1, 3, 4)]
    assert loader.counts.damaged_bytes > 0
    assert path.with_suffix(".bad").read_bytes() == bytes(text)
    assert await loader.drain() == 0


async def test_a_torn_end_is_counted(tmp_path: Path, db_pool: Pool, journal: JournalWriter) -> None:
    fill(journal, 2)
    journal.close()
    path = segment_path(journal.folder, 0)
    path.write_bytes(path.read_bytes()[:-3])
    loader = Loader(tmp_path, db_pool)
    assert await loader.drain() == 1
    assert loader.counts.torn_bytes > 0


async def test_a_row_the_database_refuses_holds_up_nothing(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    fill(journal, 3)
    journal.append(a_record(3, features=b"no json"))
    fill(journal, 3, first=4)
    loader = Loader(tmp_path, db_pool)
    await loader.drain()
    assert await logged_ids(db_pool) == [f"req_{n:06}" for n in (0, 1, 2, 4, 5, 6)]
    assert loader.counts.refused == 1
    journal.close()


async def test_requests_not_to_be_logged_only_count(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    fill(journal, 2, logged=False, key_id="key_1")
    fill(journal, 1, first=2)
    await Loader(tmp_path, db_pool).drain()
    assert await totals(db_pool) == (1, 3)
    assert await db_pool.fetchval("SELECT cost_usd_micros FROM key_volume") == 2000
    journal.close()


async def test_two_loaders_at_once_load_each_record_once(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    other = JournalWriter(tmp_path, "other", segment_bytes=SEGMENT_BYTES)
    fill(journal, 100)
    fill(other, 100, first=100)
    loaders = [Loader(tmp_path, db_pool) for _ in range(2)]
    counts = await asyncio.gather(*(loader.drain() for loader in loaders))
    assert sum(counts) == 200
    assert await totals(db_pool) == (200, 200)
    journal.close()
    other.close()


async def test_an_offset_moved_by_somebody_else_is_noticed(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(journal, 10)
    plain = loader_module._position
    late: list[loader_module.Position] = []

    async def stale(connection: asyncpg.Connection, reader: JournalReader) -> loader_module.Position:
        found = await plain(connection, reader)
        if not late:
            late.append(found)
            await Loader(tmp_path, db_pool)._pass()
        return found

    monkeypatch.setattr(loader_module, "_position", stale)
    assert await Loader(tmp_path, db_pool).drain() == 0
    assert await totals(db_pool) == (10, 10)
    journal.close()


async def test_partitions_dropped_meanwhile_are_made_again(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    loader = Loader(tmp_path, db_pool)
    fill(journal, 1)
    await loader.drain()
    await db_pool.execute("DROP TABLE gateway_request_log_p20260301")
    fill(journal, 1, first=1)
    await loader.drain()
    assert await logged_ids(db_pool) == ["req_000001"]
    journal.close()


async def test_a_segment_of_another_version_is_left_alone(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    fill(journal, 1)
    journal.close()
    path = segment_path(journal.folder, 0)
    path.write_bytes(path.read_bytes().replace(HEADER, HEADER[:-1] + b"\x63"))
    assert await Loader(tmp_path, db_pool).drain() == 0
    assert path.exists()


async def test_a_journal_of_another_account_does_not_hold_up_the_rest(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = JournalWriter(tmp_path, "another")
    for writer in (foreign, journal):
        fill(writer, 1)
        writer.close()
    monkeypatch.setattr(loader_module.os, "access", lambda path, _mode: path != foreign.folder)
    assert await Loader(tmp_path, db_pool).drain() == 1
    assert foreign.folder.exists()


async def test_without_the_database_drain_says_so(tmp_path: Path, journal: JournalWriter) -> None:
    fill(journal, 1)
    pool = await create_pool("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseAway):
        await Loader(tmp_path, pool).drain()
    await pool.close()
    journal.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader_module, "PAUSE_S", 0.01)
    monkeypatch.setattr(loader_module, "MAX_PAUSE_S", 0.02)
    monkeypatch.setattr(loader_module, "SYNC_EVERY_S", 0.01)


@pytest.mark.usefixtures("impatient")
async def test_a_running_loader_goes_on_when_the_schema_comes_late(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    await db_pool.execute("ALTER TABLE journal_offsets RENAME TO not_yet")
    fill(journal, 2)
    loader = Loader(tmp_path, db_pool, own_journal=journal)
    running = asyncio.create_task(loader.run())
    while not loader.counts.failures:
        await asyncio.sleep(0.01)
    assert loader.counts.lag_bytes > 0
    await db_pool.execute("ALTER TABLE not_yet RENAME TO journal_offsets")
    while loader.counts.loaded < 2:
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    assert await totals(db_pool) == (2, 2)
    journal.close()


@pytest.mark.usefixtures("impatient")
async def test_a_running_loader_survives_lost_connections(
    tmp_path: Path, db_pool: Pool, journal: JournalWriter
) -> None:
    loader = Loader(tmp_path, db_pool)
    running = asyncio.create_task(loader.run())
    for number in range(10):
        fill(journal, 20, first=number * 20)
        await db_pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await asyncio.sleep(0.02)
    while loader.counts.loaded < 200:
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    assert await totals(db_pool) == (200, 200)
    journal.close()
