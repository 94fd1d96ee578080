"""Calibrations: what was asked of whom, and how well each did. A result and the outcome that follows from it
are written in one transaction, so that a calibration killed at any moment goes on where it was."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import asyncpg
from msgspec import Struct
from msgspec.structs import fields

from pointsman.core.calibration import (
    CALIBRATION_SIGNAL,
    CalibrationResult,
    CalibrationWanted,
)
from pointsman.core.outcomes import OutcomeRecord, OutcomeSource, OutcomeWord, event_id_of
from pointsman.store import outcomes
from pointsman.store.feedback import began_us
from pointsman.store.pool import Connection, Pool
from pointsman.store.rows import us_of
from pointsman.store.sql import queries

WEIGHT: Final = 1.0
"""What a scored answer weighs as evidence."""
JUDGED_WEIGHT: Final = 0.5
"""What one weighs that a judge scored."""


class CalibrationRun(Struct, frozen=True, kw_only=True):
    """One calibration. `finished_at` is None while there is more to ask."""

    id: UUID
    digest: str
    source: str
    items: int
    targets: tuple[str, ...]
    judge: str | None
    budget_usd_micros: int
    started_at: datetime
    finished_at: datetime | None


_COLUMNS: Final = ", ".join([field.name for field in fields(CalibrationRun)])
_SQL: Final = {name: sql.replace("{columns}", _COLUMNS) for name, sql in queries("calibrations").items()}


async def begin(pool: Pool, wanted: CalibrationWanted) -> CalibrationRun:
    """A new calibration, or the unfinished one of the same digest."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL["turn"], wanted.digest)
        row = None if wanted.fresh else await connection.fetchrow(_SQL["unfinished"], wanted.digest)
        if row is None:
            row = await connection.fetchrow(
                _SQL["begin"],
                *(uuid4(), wanted.digest, wanted.source, wanted.items, list(wanted.targets)),
                *(wanted.judge, wanted.budget_usd_micros, datetime.now(UTC)),
            )
    assert row is not None  # noqa: S101 - INSERT ... RETURNING
    return _run(row)


async def get(pool: Pool, run: UUID) -> CalibrationRun | None:
    """One calibration; None when there is none of that id."""
    row = await pool.fetchrow(_SQL["get"], run)
    return None if row is None else _run(row)


async def newest(pool: Pool, limit: int) -> list[CalibrationRun]:
    """The calibrations begun last."""
    return [_run(row) for row in await pool.fetch(_SQL["newest"], limit)]


async def results(pool: Pool, run: UUID) -> list[CalibrationResult]:
    """All results so far."""
    return [CalibrationResult(**dict(row)) for row in await pool.fetch(_SQL["results"], run)]


async def add(
    pool: Pool, run: CalibrationRun, given: Sequence[CalibrationResult], agent_id: str, *, finished: bool
) -> int:
    """Writes results down and what follows from them, and returns how many were new. What was scored before
    stays. `agent_id` is the calibration's name in the log."""
    now = datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        new = [one for one in given if await _add(connection, run.id, one, now)]
        if finished:
            await connection.execute(_SQL["finish"], run.id, now)
        await outcomes.add(connection, [_outcome(one, agent_id, now) for one in new if _tells(one)])
    return len(new)


async def _add(connection: Connection, run: UUID, one: CalibrationResult, now: datetime) -> bool:
    row = await connection.fetchrow(
        _SQL["add"],
        *(run, one.item, one.target, one.grader, one.score, one.detail, one.request_id),
        *(one.cost_usd_micros, one.latency_ms, now),
    )
    return row is not None


def _tells(one: CalibrationResult) -> bool:
    return one.score is not None and one.request_id is not None


def _outcome(one: CalibrationResult, agent_id: str, now: datetime) -> OutcomeRecord:
    score, request_id = one.score or 0.0, one.request_id or ""
    word = OutcomeWord.SUCCESS if score >= 1.0 else OutcomeWord.ERROR if score <= 0.0 else ""
    return OutcomeRecord(
        event_id=event_id_of(request_id, CALIBRATION_SIGNAL, one.item),
        decision_id=request_id,
        attempt=0,
        target=one.target,
        agent_id=agent_id,
        signal=CALIBRATION_SIGNAL,
        label=score,
        weight=JUDGED_WEIGHT if one.grader == "judge" else WEIGHT,
        source=OutcomeSource.TOLD,
        outcome=word,
        detail=one.grader,
        seen_at_us=us_of(now),
        decided_at_us=began_us(request_id),
    )


def _run(row: asyncpg.Record) -> CalibrationRun:
    return CalibrationRun(**{**dict(row), "targets": tuple(row["targets"])})
