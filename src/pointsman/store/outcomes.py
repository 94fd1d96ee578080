"""Outcomes of decisions: written by the loader, read by learning and by people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
from msgspec import Struct
from msgspec.structs import fields

from pointsman.core.outcomes import OutcomeRecord
from pointsman.store.pool import Connection, Pool
from pointsman.store.rows import time_of, us_of
from pointsman.store.sql import queries

MAX_BATCH: Final = 50_000
_NAMES: Final = tuple([field.name for field in fields(OutcomeRecord)])
_TIMES: Final = {"seen_at_us": "seen_at", "decided_at_us": "decided_at"}
COLUMNS: Final = tuple([_TIMES.get(name, name) for name in _NAMES])
_TEXTS: Final = tuple([field.name for field in fields(OutcomeRecord) if field.type is str])
_SQL: Final = {
    name: sql.replace("{columns}", ", ".join(COLUMNS)) for name, sql in queries("outcomes").items()
}
_MAX_ATTEMPT: Final = 2**31 - 1


class Stored(Struct, frozen=True):
    """An outcome and its number, which is the cursor after it."""

    number: int
    outcome: OutcomeRecord


class Decider(Struct, frozen=True, kw_only=True):
    """The attempt that issued a tool call. `started_at_us` is microseconds since the epoch."""

    request_id: str
    attempt: int
    provider: str
    model: str
    started_at_us: int


async def add(connection: Connection, records: Sequence[OutcomeRecord]) -> None:
    """Writes what is not there yet, within the caller's transaction, whose last act it should be: until
    its end no other writer can do the same."""
    if records:
        await connection.execute(_SQL["take_turns"])
        rows = [_row_of(record) for record in records]
        await connection.execute(_SQL["add"], *[list(column) for column in zip(*rows, strict=True)])


async def of_decision(pool: Pool, decision_id: str) -> list[OutcomeRecord]:
    """What was seen of one decision, first to last."""
    return [_record_of(row) for row in await pool.fetch(_SQL["of_decision"], decision_id)]


async def of_agent(pool: Pool, agent_id: str, since: datetime, limit: int = 1000) -> list[OutcomeRecord]:
    """What was seen of an agent's decisions since then, newest first."""
    return [_record_of(row) for row in await pool.fetch(_SQL["of_agent"], agent_id, since, limit)]


async def after(pool: Pool, number: int, limit: int = MAX_BATCH) -> list[Stored]:
    """The outcomes that follow the cursor `number` (0: from the start), in order. Nothing can appear
    before a number once read."""
    rows = await pool.fetch(_SQL["after"], number, limit)
    return [Stored(row["number"], _record_of(row)) for row in rows]


async def deciders(
    pool: Pool, agent_id: str, call_ids: Sequence[str], since: datetime
) -> Mapping[str, Decider]:
    """By tool-call id, the newest attempt of the agent since then that issued it."""
    rows = await pool.fetch(_SQL["deciders"], agent_id, since, list(call_ids))
    return {
        row["call_id"]: Decider(
            request_id=row["request_id"],
            attempt=row["attempt"],
            provider=row["provider"],
            model=row["model"],
            started_at_us=us_of(row["started_at"]),
        )
        for row in rows
    }


async def forget(connection: Connection, before: datetime) -> None:
    """Drops what was seen before that time."""
    await connection.execute(_SQL["forget"], before)


def _row_of(record: OutcomeRecord) -> tuple[Any, ...]:
    """The values in the order of COLUMNS, kept within what the columns take."""
    values = {name: getattr(record, name) for name in _NAMES}
    for name in _TEXTS:
        values[name] = values[name].replace("\0", "\ufffd")
    for name in _TIMES:
        values[name] = time_of(values[name])
    values["attempt"] = min(max(record.attempt, 0), _MAX_ATTEMPT)
    values["weight"] = _share(record.weight)
    values["label"] = None if record.label is None else _share(record.label)
    return tuple(values.values())


def _share(value: float) -> float:
    """Within 0 and 1; what is no number counts nothing."""
    return min(max(value, 0.0), 1.0) if value == value else 0.0


def _record_of(row: asyncpg.Record) -> OutcomeRecord:
    values = {name: row[column] for name, column in zip(_NAMES, COLUMNS, strict=True)}
    for name in _TIMES:
        values[name] = us_of(values[name])
    return OutcomeRecord(**values)
