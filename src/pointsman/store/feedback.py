"""Feedback: written down, joined to the request it is about, noted in the log, and counted."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from pointsman.core.outcomes import OutcomeRecord, OutcomeSource, OutcomeWord, event_id_of
from pointsman.core.reports import Feedback
from pointsman.store import outcomes
from pointsman.store.inbox import CONFLICT, Refusal
from pointsman.store.pool import Connection, Pool
from pointsman.store.rows import time_of, us_of
from pointsman.store.sql import queries

GRACE_US: Final = 300_000_000
"""How long a request may take to get into the log before its absence means something."""
PATIENCE: Final = timedelta(days=7)
"""How long feedback waits for its request."""
PAGE: Final = 500
SIGNALS: Final = {"outcome": "told_outcome", "thumbs": "told_thumbs"}
_SQL: Final = queries("reports")
_NO_ID: Final = UUID(int=0)

IsComplete = Callable[[], bool]
"""Whether the journals of requests that ended a while ago have been loaded."""


class Satisfaction(Struct, frozen=True, kw_only=True):
    """What an agent's users think of a model: `user_satisfaction` is the share of thumbs that are up, None
    when all were taken back."""

    thumbs_up: int
    thumbs_down: int
    user_satisfaction: float | None


class _Said(Struct, frozen=True, kw_only=True):
    """Feedback in the form in which it is stored."""

    id: UUID
    agent_id: str
    request_id: str
    kind: str
    outcome: str
    thumbs_up: bool | None
    label: float
    received_at: datetime


async def add(
    connection: Connection, report: Feedback, is_complete: IsComplete
) -> tuple[Refusal | None, OutcomeRecord | None]:
    """Writes feedback down within the caller's transaction, and says why not, or which outcome follows.
    A repeat changes nothing."""
    digest = await connection.fetchval(_SQL["feedback_digest"], report.id)
    if digest is not None:
        return None if digest == report.digest else Refusal("conflict", CONFLICT), None
    said = _said(report)
    attempt = await _attempt(connection, said) if report.logged else None
    if attempt is not None and attempt["agent_id"] != said.agent_id:
        return _unknown(said), None
    if attempt is None and report.logged and _is_old(report) and is_complete():
        return _unknown(said), None
    await _insert(connection, report, said, "waiting" if report.logged else "unlogged")
    return None, None if attempt is None else await _apply(connection, said, attempt, report.received_at_us)


async def match_waiting(pool: Pool, now: datetime) -> int:
    """Joins the feedback whose requests have come into the log by now; returns how many that were. Gives
    up on what has waited for PATIENCE."""
    matched, edge = 0, (time_of(0), _NO_ID)
    while True:
        rows = await pool.fetch(_SQL["waiting"], *edge, PAGE)
        for row in rows:
            matched += await _match(pool, _Said(**row), now)
        if len(rows) < PAGE:
            break
        edge = (rows[-1]["received_at"], rows[-1]["id"])
    await pool.execute(_SQL["give_up"], now - PATIENCE)
    return matched


async def satisfaction(pool: Pool, agent_id: str) -> Mapping[str, Satisfaction]:
    """What the agent's users think of its models, by model."""
    rows = [dict(row) for row in await pool.fetch(_SQL["satisfaction"], agent_id)]
    return {row.pop("model"): Satisfaction(**row) for row in rows}


def began_us(request_id: str) -> int:
    """When a request began, which its id says, in microseconds since the epoch.

    >>> from pointsman.core.ids import new_request_id
    >>> began_us(new_request_id()) > began_us("req_0000000000000000000000")
    True
    """
    value = 0
    for character in request_id.removeprefix("req_"):
        value = (value << 5) | _DIGITS[character]
    return (value >> 62) * 1000


async def _match(pool: Pool, said: _Said, now: datetime) -> bool:
    attempt = await _attempt(pool, said)
    if attempt is None or attempt["agent_id"] != said.agent_id:
        return False
    async with pool.acquire() as connection, connection.transaction():
        outcome = await _apply(connection, said, attempt, us_of(now))
        await outcomes.add(connection, [outcome])
    return True


