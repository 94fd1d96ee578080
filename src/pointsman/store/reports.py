"""Delivers reports to the database: a batch in one transaction, each report on its own in it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import asyncpg
import msgspec

from pointsman.core.outcomes import OutcomeRecord
from pointsman.core.reports import Feedback, Report, TaskBegun
from pointsman.store import feedback, outcomes, tasks
from pointsman.store.feedback import IsComplete
from pointsman.store.inbox import Deliver, Refusal, Undelivered
from pointsman.store.pool import Connection, Pool
from pointsman.store.rows import time_of
from pointsman.store.sql import queries

MEASURE_FOR: Final = timedelta(hours=1)
REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_SQL: Final = queries("reports")
_encode = msgspec.json.Encoder().encode


def delivery(pool: Pool, is_complete: IsComplete) -> Deliver:
    """What an inbox calls to deliver."""
    return partial(deliver, pool, is_complete)


async def deliver(pool: Pool, is_complete: IsComplete, reports: Sequence[Report]) -> Sequence[Refusal | None]:
    """Writes reports, all or none, and says of each why it was refused, if it was. Repeats change nothing."""
    verdicts: list[Refusal | None] = []
    seen: list[OutcomeRecord] = []
    async with pool.acquire() as connection, connection.transaction():
        for report in reports:
            try:
                async with connection.transaction():
                    refusal, outcome = await _write(connection, report, is_complete)
            except REFUSED as error:
                refusal, outcome = Refusal("invalid", str(error)), None
            verdicts.append(refusal)
            if outcome is not None:
                seen.append(outcome)
        await outcomes.add(connection, seen)
    return verdicts


async def keep(pool: Pool, refused: Sequence[Undelivered]) -> None:
    """Keeps those refused reports whose senders were not told so."""
    for one in refused:
        if not one.told:
            text = _encode(one.report).replace(b"\\u0000", b"\\ufffd")
            why = f"{one.refusal.why}: {one.refusal.message}"
            at = time_of(one.report.received_at_us)
            await pool.execute(_SQL["keep_refused"], one.report.id, at, why, text)


async def forget(connection: Connection, before: datetime) -> None:
    """Drops what was said of requests, or refused, before that time. The thumbs counted stay."""
    await connection.execute(_SQL["forget_feedback"], before)
    await connection.execute(_SQL["forget_refused"], before)


async def catch_up(pool: Pool) -> None:
    """Joins what came before its request was in the log. Call it every few seconds."""
    now = datetime.now(UTC)
    await feedback.match_waiting(pool, now)
    await tasks.measure(pool, now - MEASURE_FOR)


async def _write(
    connection: Connection, report: Report, is_complete: IsComplete
) -> tuple[Refusal | None, OutcomeRecord | None]:
    if isinstance(report, Feedback):
        return await feedback.add(connection, report, is_complete)
    if isinstance(report, TaskBegun):
        return await tasks.begin(connection, report), None
    return await tasks.end(connection, report), None
