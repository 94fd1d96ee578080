"""How long the request log and the outcomes stay in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from pointsman.store import outcomes, partitions, reports
from pointsman.store.pool import Connection

HOT_DAYS: Final = 30


def expired(days: Sequence[date], today: date, keep_days: int = HOT_DAYS) -> Sequence[date]:
    """The days which ended more than `keep_days` days ago. Raises ValueError for keep_days below 1.

    >>> expired([date(2026, 1, 1), date(2026, 1, 2)], today=date(2026, 2, 1), keep_days=30)
    [datetime.date(2026, 1, 1)]
    """
    if keep_days < 1:
        raise ValueError("keep_days must be at least 1")
    oldest_kept = today - timedelta(days=keep_days)
    return [day for day in days if day < oldest_kept]


async def keep_hot(connection: Connection, today: date, keep_days: int = HOT_DAYS) -> Sequence[date]:
    """Makes the partitions of the coming days and drops those whose time is over; returns what was
    dropped. Outcomes and feedback go with the log; tasks, thumbs and the sums by agent and key stay."""
    gone = expired(await partitions.existing_days(connection), today, keep_days)
    await partitions.drop(connection, gone)
    await partitions.ensure(connection, partitions.days_ahead(today))
    oldest = datetime.combine(today - timedelta(days=keep_days), time(), UTC)
    await outcomes.forget(connection, oldest)
    await reports.forget(connection, oldest)
    return gone