async def _attempt(connection: Connection | Pool, said: _Said) -> asyncpg.Record | None:
    """The attempt it is about: the first when another took over, which the client saw as `fallback`; else
    the one that answered."""
    name = "first_attempt" if said.outcome == OutcomeWord.FALLBACK else "last_attempt"
    return await connection.fetchrow(_SQL[name], said.request_id)


async def _insert(connection: Connection, report: Feedback, said: _Said, state: str) -> None:
    metadata = report.given.metadata
    await connection.execute(
        _SQL["add_feedback"],
        *(said.id, said.agent_id, said.request_id, said.kind, said.outcome, said.thumbs_up),
        *(metadata.completion_quality, metadata.latency_ms, metadata.token_count),
        *(report.weight, said.label, said.received_at, report.digest, state),
    )


async def _apply(connection: Connection, said: _Said, attempt: asyncpg.Record, now_us: int) -> OutcomeRecord:
    """Lets feedback count instead of what was said before, or writes it down as outdated."""
    await connection.execute(_SQL["turn"], said.request_id)
    before = await connection.fetchrow(_SQL["counting"], said.agent_id, said.request_id, said.kind)
    newest = before is None or before["received_at"] <= said.received_at
    if newest and before is not None:
        await connection.execute(_SQL["supersede"], before["id"])
        await _count(connection, said, before["model"], before["thumbs_up"], -1)
    place = (attempt["started_at"], attempt["attempt"], attempt["provider"], attempt["model"])
    state = "applied" if newest else "superseded"
    await connection.execute(_SQL["match"], said.id, state, time_of(now_us), *place)
    if newest:
        await _count(connection, said, attempt["model"], said.thumbs_up, 1)
        concerned = {(one["started_at"], one["attempt"]) for one in (before, attempt) if one is not None}
        for started_at, number in sorted(concerned):
            await connection.execute(_SQL["back_fill"], started_at, said.request_id, number, said.agent_id)
    return _outcome(said, attempt)


async def _count(
    connection: Connection, said: _Said, model: str | None, thumbs_up: bool | None, by: int
) -> None:
    if thumbs_up is not None and model:
        up, down = (by, 0) if thumbs_up else (0, by)
        await connection.execute(_SQL["add_thumbs"], said.agent_id, model, up, down, said.received_at)


def _said(report: Feedback) -> _Said:
    return _Said(
        id=report.id,
        agent_id=report.agent_id,
        request_id=report.given.request_id,
        kind=report.kind,
        outcome=report.outcome,
        thumbs_up=None if report.given.thumbs is None else report.given.thumbs == "up",
        label=report.label,
        received_at=time_of(report.received_at_us),
    )


def _outcome(said: _Said, attempt: asyncpg.Record) -> OutcomeRecord:
    """The sign that this feedback is. Of several by one signal at one decision, the newest holds."""
    values: dict[str, Any] = {
        "event_id": event_id_of(said.request_id, SIGNALS[said.kind], str(said.id)),
        "decision_id": said.request_id,
        "attempt": attempt["attempt"],
        "target": f"{attempt['provider']}/{attempt['model']}" if attempt["model"] else "",
        "agent_id": said.agent_id,
        "signal": SIGNALS[said.kind],
        "label": said.label,
        "outcome": said.outcome,
        "detail": said.kind,
    }
    return OutcomeRecord(
        **values,
        weight=1.0,
        source=OutcomeSource.TOLD,
        seen_at_us=us_of(said.received_at),
        decided_at_us=us_of(attempt["started_at"]),
    )


def _is_old(report: Feedback) -> bool:
    return began_us(report.given.request_id) < report.received_at_us - GRACE_US


def _unknown(said: _Said) -> Refusal:
    return Refusal(
        "unknown",
        f"Agent {said.agent_id!r} has made no request {said.request_id!r}, or so long ago that the log "
        "does not hold it any more.",
        "request_id",
    )


_DIGITS: Final = {character: value for value, character in enumerate("0123456789abcdefghjkmnpqrstvwxyz")}
