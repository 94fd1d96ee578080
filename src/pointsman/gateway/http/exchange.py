"""One request on a client's connection, and the means to answer it."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

STATUS_LINES: dict[int, bytes] = {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus
}
STATUS_LINES[529] = b"HTTP/1.1 529 Overloaded\r\n"
CLOSING = b"connection: close\r\n\r\n"
"""How a head ends after which the connection does too."""


def status_line(status: int) -> bytes:
    """The status line, also for codes without a name."""
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


class _NoEvent:
    """Stands in for the event which uvicorn sets on its own cycles."""

    def set(self) -> None:
        """Nothing waits for it."""


class Exchange:
    """A request with its whole body, and its answer.

    `headers` maps lower-case names to values (the last one wins). The answer is either one `reply`, or
    `start`, any number of `write`s and one `end`. After `disconnected` all of them do nothing. `paused`
    tells that the client is slower than we write; `on_drain` is called when it has caught up. Clients of
    HTTP/1.0 know no chunks: for them `chunked` is False, and the connection's end is the answer's.
    The names below `message_event` are those by which uvicorn's protocol treats it as one of its own.
    """

    __slots__ = (
        "_done",
        "_transport",
        "body",
        "chunked",
        "client_ip",
        "disconnected",
        "headers",
        "keep_alive",
        "match",
        "method",
        "on_drain",
        "path",
        "path_agent",
        "paused",
        "query",
        "response_complete",
        "started",
        "task",
        "whole",
    )
    message_event = _NoEvent()

    def __init__(self, transport: asyncio.Transport, done: "Callable[[Exchange], None]") -> None:
        self._transport = transport
        self._done = done
        self.chunked = True
        self.method = ""
        self.path = ""
        self.query = b""
        self.path_agent: str | None = None
        self.match: Any = None
        self.headers: dict[bytes, bytes] = {}
        self.client_ip = ""
        self.body = b""
        self.whole = False
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False
        self.started = False
        self.paused = False
        self.on_drain: Callable[[], None] | None = None
        self.task: asyncio.Task[None] | None = None

    def reply(self, status: int, headers: bytes, body: bytes) -> None:
        """The whole answer in one write. `headers` are lines, each ended by CRLF. It cannot follow a
        `start`: then the connection is broken instead."""
        if self.disconnected or self.response_complete:
            return
        if self.started:
            self.abort()
            return
        self.started = True
        line = STATUS_LINES.get(status) or status_line(status)
        ending = b"\r\n" if self.keep_alive else CLOSING
        content = b"" if self.method == "HEAD" else body
        self._transport.write(b"%b%bcontent-length: %d\r\n%b%b" % (line, headers, len(body), ending, content))
        self._complete()

    def start(self, status: int, headers: bytes, first: bytes = b"") -> None:
        """Head of a streamed answer, with its first bytes."""
        if self.disconnected or self.started:
            return
        self.started = True
        framing = b"transfer-encoding: chunked\r\n" if self.chunked else b""
        ending = b"\r\n" if self.keep_alive else CLOSING
        head = b"%b%b%b%b" % (status_line(status), headers, framing, ending)
        self._transport.write(head + self._framed(first) if first else head)

    def write(self, data: bytes) -> None:
        """More of a streamed answer."""
        if data and not self.disconnected and not self.response_complete:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def end(self, last: bytes = b"", trailers: bytes = b"") -> None:
        """The streamed answer's last bytes and its end, in one write."""
        if self.disconnected or self.response_complete:
            return
        tail = b"0\r\n%s\r\n" % trailers if self.chunked else b""
        self._transport.write(self._framed(last) + tail if last else tail)
        self._complete()

    def abort(self) -> None:
        """Breaks the connection: the only honest end when no protocol-level error can be said."""
        self.keep_alive = False
        self._transport.abort()

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data

    def _complete(self) -> None:
        self.response_complete = True
        self.on_drain = None
        self._done(self)

    # Flow control, called by the protocol.

    def pause(self) -> None:
        """The client's socket is full."""
        self.paused = True

    def drain(self) -> None:
        """The client has caught up."""
        self.paused = False
        if self.on_drain is not None:
            self.on_drain()

    def lose(self) -> None:
        """The client is gone: whoever works for it is cancelled, which cancels the provider's work too."""
        self.disconnected = True
        if self.task is not None and not self.task.done():
            self.task.cancel("client disconnected")
