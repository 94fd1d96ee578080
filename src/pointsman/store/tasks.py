"""Tasks: begun, and what became of them. What was told is not overwritten in silence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct
from msgspec.structs import fields

from pointsman.core.reports import TaskBegun, TaskEnded, TaskGiven, TaskResult
from pointsman.store.inbox import Refusal
from pointsman.store.pool import Connection, Pool
from pointsman.store.rows import time_of, us_of
from pointsman.store.sql import queries

PAGE: Final = 500
_GIVEN: Final = tuple([f.name for f in fields(TaskGiven) if f.name != "agent"])
_RESULT: Final = tuple([f.name for f in fields(TaskResult) if f.name != "revises"])
_SHOWN: Final = tuple(dict.fromkeys([*_GIVEN, *_RESULT]))


class Task(Struct, kw_only=True):
    """A task and what became of it. `begun_us` and `ended_us` are microseconds since the epoch; `ended_us`
    is when its outcome was last told, None before. Costs are US dollars."""

    id: UUID
    agent: str
    task_id: str
    task_type: str | None
    begun_us: int
    ended_us: int | None
    agent_used: str
    request_ids: list[str]
    task_description: str
    task_title: str | None = None
    priority: str | None = None
    domain: str | None = None
    complexity: str | None = None
    predicted_value_score: float | None = None
    predicted_input_tokens: int | None = None
    predicted_output_tokens: int | None = None
    predicted_cost: float | None = None
    assigned_model: str | None = None
    assignment_reason: str | None = None
    actual_input_tokens: int | None = None
    actual_output_tokens: int | None = None
    actual_cost: float | None = None
    execution_time_seconds: float | None = None
    success: bool | None = None
    quality_score: float | None = None
    tests_passed: int | None = None
    tests_failed: int | None = None
    bugs_introduced: int | None = None
    revision_needed: bool | None = None
    stakeholder_satisfaction: float | None = None
    value_delivered: float | None = None
    worker_id: str | None = None
    workspace: str | None = None
    session_id: str | None = None
    parent_task_id: UUID | None = None
    error_message: str | None = None


_COLUMNS: Final = (*_SHOWN, "id", "agent_id", "task_type", '"timestamp"', "outcome_at")
_SQL: Final = {name: sql.replace("{columns}", ", ".join(_COLUMNS)) for name, sql in queries("tasks").items()}
_ADD: Final = queries("tasks")["add"]


async def begin(connection: Connection, report: TaskBegun) -> Refusal | None:
    """Writes a task down within the caller's transaction. A repeat changes nothing."""
    given = report.given
    values = {name: _plain(getattr(given, name)) for name in _GIVEN}
    values |= {
        "id": report.id,
        "agent_id": report.agent_id,
        "agent_used": _plain(given.agent_used or report.agent_id),
        "task_id": _plain(given.task_id or str(report.id)),
        "task_description": _plain(given.task_description or given.task_title or ""),
        '"timestamp"': time_of(report.received_at_us),
        "digest": report.digest,
    }
    places = ", ".join([f"${number}" for number in range(1, len(values) + 1)])
    sql = _ADD.replace("{columns}", ", ".join(values)).replace("{places}", places)
    if await connection.fetchval(sql, *values.values()) is not None:
        return None
    same = await connection.fetchval(_SQL["digest"], report.id) == report.digest
    return None if same else Refusal("conflict", _BEGUN_BEFORE, "task_id")


async def end(connection: Connection, report: TaskEnded) -> Refusal | None:
    """Notes what became of a task within the caller's transaction. A repeat changes nothing."""
    row = await connection.fetchrow(_SQL["told"], report.task)
    if row is None or (report.agent_ids and row["agent_id"] not in report.agent_ids):
        return Refusal("unknown", f"There is no task {str(report.task)!r}; begin it with POST /tasks.", "id")
    told = _told(report.given)
    if not report.given.revises:
        for name, value in told.items():
            if row[name] is not None and row[name] != value and row[name] != []:
                return Refusal(
                    "conflict",
                    f"`{name}` of this task was told before as {row[name]!r}; to correct that, send "
                    '`"revises": true`.',
                    name,
                )
    changed = {name: value for name, value in told.items() if row[name] != value}
    changed["outcome_at"] = time_of(report.received_at_us)
    if len(changed) > 1:
        assignments = ", ".join([f"{name} = ${number}" for number, name in enumerate(changed, 2)])
        sql = _SQL["tell"].replace("{assignments}", assignments)
        await connection.execute(sql, report.task, *changed.values())
    return None


async def get(pool: Pool, task: UUID) -> Task | None:
    """A task, or None."""
    row = await pool.fetchrow(_SQL["get"], task)
    return None if row is None else _task_of(row)


async def measure(pool: Pool, since: datetime) -> int:
    """Fills in what the log knows of tasks that ended since then and named all their requests, where
    nobody said so; returns how many that were."""
    measured = 0
    for row in await pool.fetch(_SQL["unmeasured"], since, PAGE):
        used = await pool.fetchrow(_SQL["used"], row["request_ids"], row["agent_id"])
        if used is None or used["requests"] < len(set(row["request_ids"])):
            continue
        cost = used["cost_usd_micros"] / 1_000_000
        await pool.execute(
            _SQL["measure"], row["id"], used["tokens_in"], used["tokens_out"], cost, used["model"]
        )
        measured += 1
    return measured


def _told(given: TaskResult) -> Mapping[str, Any]:
    """What was told, by column."""
    values = {name: getattr(given, name) for name in _RESULT}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    """A value as a column takes it."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return list(value) if isinstance(value, Sequence) else value


def _task_of(row: asyncpg.Record) -> Task:
    values = {name: row[name] for name in _SHOWN}
    ended = row["outcome_at"]
    return Task(
        **values,
        id=row["id"],
        agent=row["agent_id"],
        task_type=row["task_type"],
        begun_us=us_of(row["timestamp"]),
        ended_us=None if ended is None else us_of(ended),
    )


_BEGUN_BEFORE: Final = (
    "A task of this name was begun before, with other content. Send an Idempotency-Key of its own to begin "
    "it anew."
)
