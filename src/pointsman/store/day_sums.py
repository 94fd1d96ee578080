"""The sums of contributions, by day. They are float64 arrays; adding and taking back is exact."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from pointsman.store.pool import Connection
from pointsman.store.sql import queries

Array = npt.NDArray[np.float64]
ModelKey = tuple[date, str]
CellKey = tuple[date, str, str, str]
Read = tuple[dict[str, bytes], list[tuple[str, str, str, bytes]]]
_SQL: Final = queries("learning")
_PAGE: Final = 20_000
Key = TypeVar("Key")


async def add(
    connection: Connection, geometry: int, models: Mapping[ModelKey, Array], cells: Mapping[CellKey, Array]
) -> None:
    """Adds to the sums, within the caller's transaction."""
    for some in _pages(list(models)):
        await _add_models(connection, geometry, {key: models[key] for key in some})
    for chosen in _pages(list(cells)):
        await _add_cells(connection, geometry, {key: cells[key] for key in chosen})


async def read(connection: Connection, geometry: int, since: date) -> dict[date, Read]:
    """By day, the sums of its models and of its cells, as they are stored."""
    found: dict[date, Read] = {}
    for row in await connection.fetch(_SQL["all_model_sums"], geometry, since):
        found.setdefault(row["day"], ({}, []))[0][row["model"]] = row["sums"]
    for row in await connection.fetch(_SQL["all_cell_sums"], geometry, since):
        cell = (row["agent_id"], row["model"], row["slice"], row["sums"])
        found.setdefault(row["day"], ({}, []))[1].append(cell)
    return found


async def keep_only(connection: Connection, geometry: int) -> None:
    """Drops the sums of all other geometries."""
    await connection.execute(_SQL["forget_geometry"], geometry)


async def _add_models(connection: Connection, geometry: int, more: Mapping[ModelKey, Array]) -> None:
    keys = sorted(more)
    columns = [list(column) for column in zip(*keys, strict=True)]
    rows = await connection.fetch(_SQL["model_sums"], geometry, *columns)
    known = {(row["day"], row["model"]): row["sums"] for row in rows}
    summed = [_sum(known.get(key), more[key]) for key in keys]
    await connection.execute(_SQL["put_model_sums"], geometry, *columns, summed)


async def _add_cells(connection: Connection, geometry: int, more: Mapping[CellKey, Array]) -> None:
    keys = sorted(more)
    columns = [list(column) for column in zip(*keys, strict=True)]
    rows = await connection.fetch(_SQL["cell_sums"], geometry, *columns)
    known = {(row["day"], row["agent_id"], row["model"], row["slice"]): row["sums"] for row in rows}
    summed = [_sum(known.get(key), more[key]) for key in keys]
    await connection.execute(_SQL["put_cell_sums"], geometry, *columns, summed)


def _sum(old: bytes | None, more: Array) -> bytes:
    """What cannot be read is not added to: it stays as it is, to be complained of when it is loaded."""
    if old is None:
        return more.astype("<f8").tobytes()
    if len(old) != 8 * more.size:
        return old
    return (np.frombuffer(old, "<f8") + more.ravel()).tobytes()


def _pages(keys: Sequence[Key]) -> Iterable[Sequence[Key]]:
    return [keys[start : start + _PAGE] for start in range(0, len(keys), _PAGE)]
