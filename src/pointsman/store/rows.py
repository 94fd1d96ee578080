"""Between RequestRecord and rows of `gateway_request_log`.

A row must never be refused by the database, because one bad record would hold up all that follow: text
loses the zero character, numbers and times are kept within their columns.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

import asyncpg
from msgspec.structs import fields

from pointsman.core.events import RequestRecord

Row = Mapping[str, Any] | asyncpg.Record
NOT_IN_LOG: Final = frozenset({"logged"})
NAMES: Final = tuple([field.name for field in fields(RequestRecord) if field.name not in NOT_IN_LOG])
COLUMNS: Final = tuple(["started_at" if name == "started_at_us" else name for name in NAMES])
"""The log's columns in the order of a record's fields."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MAX_TIME_US: Final = 253_370_764_800_000_000
"""The year 9999."""
_BIG: Final = 2**63 - 1
_SMALL: Final = 2**31 - 1
_SMALL_COLUMNS: Final = frozenset({"attempt", "status"})
_MICROSECOND: Final = timedelta(microseconds=1)


def time_of(us: int) -> datetime:
    """Microseconds since the epoch as a time, kept within 1970 and 9999."""
    return EPOCH + timedelta(microseconds=min(max(us, 0), MAX_TIME_US))


def us_of(time: datetime) -> int:
    """A time as microseconds since the epoch."""
    return (time - EPOCH) // _MICROSECOND


def row_of(record: RequestRecord) -> tuple[Any, ...]:
    """The record's values in the order of COLUMNS."""
    values = list(_values(record))
    values[_STARTED] = time_of(record.started_at_us)
    for index in _TEXTS:
        value = values[index]
        if value is not None and "\0" in value:
            values[index] = value.replace("\0", "\ufffd")
    for index, limit in _NUMBERS:
        if not -limit <= values[index] <= limit:
            values[index] = limit if values[index] > 0 else -limit
    for index in _LISTS:
        if values[index]:
            values[index] = [text.replace("\0", "\ufffd") for text in values[index]]
    if record.features is not None and b"\\u0000" in record.features:
        values[_FEATURES] = record.features.replace(b"\\u0000", b"\\ufffd")
    return tuple(values)


def record_of(row: Row) -> RequestRecord:
    """The record a row was made from."""
    values = {name: row[column] for name, column in zip(NAMES, COLUMNS, strict=True)}
    values["started_at_us"] = us_of(row["started_at"])
    values["tool_call_ids"] = tuple(row["tool_call_ids"])
    values["losses"] = tuple(row["losses"])
    return RequestRecord(**values)


def _indexes(*types: Any) -> tuple[int, ...]:
    kinds = {field.name: field.type for field in fields(RequestRecord)}
    return tuple([i for i, name in enumerate(NAMES) if kinds[name] in types])


_values: Final = attrgetter(*NAMES)
_STARTED: Final = NAMES.index("started_at_us")
_FEATURES: Final = NAMES.index("features")
_TEXTS: Final = _indexes(str, str | None)
_LISTS: Final = _indexes(tuple[str, ...])
_NUMBERS: Final = tuple(
    [(i, _SMALL if NAMES[i] in _SMALL_COLUMNS else _BIG) for i in _indexes(int) if i != _STARTED]
)
