"""Since when models do otherwise than before: windows to see it in, and what was seen."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import fields

from pointsman.store.learning import Contribution
from pointsman.store.pool import Connection
from pointsman.store.sql import queries

Cell = tuple[str, str, str]
"""Agent, model and kind of task."""
_COLUMNS: Final = ", ".join([field.name for field in fields(Contribution)])
_WRITTEN: Final = queries("drifts")
_TASKS: Final = _WRITTEN["tasks"].rstrip(";")
_SQL: Final = {
    name: sql.replace("{columns}", _COLUMNS).replace("{tasks}", _TASKS) for name, sql in _WRITTEN.items()
}


class Window(Struct, frozen=True, kw_only=True):
    """The newest `size` tasks of an agent, model and kind, from `since` on, beside those before: sums of
    weights, of weighted rewards, and of squared weights."""

    agent_id: str
    model: str
    slice: str
    size: int
    since: datetime
    new_weight: float
    new_reward: float
    new_square: float
    old_weight: float
    old_reward: float
    old_square: float

    @property
    def cell(self) -> Cell:
        """Whose tasks they are."""
        return self.agent_id, self.model, self.slice


class Drift(Struct, frozen=True, kw_only=True):
    """A model does otherwise since then, for an agent and kind of task: its mean reward before and after."""

    agent_id: str
    model: str
    slice: str
    since: datetime
    before_mean: float
    after_mean: float

    @property
    def cell(self) -> Cell:
        """What it is a drift of."""
        return self.agent_id, self.model, self.slice


async def windows(
    connection: Connection, day: date, sizes: Sequence[int], *, most: int, least_before: int
) -> list[Window]:
    """Windows of these sizes over tasks since a day: at most the `most` newest of each cell, and only
    where at least `least_before` stand before the window."""
    rows = await connection.fetch(_SQL["windows"], day, sizes, most, least_before)
    return [Window(**dict(row)) for row in rows]


async def shared_windows(
    connection: Connection, day: date, sizes: Sequence[int], *, most: int
) -> list[Window]:
    """Windows over what all agents contributed to a model and kind of task since a day, at most the `most`
    newest; one for each agent, without weight where it has nothing new or nothing old."""
    rows = await connection.fetch(_SQL["shared_windows"], day, sizes, most)
    return [Window(**dict(row)) for row in rows]


async def put(connection: Connection, drift: Drift, now: datetime) -> None:
    """Notes a drift, in place of an earlier one of the cell."""
    await connection.execute(_SQL["put"], *drift.cell, drift.since, drift.before_mean, drift.after_mean, now)


async def known(connection: Connection) -> list[Drift]:
    """The drifts that are known."""
    return [Drift(**dict(row)) for row in await connection.fetch(_SQL["all"])]


async def before(connection: Connection, drift: Drift, day: date, limit: int) -> list[Contribution]:
    """The newest contributions, since a day, that a drift has made old."""
    rows = await connection.fetch(_SQL["before"], *drift.cell, drift.since, day, limit)
    return [Contribution(**dict(row)) for row in rows]


async def summed_before(
    connection: Connection, geometry: int, first: date, end: date
) -> dict[Cell, list[tuple[date, bytes]]]:
    """Of days from `first` up to before `end`, the sums of what drifts have made old, by cell. A drift's own
    day, whose sums are of both, is among them."""
    found: dict[Cell, list[tuple[date, bytes]]] = {}
    for row in await connection.fetch(_SQL["summed_before"], geometry, first, end):
        cell = (row["agent_id"], row["model"], row["slice"])
        found.setdefault(cell, []).append((row["day"], row["sums"]))
    return found


async def forget(connection: Connection, since: datetime) -> None:
    """Drops the drifts from before then."""
    await connection.execute(_SQL["forget"], since)
