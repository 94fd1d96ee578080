"""Tasks as the memory sees them: their embeddings, the tasks near an embedding, and what changed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from pointsman.store.pool import Connection, Pool
from pointsman.store.rows import EPOCH, us_of
from pointsman.store.sql import queries

CHANNEL: Final = "pointsman_tasks"
"""Announces new and changed tasks."""
ERASED_CHANNEL: Final = "pointsman_tasks_erased"
"""Announces that tasks were deleted."""
COLUMNS: Final = (
    "id",
    "task_id",
    "task_title",
    "agent_used",
    "assigned_model",
    "task_type",
    "success",
    "quality_score",
    "actual_cost",
    "execution_time_seconds",
    "timestamp",
)
_SQL: Final = {
    name: sql.replace("{columns}", ", ".join([f'"{column}"' for column in COLUMNS]))
    for name, sql in queries("task_memory").items()
}
NO_ID: Final = UUID(int=0)


class TaskText(Struct, frozen=True, kw_only=True):
    """A task that wants an embedding, whose it is, its words, and what was told of its kind."""

    id: UUID
    agent_id: str
    text: str
    priority: str | None
    domain: str | None
    complexity: str | None


class Understood(Struct, frozen=True, kw_only=True):
    """What the words of a task came to: its embedding, and its labels (empty: not known)."""

    id: UUID
    vector: Sequence[float]
    priority: str = ""
    domain: str = ""
    complexity: str = ""


class PastTask(Struct, frozen=True, kw_only=True):
    """A finished task. `similarity` is the cosine to the one asked for, -1 to 1. Costs are US dollars;
    `finished_us` is microseconds since the epoch."""

    id: UUID
    task_id: str
    task_title: str | None
    agent_used: str
    assigned_model: str
    task_type: str | None
    success: bool
    quality_score: float | None
    actual_cost: float | None
    execution_time_seconds: float | None
    finished_us: int
    similarity: float


class Change(Struct, frozen=True, kw_only=True):
    """A task that changed. `embedding` is what `halfvec_send` sends; None when the task does not count: not
    finished, without a model, or without an embedding of the embedder asked for."""

    id: UUID
    agent_used: str
    assigned_model: str | None
    task_type: str | None
    success: bool | None
    changed_at: datetime
    embedding: bytes | None


class Used(Struct, frozen=True, kw_only=True):
    """What one agent did: tasks, their success rate 0 to 1, their mean duration."""

    agent_used: str
    task_count: int
    success_rate: float
    avg_duration_ms: float | None


class Gap(Struct, frozen=True, kw_only=True):
    """A failed task, and the agent whose specification is nearest, at a cosine distance of 0 to 2."""

    id: UUID
    task_id: str
    task_title: str | None
    agent_used: str
    assigned_model: str | None
    task_type: str | None
    finished_us: int
    nearest_agent: str
    distance: float


class Counts(Struct, frozen=True, kw_only=True):
    """How many tasks there are, and how many have an embedding of the embedder in use or of another."""

    tasks: int
    finished: int
    embedded: int
    embedded_by_others: int


async def wanting(
    connection: Connection, embedder: str, limit: int, but: Sequence[str], *, of_others: bool
) -> list[TaskText]:
    """Tasks that have words and no embedding, or (`of_others`) one of another embedder; locked until the
    end of the caller's transaction, so that no two workers do the same. Not tasks of the agents in
    `but`."""
    if of_others:
        rows = await connection.fetch(_SQL["embedded_by_others"], limit, list(but), embedder)
    else:
        rows = await connection.fetch(_SQL["not_embedded"], limit, list(but))
    return [
        TaskText(
            id=row["id"],
            agent_id=row["agent_id"],
            text=text_of(row["task_title"], row["task_description"]),
            priority=row["priority"],
            domain=row["domain"],
            complexity=row["complexity"],
        )
        for row in rows
    ]


def text_of(title: str | None, description: str | None) -> str:
    """The words of a task: its title, and its description below.

    >>> text_of("Add tests", "For the parser."), text_of("Add tests", "Add tests")
    ('Add tests\\nFor the parser.', 'Add tests')
    """
    return "\n".join(dict.fromkeys([part for part in (title, description) if part]))


async def note(connection: Connection, embedder: str, tasks: Sequence[Understood]) -> None:
    """Gives tasks their embeddings, and the labels that nobody told, within the caller's transaction."""
    await connection.executemany(
        _SQL["note"],
        [(one.id, one.vector, embedder, one.priority, one.domain, one.complexity) for one in tasks],
    )


