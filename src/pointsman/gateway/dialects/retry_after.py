"""How long a provider asks to wait."""

from email.utils import parsedate_to_datetime
from math import ceil, isfinite

from pointsman.gateway.dialects.base import Headers


def retry_after_s(headers: Headers) -> int | None:
    """Whole seconds, rounded up, from `retry-after`: a number, also with decimals, or a date, which counts
    from the answer's own. None when it says nothing that can be read.

    >>> retry_after_s([(b"retry-after", b"7.2")]), retry_after_s([(b"retry-after", b"soon")])
    (8, None)
    >>> date = b"Wed, 21 Oct 2026 07:28:00 GMT"
    >>> retry_after_s([(b"retry-after", b"Wed, 21 Oct 2026 07:28:30 GMT"), (b"date", date)])
    30
    """
    found = dict(headers)
    value = found.get(b"retry-after", b"").decode("latin-1").strip()
    if not value:
        return None
    try:
        wait_s = float(value)
    except ValueError:
        return _between(found.get(b"date", b"").decode("latin-1"), value)
    return ceil(wait_s) if isfinite(wait_s) and wait_s >= 0 else None


def _between(now: str, then: str) -> int | None:
    try:
        return max(ceil((parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds()), 0)
    except (ValueError, TypeError):
        return None
