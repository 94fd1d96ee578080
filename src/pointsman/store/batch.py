"""Writes one batch of records and its sums, within the caller's transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from pointsman.core.events import RequestRecord
from pointsman.store.pool import Connection
from pointsman.store.rows import COLUMNS, row_of, time_of
from pointsman.store.sql import queries
from pointsman.store.volumes import Sums, sums_of

_SQL: Final = queries("loader")
_LOG: Final = "gateway_request_log"
_STAGE: Final = "staged_log"
_KEY: Final = tuple([COLUMNS.index(name) for name in ("started_at", "request_id", "attempt")])


async def write(connection: Connection, records: Sequence[RequestRecord], *, staged: bool) -> int:
    """Writes what is to be logged, adds all up, and returns how many rows are new.

    `staged=False` is quick, and raises UniqueViolationError when the log has one of the records already.
    `staged=True` leaves those out, of the sums too. Records which are not logged leave no trace to know
    them by: only the journal's offset keeps them from being counted twice.
    """
    logged = [record for record in records if record.logged]
    rows = [row_of(record) for record in logged]
    if staged:
        logged, rows = await _take_new(connection, logged, rows)
    elif rows:
        await connection.copy_records_to_table(_LOG, records=rows, columns=COLUMNS)
    await add(connection, sums_of([*logged, *(record for record in records if not record.logged)]))
    return len(rows)


async def add(connection: Connection, sums: Sums) -> None:
    """Adds to the stored sums, in a fixed order, so that two writers cannot block each other for ever."""
    if not sums.agents:
        return
    seen = [
        (name, s.source, time_of(s.first_us), time_of(s.last_us)) for name, s in sorted(sums.agents.items())
    ]
    await connection.execute(_SQL["add_agents"], *_columns(seen))
    volumes = [
        (*key, v.requests, v.retries, v.side_requests, v.tokens_in, v.tokens_out, v.cost_usd_micros)
        for key, v in sorted(sums.volumes.items())
    ]
    await connection.execute(_SQL["add_volumes"], *_columns(volumes))
    if sums.keys:
        keys = [(*key, v.requests, v.cost_usd_micros) for key, v in sorted(sums.keys.items())]
        await connection.execute(_SQL["add_keys"], *_columns(keys))


async def _take_new(
    connection: Connection, records: Sequence[RequestRecord], rows: Sequence[tuple[Any, ...]]
) -> tuple[list[RequestRecord], list[tuple[Any, ...]]]:
    """Writes the rows which are not in the log yet, and returns those with their records."""
    await connection.execute(_SQL["stage"])
    await connection.copy_records_to_table(_STAGE, records=rows, columns=COLUMNS)
    fresh: set[tuple[datetime, str, int]] = {tuple(row) for row in await connection.fetch(_SQL["unstage"])}
    taken: list[RequestRecord] = []
    taken_rows: list[tuple[Any, ...]] = []
    for record, row in zip(records, rows, strict=True):
        key = (row[_KEY[0]], row[_KEY[1]], row[_KEY[2]])
        if key in fresh:
            fresh.remove(key)
            taken.append(record)
            taken_rows.append(row)
    return taken, taken_rows


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
