"""What learning reads and adds up: outcomes with their decisions, contributions, and sums by day.

Everything takes the caller's connection, because whoever learns holds its place by that connection, and
moves cursors, contributions and sums in one transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from pointsman.core.calibration import CALIBRATION_AGENT
from pointsman.core.snapshot import Performance, TaskPerformance
from pointsman.store.pool import Connection
from pointsman.store.rows import EPOCH, us_of
from pointsman.store.sql import queries

TASK: Final = "task:"
"""What a decision's id begins with that is a task's own, not a request's."""
SPAN: Final = timedelta(hours=2)
"""How long before or after what its outcomes say a request may have begun."""


class Contribution(Struct, frozen=True, kw_only=True):
    """What one attempt adds to the sums of its `day`: `reward` (0-1) with `weight`, which was `own_weight`
    before its conversation's cap. `vector` is the task's; `geometry` the version it was counted in."""

    decision_id: str
    attempt: int
    at: datetime
    day: date
    agent_id: str
    model: str
    slice: str
    reward: float
    own_weight: float
    weight: float
    geometry: int
    conversation: str | None
    vector: bytes


class Sign(Struct, frozen=True, kw_only=True):
    """An outcome that says something of an answer's quality. Times are microseconds since the epoch."""

    event_id: str
    decision_id: str
    attempt: int
    agent_id: str
    signal: str
    label: float
    weight: float
    source: str
    outcome: str
    seen_at_us: int
    decided_at_us: int


class Attempted(Struct, frozen=True, kw_only=True):
    """An attempt that outcomes may be about. `vector` is empty where features are not kept."""

    decision_id: str
    attempt: int
    started_at: datetime
    agent_id: str
    provider: str
    model: str
    kind: str
    task_type: str
    session_key: str | None
    vector: bytes


class ToldTask(Struct, frozen=True, kw_only=True):
    """A task whose end was told."""

    id: UUID
    agent_id: str
    assigned_model: str | None
    success: bool | None
    quality_score: float | None
    tests_passed: int | None
    tests_failed: int | None
    revision_needed: bool | None
    stakeholder_satisfaction: float | None
    request_ids: list[str]
    outcome_at: datetime
    changed_at: datetime
    timestamp: datetime


class Cursor(Struct, frozen=True):
    """How far a source has been read."""

    number: int = 0
    at: datetime = EPOCH


class _Vector(Struct):
    """The one field of recorded features that the sums need."""

    vector: bytes = b""


_COLUMNS: Final = tuple([field.name for field in fields(Contribution)])
_SQL: Final = {
    name: sql.replace("{columns}", ", ".join(_COLUMNS)) for name, sql in queries("learning").items()
}
_vector_of = msgspec.json.Decoder(_Vector).decode


async def cursor(connection: Connection, name: str) -> Cursor:
    """How far a source has been read; from its start if never."""
    row = await connection.fetchrow(_SQL["cursor"], name)
    return Cursor() if row is None else Cursor(row["number"], row["at"])


async def put_cursor(connection: Connection, name: str, to: Cursor) -> None:
    """Moves a cursor, within the transaction that counts what was read."""
    await connection.execute(_SQL["put_cursor"], name, to.number, to.at)


async def new_decisions(connection: Connection, number: int, limit: int) -> tuple[list[str], int]:
    """The decisions of the next outcomes, each once, and the cursor after them."""
    rows = await connection.fetch(_SQL["new_outcomes"], number, limit)
    return list(dict.fromkeys([row["decision_id"] for row in rows])), rows[-1]["number"] if rows else number


async def outcomes_behind(connection: Connection, number: int, most: int | None = None) -> int:
    """How many outcomes have not been read; not counted beyond `most`."""
    count: int = await connection.fetchval(_SQL["outcomes_behind"], number, most)
    return count


async def signs(connection: Connection, decisions: Sequence[str]) -> dict[tuple[str, int], list[Sign]]:
    """What is known of some decisions' quality, by decision and attempt."""
    found: dict[tuple[str, int], list[Sign]] = {}
    for row in await connection.fetch(_SQL["signs"], decisions):
        values = dict(row)
        values["seen_at_us"] = us_of(values.pop("seen_at"))
        values["decided_at_us"] = us_of(values.pop("decided_at"))
        found.setdefault((row["decision_id"], row["attempt"]), []).append(Sign(**values))
    return found


