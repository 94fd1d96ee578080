"""Kills of gateway, loader and database, for real: nothing is lost, nothing is loaded twice."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.scratch import scratch_folder
from tests.store_records import a_record

from pointsman.store import loader as loader_module
from pointsman.store.database import open_database
from pointsman.store.journal import JournalWriter
from pointsman.store.loader import Loader
from pointsman.store.pool import Pool

COUNT = 120
APPEND = """
import os, signal, sys
from pathlib import Path
from pointsman.store.journal import JournalWriter
from tests.store_records import a_record

journal = JournalWriter(Path(sys.argv[1]), "gateway", segment_bytes=4000)
for number in range(120):
    journal.append(a_record(number))
os.kill(os.getpid(), signal.SIGKILL)
"""
LOAD = """
import asyncio, os, signal, sys
from pathlib import Path
from pointsman.store import loader
from pointsman.store.pool import create_pool
from pointsman.store.reader import JournalReader

place, dsn, root = sys.argv[1:]
left = 3

def die_at_third(plain):
    def counted(*args, **named):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(*args, **named)
    return counted

if place == "before_commit":
    loader.batch.write = die_at_third(loader.batch.write)
elif place == "after_commit":
    JournalReader.discard = die_at_third(JournalReader.discard)
elif place == "before_folder_goes":
    left = 1
    JournalReader.remove = die_at_third(JournalReader.remove)

async def main():
    pool = await create_pool(dsn)
    await loader.Loader(Path(root), pool).drain()

asyncio.run(main())
"""


def killed(script: str, *args: str) -> None:
    """Runs a script that must end by killing itself."""
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


async def totals(pool: Pool) -> tuple[int, int]:
    rows = await pool.fetchval("SELECT count(*) FROM gateway_request_log")
    return rows, await pool.fetchval("SELECT sum(requests)::bigint FROM agent_volume")


async def test_kill_9_of_the_gateway_loses_no_record(tmp_path: Path, db_pool: Pool) -> None:
    killed(APPEND, str(tmp_path))
    assert await Loader(tmp_path, db_pool).drain() == COUNT
    assert await totals(db_pool) == (COUNT, COUNT)


@pytest.mark.parametrize("place", ["before_commit", "after_commit", "before_folder_goes"])
async def test_kill_9_of_the_loader_doubles_and_loses_nothing(
    place: str, tmp_path: Path, database: str, db_pool: Pool
) -> None:
    killed(APPEND, str(tmp_path))
    killed(LOAD, place, database, str(tmp_path))
    await Loader(tmp_path, db_pool).drain()
    assert await totals(db_pool) == (COUNT, COUNT)
    assert [path.name for path in tmp_path.iterdir()] == ["loader.lock"]


@pytest.fixture
def home() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


async def test_hours_without_the_database_lose_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader_module, "PAUSE_S", 0.02)
    monkeypatch.setattr(loader_module, "MAX_PAUSE_S", 0.04)
    first = await open_database(home, None)
    journal = JournalWriter(home / "journal", "gateway", segment_bytes=4000)
    loader = Loader(home / "journal", first.pool)
    running = asyncio.create_task(loader.run())
    for number in range(40):
        journal.append(a_record(number))
    assert first.embedded is not None
    await first.embedded.stop()
    for number in range(40, 80):
        journal.append(a_record(number))
    async with asyncio.timeout(30):
        while not loader.counts.failures:
            await asyncio.sleep(0.01)
    second = await open_database(home, None)
    async with asyncio.timeout(30):
        while (await totals(second.pool)) != (80, 80):
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait([running])
    journal.close()
    await first.close()
    await second.close()
