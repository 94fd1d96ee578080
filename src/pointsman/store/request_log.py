"""Questions to the request log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypedDict, Unpack

import asyncpg
from msgspec import Struct

from pointsman.core.events import RequestRecord
from pointsman.store.pool import Pool
from pointsman.store.rows import COLUMNS, record_of, time_of
from pointsman.store.sql import queries

MAX_PAGE: Final = 10_000
_SQL: Final = {
    name: sql.replace("{columns}", ", ".join(COLUMNS)) for name, sql in queries("request_log").items()
}


class Filters(TypedDict, total=False):
    """What attempts must be to be found; None or absent: anything."""

    agent: str | None
    model: str | None
    provider: str | None
    kind: str | None
    finish_state: str | None


class Entry(Struct, frozen=True):
    """An attempt in the log, and what somebody told of it: its `outcome`, and how good the work was
    (`completion_quality`, 0 to 10); None where nothing was told, or it was taken back."""

    record: RequestRecord
    outcome: str | None = None
    completion_quality: float | None = None


class Position(Struct, frozen=True):
    """Where a page ended. `started_at_us` is microseconds since the epoch."""

    started_at_us: int
    request_id: str
    attempt: int


class ModelSummary(Struct, frozen=True, kw_only=True):
    """Totals of one agent at one model (empty: requests that reached none). `requests` began here,
    `attempts` counts fallbacks too; `errors` failed or were refused; latencies are of attempts."""

    agent_id: str
    model: str
    requests: int
    attempts: int
    tokens_in: int
    tokens_out: int
    cost_usd_micros: int
    latency_p50_ms: float
    latency_p95_ms: float
    errors: int
    fallbacks: int


async def find(
    pool: Pool,
    *,
    since: datetime | None = None,
    before: Position | None = None,
    limit: int = 100,
    **filters: Unpack[Filters],
) -> list[Entry]:
    """Attempts that pass the filters, started at `since` or later, newest first, at most `limit` (1 to
    MAX_PAGE). `before` is the position of the last one of the page before (`position_of`)."""
    if not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"limit must be 1 to {MAX_PAGE}")
    edge = (
        (None, None, None)
        if before is None
        else (time_of(before.started_at_us), before.request_id, before.attempt)
    )
    wanted = [filters.get(name) for name in ("agent", "model", "provider", "kind", "finish_state")]
    return [_entry(row) for row in await pool.fetch(_SQL["find"], *wanted, since, *edge, limit)]


def position_of(record: RequestRecord) -> Position:
    """The position just after a record, for the next page."""
    return Position(record.started_at_us, record.request_id, record.attempt)


async def attempts_of(pool: Pool, request_id: str) -> list[Entry]:
    """All attempts of one request in order; empty when it is not in the log."""
    return [_entry(row) for row in await pool.fetch(_SQL["attempts_of"], request_id)]


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(record_of(row), row["outcome"], row["completion_quality"])


async def summary(pool: Pool, since: datetime) -> Sequence[ModelSummary]:
    """Totals by agent and model since then, by name."""
    return [ModelSummary(**row) for row in await pool.fetch(_SQL["summary"], since)]
