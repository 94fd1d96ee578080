"""The request log's partitions: one for each day, UTC."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from pointsman.store.pool import Connection
from pointsman.store.sql import queries

AHEAD_DAYS: Final = 3
_SQL: Final = queries("partitions")
_NAME: Final = re.compile(r"gateway_request_log_p(\d{4})(\d\d)(\d\d)")


def name_of(day: date) -> str:
    """The partition's name.

    >>> name_of(date(2026, 3, 7))
    'gateway_request_log_p20260307'
    """
    return f"gateway_request_log_p{day.year:04}{day:%m%d}"


def day_of(name: str) -> date | None:
    """The day of a partition, or None when the name is no partition's of ours."""
    parts = _NAME.fullmatch(name)
    try:
        return date(int(parts[1]), int(parts[2]), int(parts[3])) if parts else None
    except ValueError:
        return None


async def existing_days(connection: Connection) -> Sequence[date]:
    """The days there are partitions for, in order."""
    found = [day_of(row["name"]) for row in await connection.fetch(_SQL["existing"])]
    return sorted(day for day in found if day is not None)


def days_ahead(today: date) -> Sequence[date]:
    """Today and the days for which partitions are made in advance."""
    return [today + timedelta(days=n) for n in range(AHEAD_DAYS + 1)]


async def ensure(connection: Connection, days: Iterable[date]) -> Sequence[date]:
    """Makes the missing partitions and returns their days. Call it outside of a transaction that reads or
    writes the log, because it locks the log for a moment."""
    wanted = set(days)
    if wanted <= set(await existing_days(connection)):
        return []
    async with connection.transaction():
        await connection.execute(_SQL["patience"])
        await connection.execute(_SQL["lock"])
        missing = sorted(wanted - set(await existing_days(connection)))
        for day in missing:
            after = day + timedelta(days=1)
            await connection.execute(_SQL["create"].format(name=name_of(day), first=day, next=after))
    return missing


async def drop(connection: Connection, days: Iterable[date]) -> None:
    """Drops the partitions of these days with all their rows, each in a transaction of its own."""
    for day in sorted(days):
        async with connection.transaction():
            await connection.execute(_SQL["patience"])
            await connection.execute(_SQL["lock"])
            await connection.execute(_SQL["drop"].format(name=name_of(day)))
