"""Keys are kept, ended, and announced to all gateways."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from msgspec.structs import replace

from pointsman.core.keys import ApiKey, digest_of, new_secret
from pointsman.store import api_keys, notices
from pointsman.store.notices import listen
from pointsman.store.pool import Pool

FULL = ApiKey(
    id="key_1",
    name="ci",
    digest=digest_of("pm-secret"),
    hint="cret",
    agent="codex",
    allowed_agents=("a", "b"),
    allowed_models=("small",),
    daily_budget_usd_micros=5_000_000,
    created_s=1_700_000_000,
)


def another(number: int) -> ApiKey:
    digest = digest_of(new_secret())
    return ApiKey(id=f"key_{number}", name="n", digest=digest, hint="h", created_s=number)


async def test_a_key_comes_back_as_it_was(db_pool: Pool) -> None:
    await api_keys.create(db_pool, FULL)
    assert await api_keys.listing(db_pool) == [FULL]


async def test_the_oldest_key_comes_first(db_pool: Pool) -> None:
    for number in (3, 1, 2):
        await api_keys.create(db_pool, another(number))
    assert [key.id for key in await api_keys.listing(db_pool)] == ["key_1", "key_2", "key_3"]


async def test_a_key_ends_once(db_pool: Pool) -> None:
    await api_keys.create(db_pool, FULL)
    assert await api_keys.revoke(db_pool, "key_1", 1_800_000_000) == replace(FULL, revoked_s=1_800_000_000)
    again = await api_keys.revoke(db_pool, "key_1", 1_900_000_000)
    assert again is not None
    assert again.revoked_s == 1_800_000_000


async def test_an_unknown_key_cannot_be_ended(db_pool: Pool) -> None:
    assert await api_keys.revoke(db_pool, "key_none", 1) is None


async def test_two_keys_of_one_secret_are_refused(db_pool: Pool) -> None:
    await api_keys.create(db_pool, FULL)
    with pytest.raises(asyncpg.UniqueViolationError):
        await api_keys.create(db_pool, replace(FULL, id="key_2"))


class Heard:
    """Counts calls and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[None] = asyncio.Queue()

    async def __call__(self) -> None:
        self.calls.put_nowait(None)

    async def once(self) -> None:
        await asyncio.wait_for(self.calls.get(), 30)


@pytest.fixture
async def heard(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Heard]:
    monkeypatch.setattr(notices, "RETRY_S", 0.02)
    monkeypatch.setattr(notices, "PROBE_EVERY_S", 0.05)
    found = Heard()
    task = asyncio.create_task(listen(database, api_keys.CHANNEL, found))
    await found.once()
    yield found
    task.cancel()
    await asyncio.wait([task])


async def test_a_listener_hears_of_new_and_of_ended_keys(db_pool: Pool, heard: Heard) -> None:
    await api_keys.create(db_pool, FULL)
    await heard.once()
    await api_keys.revoke(db_pool, "key_1", 1)
    await heard.once()
    assert heard.calls.empty()


async def test_a_listener_still_hears_after_it_has_probed_the_connection(db_pool: Pool, heard: Heard) -> None:
    await asyncio.sleep(0.3)  # several probes
    await api_keys.create(db_pool, FULL)
    await heard.once()


async def test_a_listener_connects_again_and_reads_what_it_missed(db_pool: Pool, heard: Heard) -> None:
    await db_pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await heard.once()
    await api_keys.create(db_pool, FULL)
    await heard.once()


async def test_a_listener_waits_for_a_database_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "RETRY_S", 0.01)
    found = Heard()
    task = asyncio.create_task(listen("postgresql://a@127.0.0.1:1/none", "channel", found))
    await asyncio.sleep(0.1)
    assert not task.done()
    assert found.calls.empty()
    task.cancel()
    await asyncio.wait([task])