async def attempted(connection: Connection, decisions: Sequence[str]) -> dict[tuple[str, int], Attempted]:
    """The attempts of some decisions, as far as the log has them, by decision and number."""
    requests = [one for one in decisions if not one.startswith(TASK)]
    tasks = [UUID(one.removeprefix(TASK)) for one in decisions if one.startswith(TASK)]
    found = await _requests(connection, requests) if requests else {}
    rows = await connection.fetch(_SQL["tasks_named"], tasks) if tasks else []
    for row in rows:
        name = f"{TASK}{row['id']}"
        found[name, 0] = Attempted(
            decision_id=name,
            attempt=0,
            started_at=row["timestamp"],
            agent_id=row["agent_id"],
            provider="",
            model=row["assigned_model"] or "",
            kind="request",
            task_type=f"_{row['domain']}_" if row["domain"] else "",
            session_key=None,
            vector=b"",
        )
    return found


async def _requests(connection: Connection, requests: Sequence[str]) -> dict[tuple[str, int], Attempted]:
    span = await connection.fetchrow(_SQL["span"], requests)
    if span is None or span["first"] is None:
        return {}
    first, last = max(span["first"], EPOCH + SPAN) - SPAN, span["last"] + SPAN
    rows = await connection.fetch(_SQL["attempts"], requests, first, last)
    vectors = {row["request_id"]: _vector(row["features"]) for row in rows if row["features"] is not None}
    return {
        (row["request_id"], row["attempt"]): Attempted(
            decision_id=row["request_id"],
            attempt=row["attempt"],
            started_at=row["started_at"],
            agent_id=row["agent_id"],
            provider=row["provider"],
            model=row["model"],
            kind=row["kind"],
            task_type=row["task_type"],
            session_key=row["session_key"],
            vector=vectors.get(row["request_id"], b""),
        )
        for row in rows
    }


def _vector(features: bytes) -> bytes:
    try:
        return _vector_of(features).vector
    except msgspec.MsgspecError:
        return b""


async def tasks_changed(connection: Connection, after: datetime, limit: int) -> list[ToldTask]:
    """Tasks whose end was told and that changed after then, oldest change first."""
    rows = await connection.fetch(_SQL["tasks_changed"], after, limit)
    return [ToldTask(**dict(row)) for row in rows]


# Contributions


async def contributions(
    connection: Connection, decisions: Sequence[str]
) -> dict[tuple[str, int], Contribution]:
    """What some decisions add to the sums now."""
    rows = await connection.fetch(_SQL["contributions"], decisions)
    return {(row["decision_id"], row["attempt"]): Contribution(**dict(row)) for row in rows}


async def of_conversations(connection: Connection, conversations: Sequence[str]) -> list[str]:
    """The decisions of some conversations that add to the sums."""
    return [row["decision_id"] for row in await connection.fetch(_SQL["conversations"], conversations)]


async def of_other_geometry(connection: Connection, geometry: int, limit: int) -> list[Contribution]:
    """Contributions that were counted in another geometry."""
    rows = await connection.fetch(_SQL["of_other_geometry"], geometry, limit)
    return [Contribution(**dict(row)) for row in rows]


async def put_contributions(connection: Connection, made: Sequence[Contribution]) -> None:
    """Writes contributions, over those of before."""
    columns = [[getattr(one, name) for one in made] for name in _COLUMNS]
    if made:
        await connection.execute(_SQL["put_contributions"], *columns)


async def drop_contributions(connection: Connection, gone: Sequence[tuple[str, int]]) -> None:
    """Removes contributions."""
    if gone:
        await connection.execute(
            _SQL["drop_contributions"], [one[0] for one in gone], [one[1] for one in gone]
        )


async def wait_for(connection: Connection, decisions: Sequence[str], now: datetime) -> None:
    """Notes decisions whose requests are not in the log yet."""
    await connection.execute(_SQL["wait_for"], decisions, now)


async def waiting(connection: Connection, limit: int) -> list[str]:
    """The decisions that are waited for."""
    return [row["decision_id"] for row in await connection.fetch(_SQL["waiting"], limit)]


