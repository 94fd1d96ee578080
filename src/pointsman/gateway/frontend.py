"""Knows the gateway's paths and hands whole requests to the pipeline."""

from collections.abc import Awaitable
from typing import NamedTuple
from urllib.parse import unquote

from pointsman.core.errors import BodyTooLarge, PointsmanError, SlowClient
from pointsman.core.ids import new_request_id
from pointsman.gateway.dialects.base import Route
from pointsman.gateway.dialects.registry import CODECS, ROUTE_TABLE
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.http.protocol import Limits
from pointsman.gateway.pipeline import Pipeline

AGENT_PREFIX = "/a/"
MAX_REMEMBERED = 4096


class Match(NamedTuple):
    """Where a URL leads: the route, what its `*` matched, and the agent named in the path."""

    route: Route
    rest: str
    path: str
    path_agent: str | None


class Frontend:
    """Matches paths, with and without `/v1`, and behind `/a/AGENT`."""

    def __init__(self, pipeline: Pipeline, limits: Limits) -> None:
        self.limits = limits
        self._pipeline = pipeline
        self._remembered: dict[tuple[bytes, bytes, bool], Match] = {}

    def match(self, method: bytes, url: bytes, exchange: Exchange) -> bool:
        """Whether this is one of the gateway's paths; if so it fills in the exchange."""
        path, _, query = url.partition(b"?")
        key = (method, path, b"anthropic-version" in exchange.headers)
        found = self._remembered.get(key)
        if found is None:
            found = _find(*key)
            if found is None:
                return False
            if len(self._remembered) < MAX_REMEMBERED:
                self._remembered[key] = found
        exchange.match = found
        exchange.path = found.path
        exchange.path_agent = found.path_agent
        exchange.query = query
        return True

    def serve(self, exchange: Exchange) -> Awaitable[None]:
        """Answers a whole request."""
        return self._pipeline.serve(exchange)

    def refuse(self, exchange: Exchange, why: str) -> None:
        """Answers a request that is too large or too slow, in its dialect's shape."""
        error: PointsmanError
        if why == "too_large":
            error = BodyTooLarge(f"the request body is over {self.limits.max_body_bytes} bytes")
        else:
            error = SlowClient(f"the request did not arrive within {self.limits.request_arrival_s:g} s")
        found = exchange.match
        assert isinstance(found, Match)  # the protocol matched it before
        status, body = CODECS[found.route.codec].render_error(error, new_request_id())
        exchange.reply(status, b"content-type: application/json\r\n", body)


def _find(method: bytes, raw_path: bytes, is_anthropic: bool) -> Match | None:
    path = unquote(raw_path.decode("latin-1"))
    agent = None
    inner = path
    if path.startswith(AGENT_PREFIX):
        agent, slash, tail = path[len(AGENT_PREFIX) :].partition("/")
        inner = slash + tail or "/"
    resolved = ROUTE_TABLE.resolve(method.decode("latin-1"), inner, is_anthropic)
    if resolved is None:
        return None
    route, rest = resolved
    return Match(route, rest, inner, agent)
