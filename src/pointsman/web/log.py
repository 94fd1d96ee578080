"""The request log: pages of attempts, all attempts of a request, sums by agent and model."""

from typing import Any, Final

from starlette.requests import Request

from pointsman.core.errors import InvalidRequest, NotFound
from pointsman.core.ports import Control
from pointsman.store import outcomes, request_log
from pointsman.store.request_log import Entry, Filters, Position, position_of
from pointsman.web.database import database
from pointsman.web.operations import Query
from pointsman.web.queries import moment, number, only
from pointsman.web.shapes import Summary, logged, outcomes_told

DEFAULT_PAGE: Final = 50
MAX_PAGE: Final = 1000
DEFAULT_SINCE: Final = "24h"
FILTERS: Final = ("agent", "model", "provider", "kind", "finish_state")
TIME_FORM: Final = "a time such as 2026-05-01T12:00:00Z, or how long ago, such as 15m, 2h or 7d"

PAGE_QUERIES: Final = (
    *[Query(name, f"only attempts with this {name.replace('_', ' ')}") for name in FILTERS],
    Query("since", f"only attempts started since then: {TIME_FORM}"),
    Query("before", "where the previous page ended: its `next`"),
    Query("limit", f"attempts a page, 1 to {MAX_PAGE} ({DEFAULT_PAGE} when not given)", "integer"),
)
SUMMARY_QUERIES: Final = (Query("since", f"from when on: {TIME_FORM} ({DEFAULT_SINCE} when not given)"),)


async def page(control: Control, request: Request) -> Any:
    """Attempts, newest first, filtered, a page at a time."""
    only(request, [query.name for query in PAGE_QUERIES])
    limit = number(request, "limit", DEFAULT_PAGE, MAX_PAGE)
    since = request.query_params.get("since")
    position = _position(request.query_params.get("before"))
    filters = Filters(**{name: request.query_params.get(name) for name in FILTERS})  # type: ignore[typeddict-item]
    async with database(control) as pool:
        found = await request_log.find(
            pool,
            **filters,
            since=None if since is None else moment(since, "since"),
            before=position,
            limit=limit + 1,
        )
    shown = found[:limit]
    more = len(found) > limit
    last = _cursor(position_of(shown[-1].record)) if more else None
    return {"attempts": [logged(one) for one in shown], "next": last}


async def told(control: Control, request: Request) -> Any:
    """All attempts at one request, and what was seen of its outcome."""
    attempts = await attempts_of(control, request.path_params["request_id"])
    first = attempts[0].record
    async with database(control) as pool:
        seen = await outcomes.of_decision(pool, first.decision_id)
    return {
        "request_id": first.request_id,
        "attempts": [logged(one) for one in attempts],
        "cost_usd_micros": sum([one.record.cost_usd_micros for one in attempts]),
        "outcomes": outcomes_told(seen),
    }


async def summary(control: Control, request: Request) -> Any:
    """Sums by agent and model."""
    only(request, [query.name for query in SUMMARY_QUERIES])
    since = moment(request.query_params.get("since", DEFAULT_SINCE), "since")
    async with database(control) as pool:
        rows = await request_log.summary(pool, since)
    return Summary(since_s=int(since.timestamp()), rows=list(rows))


async def attempts_of(control: Control, request_id: str) -> list[Entry]:
    """All attempts at one request, first to last. Raises NotFound when the log has none."""
    async with database(control) as pool:
        attempts = await request_log.attempts_of(pool, request_id)
    if not attempts:
        raise NotFound(
            f"The log has no request {request_id!r}. It may not be loaded yet (try again in a second), be "
            "older than the log is kept, or belong to an agent whose requests are not logged."
        )
    return attempts


def _cursor(position: Position) -> str:
    """A position as text.

    >>> _position(_cursor(Position(12, "req_1", 0)))
    Position(started_at_us=12, request_id='req_1', attempt=0)
    """
    return f"{position.started_at_us}.{position.attempt}.{position.request_id}"


def _position(text: str | None) -> Position | None:
    if text is None:
        return None
    started, _, rest = text.partition(".")
    attempt, _, request_id = rest.partition(".")
    if not (_is_number(started) and _is_number(attempt) and request_id):
        raise InvalidRequest("`before` must be the `next` of another page.", param="before")
    return Position(int(started), request_id, int(attempt))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18
