"""Moves one streamed answer from a provider to a client, chunk by chunk, without a task per chunk."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from pointsman.core.errors import PointsmanError, StreamTruncated, UpstreamBroken
from pointsman.core.stream import StreamEvent
from pointsman.gateway.dialects.base import StreamDecoder, StreamEncoder
from pointsman.gateway.http.answer import Answer
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.tally import Tally

HOLD_AT_MOST_S = 10.0
"""How long signs of life without content are held back so that another target may still take over."""
MAX_EVENT_BYTES = 16 * 1024 * 1024
"""The longest event, and the most that is held back before there is content."""
LINGER_S = 1.0
"""How long to wait for the body's end once the stream's own terminal event has come."""


class Writer(Protocol):
    """Turns a chunk into what the client gets: `write` is given the chunk (with what was left of the last
    one) and its events; `finish` and `fail` write the last bytes."""

    def write(self, whole: bytes, events: list[StreamEvent]) -> bytes: ...

    def finish(self) -> bytes: ...

    def fail(self, error: PointsmanError) -> bytes: ...


class PassThrough:
    """Same dialect on both sides: whole events go through byte for byte. `trim` may take out events that
    the client did not ask for; `render` writes an in-stream error."""

    __slots__ = ("_render", "_trim")

    def __init__(
        self, render: Callable[[PointsmanError], bytes], trim: Callable[[bytes], bytes] | None = None
    ) -> None:
        self._render = render
        self._trim = trim

    def write(self, whole: bytes, events: list[StreamEvent]) -> bytes:
        """The bytes as they are."""
        return self._trim(whole) if self._trim is not None else whole

    def finish(self) -> bytes:
        """Nothing: the upstream wrote its own terminal event."""
        return b""

    def fail(self, error: PointsmanError) -> bytes:
        """The dialect's in-stream error."""
        return self._render(error)


class Translation:
    """Different dialects: the client's encoder writes the canonical events. `adapt` may rewrite events
    first (custom tools that travelled as functions)."""

    __slots__ = ("_adapt", "_encoder")

    def __init__(
        self,
        encoder: StreamEncoder,
        adapt: Callable[[list[StreamEvent]], list[StreamEvent]] | None = None,
    ) -> None:
        self._encoder = encoder
        self._adapt = adapt

    def write(self, whole: bytes, events: list[StreamEvent]) -> bytes:
        """The events in the client's dialect."""
        if self._adapt is not None:
            events = self._adapt(events)
        return self._encoder.encode(events) if events else b""

    def finish(self) -> bytes:
        """The dialect's terminal events."""
        return self._encoder.finish()

    def fail(self, error: PointsmanError) -> bytes:
        """The dialect's in-stream error."""
        return self._encoder.fail(error)


class Relay:
    """One stream. Nothing is sent before the first content event, so that until then another target can
    take over; from then on an error is said inside the stream. The stream's last bytes are kept back for
    `finish`, so that the attempt can be journaled before the client sees its end.

    `start` sends the response's head together with the first bytes.
    """

    def __init__(self, exchange: Exchange, decoder: StreamDecoder, writer: Writer, tally: Tally) -> None:
        self._exchange = exchange
        self._decoder = decoder
        self._writer = writer
        self._tally = tally
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._tail = b""
        self._head = b""
        self._answer: Answer | None = None
        self._linger: asyncio.TimerHandle | None = None
        self.committed = False

    async def run(self, answer: Answer, head: bytes) -> None:
        """Relays until the provider's clean end. Raises the failure: a fault of the provider, one it
        reported itself, or `StreamTruncated` when the terminal event is missing."""
        self._answer = answer
        self._head = head
        self._exchange.on_drain = answer.resume
        try:
            await answer.pipe(self._receive)
        finally:
            self._exchange.on_drain = None
            if self._linger is not None:
                self._linger.cancel()
        events = self._decoder.end()
        if self._tail or events:
            self._take(self._tail, events)
            self._tail = b""
        if self._tally.failure is not None:
            raise self._tally.failure
        if not self._decoder.complete:
            raise StreamTruncated("the provider's stream ended before its last event")

    def _receive(self, data: bytes) -> None:
        decoder = self._decoder
        events = decoder.feed(data)
        if self._tail:
            data = self._tail + data
        pending = decoder.pending_bytes
        if pending:
            if pending > MAX_EVENT_BYTES:
                raise UpstreamBroken(f"an event of the provider's stream is over {MAX_EVENT_BYTES} bytes")
            cut = len(data) - pending
            self._tail = data[cut:]
            data = data[:cut]
        elif self._tail:
            self._tail = b""
        if data:
            self._take(data, events)

    def _take(self, whole: bytes, events: list[StreamEvent]) -> None:
        tally = self._tally
        now_s = self._loop.time()
        tally.add(events, now_s)
        if tally.failure is not None and not self.committed:
            raise tally.failure
        out = self._writer.write(whole, events)
        if self._decoder.complete or not self.committed:
            self._hold(out, now_s)
        else:
            self._exchange.write(out)
            if self._exchange.paused and self._answer is not None:
                self._answer.pause()

    def _hold(self, out: bytes, now_s: float) -> None:
        if out:
            self._held.append(out)
            self._held_bytes += len(out)
        if self._decoder.complete:
            if self._linger is None and self._answer is not None and not self._answer.finished:
                self._linger = self._loop.call_later(LINGER_S, self._answer.stop)
        elif self._tally.first_content_s is not None or now_s - self._began_s > HOLD_AT_MOST_S:
            self._commit()
        elif self._held_bytes > MAX_EVENT_BYTES:
            raise UpstreamBroken(f"the provider sent {MAX_EVENT_BYTES} bytes without a word")

    def _commit(self) -> None:
        self.committed = True
        self._exchange.start(200, self._head, b"".join(self._held))
        self._held.clear()

    def finish(self, trailers: bytes) -> None:
        """Sends what was kept back, and the end."""
        last = b"".join(self._held) + self._writer.finish()
        if not self.committed:
            self._exchange.start(200, self._head)
            self.committed = True
        self._exchange.end(last, trailers)

    def fail(self, error: PointsmanError) -> None:
        """Says the error inside the stream. An error that the provider itself reported in the same
        dialect has passed through already."""
        reported = self._tally.failure is error and isinstance(self._writer, PassThrough)
        self._exchange.end(b"".join(self._held) + (b"" if reported else self._writer.fail(error)))