async def embedded_agents(pool: Pool) -> list[str]:
    """Whose tasks have embeddings."""
    return [row["agent_id"] for row in await pool.fetch(_SQL["embedded_agents"])]


async def drop_embeddings(pool: Pool, agents: Sequence[str]) -> None:
    """Erases the embeddings of these agents' tasks."""
    await pool.execute(_SQL["drop_embeddings"], list(agents))


async def ensure_index(pool: Pool, dimensions: int) -> None:
    """Makes the index for embeddings of so many dimensions, if there is none. Takes as long as there are
    such embeddings."""
    await pool.execute(_with(dimensions, "create_index"))


async def similar(
    pool: Pool,
    vector: Sequence[float],
    embedder: str,
    limit: int,
    agents: Sequence[str] = (),
    tellers: Sequence[str] = (),
) -> list[PastTask]:
    """The finished tasks nearest to `vector` (of length 1), nearest first; only those that one of `agents`
    did (under any case of its name) and one of `tellers` told of, if any are named."""
    async with pool.acquire() as connection, connection.transaction():
        if agents or tellers:
            sql = _with(len(vector), "similar_of")
            did = [name.upper() for name in agents]
            rows = await connection.fetch(sql, vector, embedder, limit, did, list(tellers))
        else:
            await connection.execute(_SQL["look_wider"])
            rows = await connection.fetch(_with(len(vector), "similar"), vector, embedder, limit)
    found = [PastTask(**_timed(row)) for row in rows]
    return sorted(found, key=lambda one: -one.similarity)


async def changes(pool: Pool, embedder: str, after: datetime, after_id: UUID, limit: int) -> list[Change]:
    """What changed after the position (`after`, `after_id`), oldest first."""
    rows = await pool.fetch(_SQL["changed"], after, embedder, after_id, limit)
    return [Change(**row) for row in rows]


async def edge(pool: Pool, embedder: str, newest: int) -> datetime:
    """The time since which at most `newest` tasks that count have changed; the epoch if there are fewer."""
    found: datetime | None = await pool.fetchval(_SQL["newest_edge"], embedder, newest)
    return EPOCH.astimezone(UTC) if found is None else found


async def used(pool: Pool, since: datetime) -> list[Used]:
    """Who did which share of the finished tasks since then, by name."""
    return [Used(**row) for row in await pool.fetch(_SQL["used"], since)]


async def gaps(pool: Pool, embedder: str, since: datetime, least_distance: float, limit: int) -> list[Gap]:
    """Tasks that failed since then and lie farther than `least_distance` from every agent's specification,
    the farthest first."""
    rows = await pool.fetch(_SQL["gaps"], embedder, since, least_distance, limit)
    return [Gap(**{name: value for name, value in _timed(row).items() if name in _GAP}) for row in rows]


async def counts(pool: Pool, embedder: str) -> Counts:
    """How much the memory holds."""
    return Counts(**(await pool.fetch(_SQL["counts"], embedder))[0])


def _with(dimensions: int, name: str) -> str:
    return _SQL[name].replace("{dimensions}", str(int(dimensions)))


def _timed(row: asyncpg.Record) -> dict[str, Any]:
    values = dict(row)
    values["finished_us"] = us_of(values.pop("timestamp"))
    return values


_GAP: Final = frozenset(Gap.__struct_fields__)
