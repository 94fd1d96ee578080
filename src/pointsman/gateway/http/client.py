"""The pooled HTTP/1.1 client of the data plane. Each provider endpoint has one of its own, so that no
secret can travel to another provider."""

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from functools import cache
from urllib.parse import urlsplit

from pointsman.core.errors import UpstreamBroken, UpstreamFault, UpstreamOverloaded, UpstreamTimeout
from pointsman.gateway.http.answer import Answer
from pointsman.gateway.http.connection import Connection
from pointsman.gateway.providers.base import Endpoint

SWEEP_EVERY_S = 0.25
IDLE_POOLED_S = 50.0
MAX_WAITING = 10_000


class Upstream:
    """Sends requests to one endpoint over a pool of connections.

    A request that dies on a pooled connection before any byte of its answer came is sent once more on a
    new one: the provider had closed the idle connection. Time limits are watched by one sweep for all
    connections, so that they cost nothing per request.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        url = urlsplit(endpoint.base_url)
        self._secure = url.scheme == "https"
        self._host = url.hostname or "127.0.0.1"
        self._port = url.port or (443 if self._secure else 80)
        self._prefix = url.path.rstrip("/").encode()
        self._tls = _tls_context(endpoint.verify_tls) if self._secure else None
        self._static_head = self._make_static_head(url.netloc.rpartition("@")[2])
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False
        self._sweeper = self._loop.call_later(SWEEP_EVERY_S, self._sweep)
        self.revive: Callable[[], Awaitable[bool]] | None = None
        """Asked when nobody listens there: true once somebody does (a local model that still loads)."""

    @property
    def in_use(self) -> int:
        """How many connections are at work or being made."""
        return len(self._busy) + self._opening

    def _make_static_head(self, netloc: str) -> bytes:
        provider = self.endpoint.provider
        lines = [f"host: {netloc}", "content-type: application/json", "accept-encoding: identity"]
        if self.endpoint.key is not None:
            lines.append(f"{provider.auth_header}: {provider.auth_prefix}{self.endpoint.key}")
        return ("\r\n".join(lines) + "\r\n").encode("latin-1")

    def head(self, path: str, extra: bytes, length: int, method: str = "POST") -> bytes:
        """The request's head: `extra` are further header lines, each ended by CRLF."""
        return b"%s %s%s HTTP/1.1\r\n%s%scontent-length: %d\r\n\r\n" % (
            method.encode(),
            self._prefix,
            path.encode(),
            self._static_head,
            extra,
            length,
        )

    async def send(self, path: str, extra: bytes, body: bytes, method: str = "POST") -> Answer:
        """Sends a request and waits for the answer's head. Raises an `UpstreamFault`."""
        head = self.head(path, extra, len(body), method)
        connection = self._take() or await self._connect()
        while True:
            reused = connection.reused
            self._busy.add(connection)
            answer = connection.send(head, body)
            try:
                await answer.head
            except asyncio.CancelledError:
                connection.abort()
                raise
            except UpstreamTimeout:
                raise
            except UpstreamFault:
                if not reused:
                    raise
                connection = await self._connect()
                continue
            return answer

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def _connect(self) -> Connection:
        while len(self._busy) + self._opening >= self.endpoint.max_connections:
            if len(self._waiting) >= MAX_WAITING:
                raise UpstreamOverloaded(f"too many requests wait for {self.endpoint.provider.name}")
            ticket: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(ticket)
            try:
                await ticket
            except asyncio.CancelledError:
                if not ticket.cancelled():  # its turn had come
                    self._wake()
                raise
            if pooled := self._take():
                return pooled
        self._opening += 1
        connection: Connection | None = None
        try:
            if self.revive is not None:  # a model that is still loading would answer, but only with 503
                await self.revive()
            try:
                connection = await self._open()
            except ConnectionRefusedError:
                if self.revive is None or not await self.revive():
                    raise
                connection = await self._open()
            return connection
        except TimeoutError:
            limit_s = self.endpoint.timeouts.connect_s
            text = f"no connection to {self.endpoint.provider.name} within {limit_s:g} s"
            raise UpstreamTimeout(text, code="connect_timeout") from None
        except OSError as error:
            text = f"cannot connect to {self.endpoint.provider.name} at {self._host}:{self._port}: {error}"
            raise UpstreamBroken(text, code="connect_failed") from error
        finally:
            self._opening -= 1
            if connection is None:
                self._wake()

    async def _open(self) -> Connection:
        async with asyncio.timeout(self.endpoint.timeouts.connect_s):
            _, connection = await self._loop.create_connection(
                lambda: Connection(self._loop, self._release, self._forget),
                self._host,
                self._port,
                ssl=self._tls,
            )
        return connection

    def _release(self, connection: Connection) -> None:
        self._busy.discard(connection)
        if self._closed:
            connection.abort()
        else:
            self._idle.append(connection)
            self._wake()

    def _forget(self, connection: Connection) -> None:
        self._busy.discard(connection)
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.done():
                ticket.set_result(None)
                return

    def _sweep(self) -> None:
        now_s = self._loop.time()
        limits = self.endpoint.timeouts
        name = self.endpoint.provider.name
        for connection in tuple(self._busy):
            answer = connection.answer
            if answer is None:
                continue
            if now_s - connection.started_s > limits.total_s:
                _expire(connection, answer, f"{name} took over {limits.total_s:g} s in all", "total_timeout")
            elif not answer.status and now_s - connection.started_s > limits.first_byte_s:
                text = f"no answer from {name} within {limits.first_byte_s:g} s"
                _expire(connection, answer, text, "first_byte_timeout")
            elif answer.status and not connection.paused and now_s - connection.touched_s > limits.idle_s:
                text = f"{name} was silent for over {limits.idle_s:g} s"
                _expire(connection, answer, text, "idle_timeout")
        keep = [c for c in self._idle if c.usable and now_s - c.touched_s < IDLE_POOLED_S]
        for connection in set(self._idle) - set(keep):
            connection.abort()
        self._idle = keep
        if not self._closed or self._busy:
            self._sweeper = self._loop.call_later(SWEEP_EVERY_S, self._sweep)

    def close(self) -> None:
        """Closes idle connections now; busy ones when their answer ends."""
        self._closed = True
        for connection in self._idle:
            connection.abort()
        self._idle.clear()


def _expire(connection: Connection, answer: Answer, message: str, code: str) -> None:
    answer.fail(UpstreamTimeout(message, code=code))
    connection.abort()


@cache
def _tls_context(verify: bool) -> ssl.SSLContext:
    """One context serves all endpoints: to make one takes 20 ms, and the catalogue asks again and again."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
