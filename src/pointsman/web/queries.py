"""Reads the values after the `?`."""

import re
import time
from collections.abc import Collection
from datetime import UTC, datetime

from starlette.requests import Request

from pointsman.core.errors import InvalidRequest

_SPAN = re.compile(r"(\d{1,6})([smhdw])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def only(request: Request, known: Collection[str]) -> None:
    """Raises InvalidRequest for names that mean nothing here, so that no filter is dropped in silence."""
    for name in request.query_params:
        if name not in known:
            raise InvalidRequest(f"There is no parameter {name!r}; there are {', '.join(known)}.", param=name)


def number(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`. Raises InvalidRequest."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise InvalidRequest(f"`{name}` must be a whole number from 1 to {most}.", param=name)
    return int(text)


def moment(text: str, name: str, now_s: float | None = None) -> datetime:
    """A time: RFC 3339 (UTC when it names no zone), or how long ago, such as `15m`, `2h` or `7d`.

    >>> moment("2h", "since", now_s=7200 + 60).isoformat()
    '1970-01-01T00:01:00+00:00'
    >>> moment("2026-05-01", "since").isoformat()
    '2026-05-01T00:00:00+00:00'
    """
    if found := _SPAN.fullmatch(text):
        ago_s = int(found[1]) * _UNIT_S[found[2]]
        now_s = time.time() if now_s is None else now_s
        return datetime.fromtimestamp(max(now_s - ago_s, 0), UTC)
    try:
        time_read = datetime.fromisoformat(text)
        return time_read.replace(tzinfo=UTC) if time_read.tzinfo is None else time_read.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(
            f"`{name}` must be a time such as 2026-05-01T12:00:00Z, or a span such as 15m, 2h or 7d.",
            param=name,
        ) from error
