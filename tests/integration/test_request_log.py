"""Questions to the request log."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from tests.store_records import NOON_US, a_record

from pointsman.core.events import RequestRecord
from pointsman.store import batch, partitions, request_log
from pointsman.store.pool import Pool
from pointsman.store.request_log import ModelSummary, position_of
from pointsman.store.rows import time_of


async def log(pool: Pool, records: Sequence[RequestRecord]) -> None:
    async with pool.acquire() as connection:
        await partitions.ensure(connection, {time_of(r.started_at_us).date() for r in records})
        async with connection.transaction():
            await batch.write(connection, records, staged=False)


def noon(plus_ms: int = 0) -> datetime:
    return time_of(NOON_US + plus_ms * 1000)


async def found(pool: Pool, **filters: object) -> list[RequestRecord]:
    return [one.record for one in await request_log.find(pool, **filters)]  # type: ignore[arg-type]


async def test_the_newest_come_first(db_pool: Pool) -> None:
    await log(db_pool, [a_record(n) for n in (2, 0, 1)])
    assert await found(db_pool) == [a_record(n) for n in (2, 1, 0)]


@pytest.mark.parametrize(
    ("name", "field"),
    [("agent", "agent_id"), *[(name, name) for name in ("model", "provider", "kind", "finish_state")]],
)
async def test_a_filter_leaves_out_all_others(db_pool: Pool, name: str, field: str) -> None:
    wanted = a_record(1, **{field: "wanted"})
    await log(db_pool, [a_record(0), wanted, a_record(2)])
    assert await found(db_pool, **{name: "wanted"}) == [wanted]


async def test_filters_that_are_none_let_all_pass(db_pool: Pool) -> None:
    await log(db_pool, [a_record(0)])
    assert len(await request_log.find(db_pool, agent=None, model=None, since=None, before=None)) == 1


async def test_since_includes_its_own_moment(db_pool: Pool) -> None:
    await log(db_pool, [a_record(n) for n in range(3)])
    assert await found(db_pool, since=noon(plus_ms=1)) == [a_record(2), a_record(1)]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_show_each_attempt_once(db_pool: Pool, limit: int) -> None:
    at_once = [a_record(n, started_at_us=NOON_US, attempt=a) for n in range(3) for a in range(2)]
    await log(db_pool, [*at_once, a_record(9)])
    seen, before = [], None
    while page := await found(db_pool, before=before, limit=limit):
        seen += page
        before = position_of(page[-1])
    assert seen == [a_record(9), *reversed(at_once)]


@pytest.mark.parametrize("limit", [0, 10_001])
async def test_a_limit_out_of_range_is_refused(db_pool: Pool, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        await request_log.find(db_pool, limit=limit)


async def test_attempts_of_a_request_come_in_order(db_pool: Pool) -> None:
    attempts = [a_record(1, attempt=n, started_at_us=NOON_US + n) for n in range(3)]
    await log(db_pool, [a_record(0), *reversed(attempts)])
    assert [one.record for one in await request_log.attempts_of(db_pool, "req_000001")] == attempts
    assert await request_log.attempts_of(db_pool, "req_none") == []


async def test_the_summary_adds_up_by_agent_and_model(db_pool: Pool) -> None:
    slow = a_record(1, latency_ms=300.5, finish_state="failed")
    fallback = a_record(1, attempt=1, model="big", fallback_used=True, latency_ms=50.0)
    await log(db_pool, [a_record(0, latency_ms=100.5), slow, fallback, a_record(2, agent_id="codex")])
    sums = {(s.agent_id, s.model): s for s in await request_log.summary(db_pool, noon())}
    assert sums["claude-code", "small"] == ModelSummary(
        agent_id="claude-code",
        model="small",
        requests=2,
        attempts=2,
        tokens_in=200,
        tokens_out=40,
        cost_usd_micros=2000,
        latency_p50_ms=200.5,
        latency_p95_ms=290.5,
        errors=1,
        fallbacks=0,
    )
    big = sums["claude-code", "big"]
    assert (big.requests, big.attempts, big.fallbacks, big.errors) == (0, 1, 1, 0)
    assert sums["codex", "small"].requests == 1


async def test_the_summary_leaves_out_what_was_before(db_pool: Pool) -> None:
    await log(db_pool, [a_record(0)])
    assert await request_log.summary(db_pool, noon(plus_ms=1)) == []
