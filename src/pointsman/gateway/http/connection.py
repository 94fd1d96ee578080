"""One HTTP/1.1 connection to a provider, parsed by llhttp."""

import asyncio
from typing import TYPE_CHECKING, cast

import httptools

from pointsman.core.errors import Internal, PointsmanError, UpstreamBroken
from pointsman.gateway.http.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

COALESCE_BYTES = 65_536
"""Bodies up to this size are copied behind their head, to leave in one write."""


class Connection(asyncio.Protocol):
    """Sends one request at a time. `released` is called when it may take the next one, `lost` when it
    is gone. `reused` tells whether an earlier request succeeded on it, `touched_s` when bytes last came."""

    __slots__ = (
        "_answer",
        "_delimited",
        "_loop",
        "_lost",
        "_parser",
        "_released",
        "_transport",
        "paused",
        "reused",
        "started_s",
        "touched_s",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        released: "Callable[[Connection], None]",
        lost: "Callable[[Connection], None]",
    ) -> None:
        self._loop = loop
        self._released = released
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: Answer | None = None
        self._delimited = False
        self.reused = False
        self.paused = False
        self.started_s = self.touched_s = loop.time()

    @property
    def usable(self) -> bool:
        """Whether a request may be sent on it now."""
        return self._transport is not None and not self._transport.is_closing() and self._answer is None

    @property
    def answer(self) -> Answer | None:
        """The answer under way."""
        return self._answer

    def send(self, head: bytes, body: bytes) -> Answer:
        """Writes a request; the answer's `head` future tells when the status line has come."""
        transport = self._transport
        if transport is None:
            raise UpstreamBroken("the connection to the provider is gone")
        answer = Answer(self._loop.create_future(), self)
        self._answer = answer
        self._delimited = False
        self.started_s = self.touched_s = self._loop.time()
        if len(body) <= COALESCE_BYTES:
            transport.write(head + body)
        else:
            transport.writelines((head, body))
        return answer

    # Source

    def pause_reading(self) -> None:
        """Stops reading while the client is slow."""
        if self._transport is not None and not self._transport.is_closing():
            self.paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads on."""
        if self._transport is not None and not self._transport.is_closing():
            self.paused = False
            self.touched_s = self._loop.time()
            self._transport.resume_reading()

    def abort(self) -> None:
        """Closes at once."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.touched_s = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._break(
                cause
                if isinstance(cause, PointsmanError)
                else Internal(f"reading an answer failed: {cause!r}")
            )
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._break(UpstreamBroken(f"the provider's answer is not HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            if answer.status and not self._delimited and exc is None:
                answer.finish()
            else:
                answer.fail(UpstreamBroken(f"the provider closed the connection ({exc or 'end of file'})"))
        self._lost(self)

    def _break(self, error: PointsmanError) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.fail(error)
        self.abort()

    # httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collects a header; remembers whether the body's end is marked."""
        if self._answer is not None:
            name = name.lower()
            if name == b"content-length" or name == b"transfer-encoding":
                self._delimited = True
            self._answer.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; interim (1xx) heads are skipped."""
        answer = self._answer
        if answer is None:
            return
        status = self._parser.get_status_code()
        if status < 200:
            answer.headers.clear()
            return
        answer.status = status
        if not answer.head.done():
            answer.head.set_result(None)

    def on_body(self, body: bytes) -> None:
        """Hands on a piece of the body."""
        if self._answer is not None:
            self._answer.receive(body)

    def on_message_complete(self) -> None:
        """The answer is whole: the connection may be used again if the provider keeps it open."""
        answer = self._answer
        if answer is None or not answer.status:
            return
        self._answer = None
        answer.finish()
        if self._parser.should_keep_alive():
            self.reused = True
            self._released(self)
        else:
            self.abort()
