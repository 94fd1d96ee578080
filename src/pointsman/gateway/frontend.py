"""Knows the gateway's paths and hands whole requests to the pipeline."""

from collections.abc import Awaitable
from typing import NamedTuple
from urllib.parse import unquote

from pointsman.core.errors import (
    BodyTooLarge,
    ClientFault,
    InvalidRequest,
    NotFound,
    PointsmanError,
    SlowClient,
)
from pointsman.gateway import headers, unread
from pointsman.gateway.dialects.base import Route
from pointsman.gateway.dialects.registry import CODECS, ROUTE_TABLE
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.http.protocol import Limits
from pointsman.gateway.pipeline import Pipeline

AGENT_PREFIX = "/a/"
MAX_REMEMBERED = 4096
ANTHROPIC_MARK = b"anthropic-version"
FALLBACK_DIALECT = "openai_chat"
"""In which a request is refused whose path could not be read."""


class Match(NamedTuple):
    """Where a URL leads: the route, what its `*` matched, and the agent named in the path. Without a route
    it leads nowhere, and `codec` is the dialect in which `error` says so."""

    route: Route | None
    rest: str
    path: str
    path_agent: str | None
    codec: str
    error: ClientFault | None = None


class Frontend:
    """Matches paths, with and without `/v1`, and behind `/a/AGENT`. Paths that are no dialect's and lie
    outside of those prefixes are left to the control API."""

    def __init__(self, pipeline: Pipeline, limits: Limits) -> None:
        self.limits = limits
        self._pipeline = pipeline
        self._remembered: dict[tuple[bytes, bytes, bool], Match] = {}

    def match(self, method: bytes, url: bytes, exchange: Exchange) -> bool:
        """Whether this is one of the gateway's paths; if so it fills in the exchange."""
        path, _, query = url.partition(b"?")
        key = (method, path, ANTHROPIC_MARK in exchange.headers)
        found = self._remembered.get(key)
        if found is None:
            found = _find(*key)
            if found is None:
                return False
            if found.route is not None and len(self._remembered) < MAX_REMEMBERED:
                self._remembered[key] = found
        exchange.match = found
        exchange.path = found.path
        exchange.path_agent = found.path_agent
        exchange.query = query
        return True

    def serve(self, exchange: Exchange) -> Awaitable[None]:
        """Answers a whole request."""
        if exchange.match.error is not None:
            return self._refuse_path(exchange)
        return self._pipeline.serve(exchange)

    def refuse(self, exchange: Exchange, why: str) -> None:
        """Answers a request that is too large, too slow or no HTTP, in its dialect's shape if that is
        known."""
        limits = self.limits
        error: PointsmanError
        if why == "too_large":
            error = BodyTooLarge(f"the request body is over {limits.max_body_bytes} bytes")
        elif why == "large_head":
            text = f"the request's headers are over {limits.max_header_bytes} bytes"
            error = BodyTooLarge(text, status=431, code="headers_too_large")
        elif why == "malformed":
            error = InvalidRequest("the request is not valid HTTP", code="malformed_http")
        else:
            error = SlowClient(f"the request did not arrive within {limits.request_arrival_s:g} s")
        self._reply(exchange, error, waited_s=limits.request_arrival_s if why == "slow" else 0.0)

    async def _refuse_path(self, exchange: Exchange) -> None:
        self._reply(exchange, exchange.match.error)

    def _reply(self, exchange: Exchange, error: PointsmanError, waited_s: float = 0.0) -> None:
        """Says the error. What asked for one of our paths gets its row in the log."""
        match = exchange.match
        codec = CODECS[match.codec if match is not None else FALLBACK_DIALECT]
        call = unread.call_of(exchange, codec, waited_s)
        lines = b""
        if match is not None:
            unread.record(call, self._pipeline.parts, error)
            lines = headers.own(call, "") + headers.request_id(call)
        status, body = codec.render_error(error, call.request_id)
        lines += b"content-type: %s\r\n" % headers.JSON
        if status == 405:
            lines += b"allow: %s\r\n" % ", ".join(ROUTE_TABLE.allowed(exchange.path)).encode()
        exchange.reply(status, lines, body)


def _find(method: bytes, raw_path: bytes, is_anthropic: bool) -> Match | None:
    path = unquote(raw_path.decode("latin-1"))
    agent = None
    inner = path
    if path.startswith(AGENT_PREFIX):
        agent, slash, tail = path[len(AGENT_PREFIX) :].partition("/")
        inner = slash + tail or "/"
    resolved = ROUTE_TABLE.resolve(method.decode("latin-1"), inner, is_anthropic)
    if resolved is not None:
        route, rest = resolved
        return Match(route, rest, inner, agent, route.codec)
    return _nowhere(method.decode("latin-1"), inner, agent, is_anthropic)


def _nowhere(method: str, path: str, agent: str | None, is_anthropic: bool) -> Match | None:
    """A path of ours under another method, or an unknown one where only ours can be; else None."""
    allowed = ROUTE_TABLE.allowed(path)
    error: ClientFault
    if allowed:
        error = ClientFault(
            f"{path} takes {' or '.join(allowed)}, not {method}", status=405, code="method_not_allowed"
        )
    elif agent is not None or path.startswith("/v1/"):
        error = NotFound(f"there is no {method} {path} here; see the dialects in Pointsman's reference")
    else:
        return None
    route = ROUTE_TABLE.resolve(allowed[0], path, is_anthropic) if allowed else None
    codec = route[0].codec if route is not None else "anthropic" if is_anthropic else FALLBACK_DIALECT
    return Match(None, "", path, agent, codec, error)