async def wait_no_more(connection: Connection, decisions: Sequence[str], before: datetime) -> None:
    """Waits for these no more, nor for any noted before that time."""
    await connection.execute(_SQL["found"], decisions, before)


# Geometry and figures


async def geometry(connection: Connection) -> tuple[bytes, int] | None:
    """The geometry in use and of how many vectors it was made; None before the first."""
    row = await connection.fetchrow(_SQL["geometry"])
    return None if row is None else (row["body"], row["vectors"])


async def put_geometry(connection: Connection, version: int, body: bytes, vectors: int) -> None:
    """Brings a geometry into use."""
    await connection.execute(_SQL["put_geometry"], version, body, vectors, datetime.now(UTC))


async def vectors(connection: Connection, size_bytes: int, limit: int) -> list[bytes]:
    """Vectors of that size, of the newest days."""
    return [row["vector"] for row in await connection.fetch(_SQL["some_vectors"], size_bytes, limit)]


async def count_vectors(connection: Connection, size_bytes: int, limit: int) -> int:
    """How many contributions have a vector of that size, at most `limit`."""
    count: int = await connection.fetchval(_SQL["count_vectors"], size_bytes, limit)
    return count


async def last_seen(connection: Connection, agents: Sequence[str]) -> dict[str, float]:
    """When agents made their last request, in Unix seconds."""
    rows = await connection.fetch(_SQL["last_seen"], agents)
    return {row["id"]: us_of(row["last_seen"]) / 1e6 for row in rows}


async def requests_measured(connection: Connection, since: date) -> int:
    """How many requests `agent_performance` has since a day."""
    count: int = await connection.fetchval(_SQL["requests_measured"], since)
    return count


async def measure_performance(connection: Connection, day: date) -> None:
    """Counts how targets did on a day of the log, anew."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    await connection.execute(_SQL["measure_performance"], day, start, end, CALIBRATION_AGENT)


async def performance(connection: Connection, since: date) -> dict[str, dict[str, Performance]]:
    """How targets did for agents since a day, and under an empty name for everyone."""
    sums: dict[str, dict[str, list[float]]] = {}
    for row in await connection.fetch(_SQL["performance"], since):
        for agent in (row["agent_id"], ""):
            cell = sums.setdefault(agent, {}).setdefault(row["target"], [0, 0, 0.0])
            cell[0] += row["requests"]
            cell[1] += row["successes"]
            cell[2] += row["latency_ms_sum"]
    return {
        agent: {
            target: Performance(
                requests=int(cell[0]),
                success_rate=cell[1] / cell[0],
                latency_ms=cell[2] / cell[1] if cell[1] else 0.0,
            )
            for target, cell in sorted(cells.items())
            if cell[0]
        }
        for agent, cells in sorted(sums.items())
    }


async def refresh_models(connection: Connection) -> None:
    """Brings `model_performance` up to date."""
    await connection.execute(_SQL["refresh_models"])


async def task_performance(connection: Connection) -> dict[str, dict[str, TaskPerformance]]:
    """What models made of each type of task: moving averages, of which the first task starts each and every
    further one counts a tenth (seed C)."""
    found: dict[str, dict[str, TaskPerformance]] = {}
    for row in await connection.fetch(_SQL["task_performance"]):
        found.setdefault(row["task_type"], {})[row["assigned_model"]] = TaskPerformance(
            tasks=row["total_tasks"],
            success_rate=row["success_rate"],
            quality=row["quality"],
            value_per_usd=row["value_per_dollar"],
        )
    return {task_type: dict(sorted(models.items())) for task_type, models in sorted(found.items())}


async def recent_labelled(connection: Connection, since: date, limit: int) -> list[Mapping[str, Any]]:
    """The newest labelled decisions with the features they were made from. Shadows and calibrations were no
    decisions."""
    rows = await connection.fetch(_SQL["recent_labelled"], since, limit, CALIBRATION_AGENT)
    return [dict(row) for row in rows]


async def forget_before(connection: Connection, contributions_day: date, sums_day: date) -> None:
    """Drops contributions before one day, and sums before another."""
    await connection.execute(_SQL["forget_before"], contributions_day, sums_day)
