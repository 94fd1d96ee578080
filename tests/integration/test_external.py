"""An external server over TCP, with a password and a role that owns only its own database."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from tests.scratch import free_port, scratch_folder
from tests.store_records import NOON_US, a_record

from pointsman.store import api_keys, request_log, retention, snapshots, spending
from pointsman.store.database import Database, open_database
from pointsman.store.embedded import EmbeddedServer, start
from pointsman.store.errors import ExtensionMissing
from pointsman.store.journal import JournalWriter
from pointsman.store.loader import Loader

HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
ROLE = """
CREATE ROLE gate LOGIN PASSWORD 'pa ss/wo:rd' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE bare LOGIN PASSWORD 'pa ss/wo:rd' NOSUPERUSER NOCREATEDB NOCREATEROLE;
"""
PASSWORD = "pa%20ss%2Fwo%3Ard"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with scratch_folder() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def port(folder: Path) -> AsyncIterator[int]:
    """A server on TCP with the databases `gates` (with pgvector) and `bares` (without)."""
    hba = folder / "pg_hba.conf"
    hba.write_text(HBA)
    chosen = free_port()
    tcp = {"listen_addresses": "127.0.0.1", "port": str(chosen), "hba_file": str(hba), "fsync": "off"}
    server = await start(folder, settings={"shared_buffers": "16MB", **tcp})
    await _prepare(server)
    yield chosen
    await server.stop()


async def _prepare(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.dsn)
    await connection.execute(ROLE)
    for role in ("gate", "bare"):
        await connection.execute(f"CREATE DATABASE {role}s OWNER {role}")
    await connection.close()
    inside = await asyncpg.connect(server.dsn.replace("/pointsman?", "/gates?"))
    await inside.execute("CREATE EXTENSION vector")
    await inside.close()


def url(port: int, role: str = "gate", password: str = PASSWORD) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{role}s"


@pytest.fixture
async def opened(folder: Path, port: int) -> AsyncIterator[Database]:
    database = await open_database(folder, url(port))
    yield database
    await database.close()


async def test_the_server_soon_lets_go_of_what_a_machine_held_that_is_gone(opened: Database) -> None:
    """Else nobody learns for hours: the place of learning is a lock of its connection."""
    settings = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    idle_s, every_s, times = [await set_to(opened, name) for name in settings]
    assert 0 < idle_s + every_s * times <= 60
    assert 0 < await set_to(opened, "tcp_user_timeout") <= 60_000


async def set_to(opened: Database, name: str) -> int:
    return int(await opened.pool.fetchval("SELECT setting FROM pg_settings WHERE name = $1", name))


async def test_everything_works_for_a_role_that_owns_only_its_database(
    tmp_path: Path, opened: Database
) -> None:
    assert opened.embedded is None
    journal = JournalWriter(tmp_path, "worker")
    journal.append(a_record(0))
    journal.close()
    assert await Loader(tmp_path, opened.pool).drain() == 1
    assert [one.record for one in await request_log.find(opened.pool)] == [a_record(0)]
    assert (await spending.spent_on(opened.pool, NOON_US // 86_400_000_000)).agents == {"claude-code": 1000}
    assert await snapshots.publish(opened.pool, b"{}", "test") == 1
    assert await api_keys.listing(opened.pool) == []
    async with opened.pool.acquire() as connection:
        gone = await retention.keep_hot(connection, datetime(2026, 6, 1, tzinfo=UTC).date())
    assert gone
    assert await request_log.find(opened.pool) == []


async def test_the_role_is_no_superuser(opened: Database) -> None:
    assert await opened.pool.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


async def test_a_wrong_password_is_refused(folder: Path, port: int) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await open_database(folder, url(port, password="wrong"))


async def test_without_pgvector_the_message_says_what_a_superuser_must_run(folder: Path, port: int) -> None:
    with pytest.raises(ExtensionMissing, match=r"bare may not .* psql -d bares -c 'CREATE EXTENSION vector'"):
        await open_database(folder, url(port, role="bare"))


async def test_nobody_listening_is_an_error_of_the_system(folder: Path) -> None:
    with pytest.raises(OSError):
        await open_database(folder, url(free_port()))


async def test_the_external_database_leaves_no_files_in_home(tmp_path: Path, port: int) -> None:
    database = await open_database(tmp_path, url(port))
    await database.close()
    assert list(tmp_path.iterdir()) == []
