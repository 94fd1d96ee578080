"""A real PostgreSQL for all tests that need one: started once, and emptied after each test. And how
properties are tested: the same examples for the same commit, unless HYPOTHESIS_PROFILE=search looks for new
ones."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import settings
from tests.scratch import scratch_folder

from pointsman.store import migrate, pool
from pointsman.store.embedded import EmbeddedServer, start

settings.register_profile("check", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=500, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))

QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
_numbers = itertools.count()

EMPTY = """
DO $$
DECLARE part text;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'gateway_request_log'::regclass
    LOOP EXECUTE 'DROP TABLE ' || part; END LOOP;
END $$;
DELETE FROM feedback;
DELETE FROM user_satisfaction;
DELETE FROM task_executions;
DELETE FROM agent_embeddings;
DELETE FROM model_tiers WHERE updated_at > 'epoch';
DELETE FROM refused_reports;
DELETE FROM agents;
DELETE FROM agent_volume;
DELETE FROM key_volume;
DELETE FROM api_keys;
DELETE FROM policy_snapshots;
DELETE FROM journal_offsets;
DELETE FROM outcomes;
DELETE FROM calibration_runs;
TRUNCATE learning_phases, learning_cursors, learning_geometries, learning_contributions,
    learning_model_sums, learning_cell_sums, learning_waiting, agent_performance, agent_confidence_scores,
    divergences, agent_rules, alerts, learning_drifts;
UPDATE learning_state SET published_version = NULL, pinned_version = NULL, settled_version = NULL,
    published_change = 0, published_at = 'epoch';
"""
MakeDatabase = Callable[[], Awaitable[str]]


def beside(dsn: str, name: str) -> str:
    """The address of another database of the same server."""
    return dsn.replace("/pointsman?", f"/{name}?")


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    with scratch_folder() as home:
        yield home


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(postgres_home: Path) -> AsyncIterator[EmbeddedServer]:
    """The server; its database `migrated` has all migrations."""
    server = await start(postgres_home, settings=QUICK)
    await _execute(server.dsn, "CREATE DATABASE migrated")
    connection = await pool.connect(beside(server.dsn, "migrated"))
    await migrate.migrate(connection)
    await connection.close()
    yield server
    await server.stop()


@pytest.fixture
async def make_database(postgres: EmbeddedServer) -> AsyncIterator[MakeDatabase]:
    """Makes empty databases, and drops them after the test."""
    made: list[str] = []

    async def make() -> str:
        made.append(f"empty_{next(_numbers)}")
        await _execute(postgres.dsn, f"CREATE DATABASE {made[-1]} TEMPLATE template0")
        return beside(postgres.dsn, made[-1])

    yield make
    for name in made:
        await _execute(postgres.dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """The address of a migrated database without data; emptied after the test, since that is quicker than
    making another."""
    dsn = beside(postgres.dsn, "migrated")
    yield dsn
    await _execute(dsn, EMPTY)


@pytest.fixture
async def db_pool(database: str) -> AsyncIterator[pool.Pool]:
    """A pool on a migrated database without data."""
    opened = await pool.create_pool(database)
    yield opened
    await opened.close()


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
