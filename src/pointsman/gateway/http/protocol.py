"""uvicorn's HTTP protocol with a short cut: the gateway's own paths are answered here directly, every
other path stays an ordinary ASGI request in the same process and on the same port."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, Protocol, cast

import httptools
from msgspec import Struct
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from pointsman.gateway.http.exchange import Exchange

DISCARD_S = 3.0
"""How long the rest of a refused request is read and thrown away. To close at once would reset the
connection, and the client would lose the answer that says why."""
OFFER = frozenset({b"connection", b"upgrade", b"http2-settings"})
_logger = logging.getLogger("pointsman.gateway")


class Limits(Struct, frozen=True, kw_only=True):
    """What a client may do: sizes in bytes, seconds for the whole request to arrive, and seconds an idle
    connection stays open."""

    max_body_bytes: int = 64 * 1024 * 1024
    max_header_bytes: int = 64 * 1024
    request_arrival_s: float = 60.0
    idle_connection_s: float = 300.0


class Frontend(Protocol):
    """What the protocol hands requests to."""

    limits: Limits

    def match(self, method: bytes, url: bytes, exchange: Exchange) -> bool:
        """Whether this is one of the gateway's paths; if so it fills in the exchange's path and match."""
        ...

    def serve(self, exchange: Exchange) -> Awaitable[None]:
        """Answers a whole request."""
        ...

    def refuse(self, exchange: Exchange, why: str) -> None:
        """Answers a request that the protocol refuses, in its dialect's error shape. `why` is `too_large`,
        `slow`, `large_head` or `malformed`; in the last two cases the exchange may lack its match."""
        ...


class GatewayProtocol(HttpToolsProtocol):
    """One client connection. Built by `protocol_class`, which binds the frontend."""

    frontend: Frontend

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits = self.frontend.limits
        self.exchange: Exchange | None = None
        self.running: Exchange | None = None
        self.parts: list[bytes] = []
        self.size = 0
        self.since_s = self.loop.time()
        self.arriving = False
        self.in_head = False
        self.messages = 0
        self.discarding = False

    # Connection

    def data_received(self, data: bytes) -> None:
        if self.discarding:
            return
        in_head, messages = self.in_head, self.messages
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            _logger.exception("reading a request met a bug")
            self.transport.abort()
        except httptools.HttpParserError:
            self._refuse_malformed()
        except httptools.HttpParserUpgrade as offer:
            self._stay_plain(data[offer.args[0] :])
        if in_head and self.in_head and messages == self.messages:
            self.size += len(data)  # of a header that goes on and on the parser tells nothing
            if self.size > self.limits.max_header_bytes:
                self._refuse_head()

    def connection_lost(self, exc: Exception | None) -> None:
        for exchange in (self.running, self.exchange):
            if exchange is not None and not exchange.response_complete:
                exchange.lose()
                if exchange.task is not None:
                    exchange.task.add_done_callback(self.tasks.discard)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.running is not None:
            self.running.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.running is not None:
            self.running.drain()

    def sweep(self, now_s: float) -> None:
        """Closes the connection when it is idle, or when its request takes too long to arrive."""
        if self.discarding:
            if now_s - self.since_s > DISCARD_S:
                self.transport.abort()
        elif self.arriving:
            if now_s - self.since_s > self.limits.request_arrival_s:
                self._refuse_slow()
        elif self._at_rest() and now_s - self.since_s > self.limits.idle_connection_s:
            self.transport.close()

    def _at_rest(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _refuse_slow(self) -> None:
        self.arriving = False
        if self.exchange is not None and not self.exchange.whole and self._at_rest_before(self.exchange):
            self.exchange.keep_alive = False
            self.frontend.refuse(self.exchange, "slow")
        else:
            self.transport.close()

    def _at_rest_before(self, exchange: Exchange) -> bool:
        return self.cycle is cast("Any", exchange) and not exchange.started

    def _unset_keepalive_if_required(self) -> None:
        """Idle time is swept, not timed per request."""

    # Parsing

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.exchange = None
        self.size = 0
        self.since_s = self.loop.time()
        self.arriving = True
        self.in_head = True
        self.messages += 1

    def on_url(self, url: bytes) -> None:
        self.size += len(url)
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.size += len(name) + len(value)
        if self.size > self.limits.max_header_bytes:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.size > self.limits.max_header_bytes:
            self._refuse_head()
            return
        if self.parser.should_upgrade():
            return
        self.in_head = False
        exchange = Exchange(self.transport, self._answered)
        method: bytes = self.parser.get_method()
        exchange.headers = headers = dict(self.headers)
        if not self.frontend.match(method, self.url, exchange):
            self._hand_to_asgi()
            return
        self.exchange = exchange
        self.parts = []
        self.size = 0
        exchange.method = method.decode("ascii")
        exchange.client_ip = self.client[0] if self.client else ""
        exchange.chunked = self.parser.get_http_version() != "1.0"
        exchange.keep_alive = exchange.chunked and self.parser.should_keep_alive()
        self._queue(exchange)
        length = headers.get(b"content-length")
        if length is not None and length.isdigit() and int(length) > self.limits.max_body_bytes:
            self._refuse_large(exchange)
        elif self.expect_100_continue and self.cycle is cast("Any", exchange):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _hand_to_asgi(self) -> None:
        self.arriving = False
        headers, url, expect = self.headers, self.url, self.expect_100_continue
        super().on_message_begin()
        self.headers.extend(headers)
        self.url, self.expect_100_continue = url, expect
        super().on_headers_complete()

    def _queue(self, exchange: Exchange) -> None:
        running = self.cycle
        if running is None or running.response_complete:
            self.cycle = cast("Any", exchange)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cast("Any", exchange), self.app))

    def on_body(self, body: bytes) -> None:
        exchange = self.exchange
        if self.discarding:
            return
        if exchange is None:
            super().on_body(body)
            return
        self.size += len(body)
        if self.size > self.limits.max_body_bytes:
            self._refuse_large(exchange)
        else:
            self.parts.append(body)

    def _refuse_large(self, exchange: Exchange) -> None:
        self.parts = []
        self.arriving = False
        if self.cycle is not cast("Any", exchange):
            self.transport.close()
        elif not exchange.response_complete:
            exchange.keep_alive = False
            self.frontend.refuse(exchange, "too_large")

    def _refuse_head(self) -> None:
        """The head is over the limit. Nothing is said in the middle of another answer."""
        self.in_head = self.arriving = False
        if not self._at_rest():
            self.transport.close()
            return
        exchange = Exchange(self.transport, self._answered)
        exchange.keep_alive = False
        exchange.headers = dict(self.headers)
        exchange.client_ip = self.client[0] if self.client else ""
        self.frontend.match(self.parser.get_method(), self.url, exchange)
        self.frontend.refuse(exchange, "large_head")

    def _stay_plain(self, rest: bytes) -> None:
        """Passes over an offer to speak another protocol from here on (Java's client offers HTTP/2 with its
        first request): the parser takes the message for ended at its head, so it gets it once more, without
        the offer."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse_malformed()
            return
        kept = [b"%b: %b\r\n" % pair for pair in self.headers if pair[0] not in OFFER]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, self.url, b"".join(kept), rest))

    def _refuse_malformed(self) -> None:
        """What came is not HTTP."""
        self.in_head = self.arriving = False
        exchange = self.exchange
        if exchange is not None and not exchange.whole and self._at_rest_before(exchange):
            exchange.keep_alive = False
            self.frontend.refuse(exchange, "malformed")
        elif self._at_rest():
            self.exchange = exchange = Exchange(self.transport, self._answered)
            exchange.keep_alive = False
            self.frontend.refuse(exchange, "malformed")
        else:
            self.transport.close()

    def on_message_complete(self) -> None:
        exchange = self.exchange
        if self.discarding or self.in_head:
            return
        if exchange is None:
            super().on_message_complete()
            return
        self.arriving = False
        if exchange.response_complete:
            return
        parts = self.parts
        exchange.body = parts[0] if len(parts) == 1 else b"".join(parts)
        exchange.whole = True
        self.parts = []
        if self.cycle is cast("Any", exchange):
            self._run(exchange)

    # Answering

    def _run(self, exchange: Exchange) -> None:
        """Serves it in a task of its own, for whose answer a shutdown waits."""
        self.running = exchange
        exchange.task = task = self.loop.create_task(cast("Any", self.frontend.serve(exchange)))
        self.tasks.add(task)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        exchange = cast("Any", cycle)
        if isinstance(exchange, Exchange):
            self.cycle = cycle
            if exchange.whole:
                self._run(exchange)
        else:
            self.cycle = cycle
            super()._start_asgi_task(cycle, app)

    def _answered(self, exchange: Exchange) -> None:
        self.since_s = self.loop.time()
        self.tasks.discard(cast("Any", exchange.task))
        if not exchange.keep_alive:
            self._hang_up(exchange)
        elif self.pipeline or self.cycle is not cast("Any", exchange):
            super().on_response_complete()
        else:
            self.server_state.total_requests += 1

    def _hang_up(self, exchange: Exchange) -> None:
        """Closes after an answer; when the request has not come whole, in such a way that the client can
        still read the answer."""
        if exchange.whole or self.transport.is_closing():
            self.transport.close()
        else:
            self.discarding = True
            self.flow.resume_reading()
            self.transport.write_eof()

    def on_response_complete(self) -> None:
        self.since_s = self.loop.time()
        super().on_response_complete()
        super()._unset_keepalive_if_required()


def protocol_class(frontend: Frontend) -> type[GatewayProtocol]:
    """The protocol class for uvicorn's `http=`, bound to `frontend`."""
    return type("BoundGatewayProtocol", (GatewayProtocol,), {"frontend": frontend})


def sweep(connections: set[Any], now_s: float) -> None:
    """Lets every connection look at its time limits. Call it about once a second."""
    for connection in tuple(connections):
        if isinstance(connection, GatewayProtocol):
            connection.sweep(now_s)
