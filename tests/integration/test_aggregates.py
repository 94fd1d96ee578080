"""Agents, spending, policy snapshots and retention in the store."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from tests.store_records import NOON_US, a_record

from pointsman.accounting.budgets import Budgets
from pointsman.store import agents, batch, partitions, retention, snapshots, spending
from pointsman.store.pool import Pool
from pointsman.store.volumes import Volume

DAY = date(2026, 3, 1)
DAY_NUMBER = NOON_US // 86_400_000_000
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
async def used(db_pool: Pool) -> Pool:
    records = [a_record(0, key_id="key_1"), a_record(1, tier="large"), a_record(2, agent_id="codex")]
    async with db_pool.acquire() as connection:
        await partitions.ensure(connection, [DAY])
        async with connection.transaction():
            await batch.write(connection, records, staged=False)
    return db_pool


async def test_agents_are_listed_with_what_they_used(used: Pool) -> None:
    claude, codex = await agents.listing(used, DAY, DAY)
    assert claude.tiers == {tier: Volume(1, 0, 0, 100, 20, 1000) for tier in ("fast", "large")}
    assert (codex.id, codex.source, codex.first_seen_us) == ("codex", "user-agent", NOON_US + 2000)


async def test_a_period_without_requests_shows_none(used: Pool) -> None:
    assert all(not agent.tiers for agent in await agents.listing(used, date(2026, 3, 2), date(2026, 3, 3)))


async def test_a_profile_is_kept_when_its_agent_calls_or_is_registered_again(used: Pool) -> None:
    await agents.put_profile(used, "codex", b'{"gate": 0.9}', "Codex", NOW)
    await agents.register(used, "codex", "key", NOW)
    codex = (await agents.listing(used, DAY, DAY))[1]
    assert (codex.profile, codex.display, codex.source) == (b'{"gate": 0.9}', "Codex", "user-agent")


async def test_an_agent_may_get_a_profile_before_it_calls(db_pool: Pool) -> None:
    await agents.put_profile(db_pool, "new", b"{}", None, NOW)
    await agents.register(db_pool, "other", "key", NOW)
    found = await agents.listing(db_pool, DAY, DAY)
    assert [(a.id, a.source, a.profile) for a in found] == [("new", "profile", b"{}"), ("other", "key", None)]


async def test_a_days_spending_is_what_budgets_load(used: Pool) -> None:
    spent = await spending.spent_on(used, DAY_NUMBER)
    assert (spent.agents, spent.keys) == ({"claude-code": 2000, "codex": 1000}, {"key_1": 1000})
    budgets = Budgets()
    budgets.load(spent)
    assert budgets.left("claude-code", 5000, "key_1", None, DAY_NUMBER) == 3000


async def test_shadows_spend_from_an_account_of_their_own(used: Pool) -> None:
    await used.execute(
        "INSERT INTO agent_volume (agent_id, tier, day, requests, retries, side_requests, tokens_in,"
        " tokens_out, cost_usd_micros) VALUES ('codex', 'shadow', $1, 0, 0, 0, 1, 1, 700)",
        DAY,
    )
    spent = await spending.spent_on(used, DAY_NUMBER)
    assert (spent.agents["codex"], spent.agents["shadow of codex"]) == (1000, 700)


async def test_other_days_have_spendings_of_their_own(used: Pool) -> None:
    assert (await spending.spent_on(used, DAY_NUMBER + 1)).agents == {}


async def test_versions_count_from_one_without_gaps(db_pool: Pool) -> None:
    assert await snapshots.latest(db_pool) is None
    versions = await asyncio.gather(*(snapshots.publish(db_pool, b"%d" % n, "test") for n in range(6)))
    assert sorted(versions) == [1, 2, 3, 4, 5, 6]
    for number, version in enumerate(versions):
        found = await snapshots.get(db_pool, version)
        assert found is not None
        assert found.body == b"%d" % number


async def test_the_latest_snapshot_is_byte_for_byte_what_was_published(db_pool: Pool) -> None:
    await snapshots.publish(db_pool, b"old", "first", NOW)
    await snapshots.publish(db_pool, b"\x00\xff new", "second", NOW)
    found = await snapshots.latest(db_pool)
    assert found is not None
    assert (found.version, found.body, found.reason) == (2, b"\x00\xff new", "second")
    assert [(s.version, s.body_bytes) for s in await snapshots.listing(db_pool)] == [(2, 6), (1, 3)]


async def test_a_snapshot_that_was_never_published_is_none(db_pool: Pool) -> None:
    assert await snapshots.get(db_pool, 7) is None


async def test_retention_drops_old_days_and_keeps_their_sums(used: Pool) -> None:
    async with used.acquire() as connection:
        assert await retention.keep_hot(connection, date(2026, 3, 31), 30) == []
        assert await retention.keep_hot(connection, date(2026, 4, 1), 30) == [DAY]
        assert await partitions.existing_days(connection) == [
            *partitions.days_ahead(date(2026, 3, 31))[:1],
            *partitions.days_ahead(date(2026, 4, 1)),
        ]
    assert await used.fetchval("SELECT count(*) FROM gateway_request_log") == 0
    assert (await spending.spent_on(used, DAY_NUMBER)).agents["codex"] == 1000


async def test_partitions_made_by_several_at_once_are_made_once(db_pool: Pool) -> None:
    async def one() -> int:
        async with db_pool.acquire() as connection:
            return len(await partitions.ensure(connection, partitions.days_ahead(DAY)))

    assert sum(await asyncio.gather(*(one() for _ in range(5)))) == partitions.AHEAD_DAYS + 1
