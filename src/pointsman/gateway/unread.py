"""Rows for requests that are refused before it is known whose they are: no HTTP, no JSON, no such path, too
large, too slow, without a key.

They cost their sender next to nothing, so only so many a minute get a row: garbage must not fill the
journal. What is left out is counted, and told in the gateway's own log.
"""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from pointsman.core.chat import Outline
from pointsman.core.errors import PointsmanError
from pointsman.core.ids import new_request_id
from pointsman.gateway import records
from pointsman.gateway.call import Call
from pointsman.gateway.dialects.base import ChatCodec, EmbedCodec, Route
from pointsman.gateway.http.exchange import Exchange

if TYPE_CHECKING:
    from pointsman.gateway.parts import Parts

WINDOW_S: Final = 60.0
ROWS_PER_WINDOW: Final = 60
NOTHING_READ: Final = Outline(model="")
_logger = logging.getLogger("pointsman.gateway")


class UnreadCounts(Struct):
    """How many unread requests were refused with a row in the log, and how many without."""

    logged: int = 0
    left_out: int = 0


class UnreadCap:
    """Lets through `ROWS_PER_WINDOW` rows in each `WINDOW_S` seconds."""

    __slots__ = ("_left_out", "_logged", "_since_s", "counts")

    def __init__(self) -> None:
        self.counts = UnreadCounts()
        self._since_s = float("-inf")
        self._logged = self._left_out = 0

    def admit(self, now_s: float) -> bool:
        """Whether there is room for one more row at loop time `now_s`; if not, it is counted."""
        if now_s - self._since_s >= WINDOW_S:
            if self._left_out:
                _logger.warning("%d refused requests have no row in the log", self._left_out)
            self._since_s = now_s
            self._logged = self._left_out = 0
        if self._logged < ROWS_PER_WINDOW:
            self._logged += 1
            self.counts.logged += 1
            return True
        self._left_out += 1
        self.counts.left_out += 1
        return False


def call_of(exchange: Exchange, codec: ChatCodec | EmbedCodec, waited_s: float) -> Call:
    """A call for a request that came to no pipeline, and began to arrive `waited_s` seconds ago."""
    route = exchange.match.route if exchange.match is not None else None
    return Call(
        exchange,
        route or Route(method=exchange.method, path=exchange.path, kind="page", codec=codec.name),
        codec,
        new_request_id(),
        asyncio.get_running_loop().time() - waited_s,
        time.time_ns() // 1000 - int(waited_s * 1_000_000),
    )


def record(call: Call, parts: "Parts", error: PointsmanError) -> None:
    """Journals the refusal of a call whose caller nobody has read, if there is room."""
    now_s = asyncio.get_running_loop().time()
    if parts.unread.admit(now_s):
        _recognise(call, parts)
        parts.recorder.append(records.of_refusal(call, now_s, error))


def _recognise(call: Call, parts: "Parts") -> None:
    """Notes who calls as far as the headers tell. Who is refused for them stays unknown."""
    exchange = call.exchange
    try:
        caller = parts.identifier.identify(
            exchange.headers, exchange.path_agent, NOTHING_READ, exchange.client_ip
        )
    except PointsmanError:
        return
    call.caller = caller
    call.snapshot = parts.policy.current
    call.profile = call.snapshot.profile(caller.agent_id)
    call.logged_as = parts.mask(caller.agent_id) if call.profile.anonymous else caller.agent_id
