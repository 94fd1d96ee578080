"""Cuts byte streams into events, whatever way the network cut them into chunks."""

import re

from msgspec import Struct

_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")


class SseFrame(Struct, gc=False):
    """One server-sent event: its `event:` name (empty if none) and its joined `data:`."""

    event: bytes
    data: bytes


class SseFramer:
    """Incremental server-sent-events parser (WHATWG HTML section 9.2.6), LF and CRLF line ends.

    `pending_bytes` is how many of the bytes fed so far belong to an event that is not complete.

    >>> f = SseFramer()
    >>> f.feed(b'data: 1\\n\\nda')
    [SseFrame(event=b'', data=b'1')]
    >>> f.pending_bytes
    2
    """

    __slots__ = ("_tail", "pending_bytes")

    def __init__(self) -> None:
        self._tail = b""
        self.pending_bytes = 0

    def feed(self, data: bytes) -> list[SseFrame]:
        """The events completed by `data`; comments and empty events are skipped."""
        if self._tail:
            data = self._tail + data
        if b"\r" in data:
            return self._feed_crlf(data)
        frames: list[SseFrame] = []
        start = 0
        while True:
            end = data.find(b"\n\n", start)
            if end < 0:
                break
            line_end = data.find(b"\n", start, end)
            if line_end < 0 and data.startswith(b"data: ", start):
                frames.append(SseFrame(b"", data[start + 6 : end]))
            elif (
                data.startswith(b"event: ", start)
                and data.startswith(b"\ndata: ", line_end)
                and data.find(b"\n", line_end + 1, end) < 0
            ):
                frames.append(SseFrame(data[start + 7 : line_end], data[line_end + 7 : end]))
            else:
                frame = _parse(data[start:end])
                if frame is not None:
                    frames.append(frame)
            start = end + 2
        self._tail = data[start:]
        self.pending_bytes = len(data) - start
        return frames

    def _feed_crlf(self, data: bytes) -> list[SseFrame]:
        frames: list[SseFrame] = []
        start = 0
        for blank in _BLANK_LINE.finditer(data):
            frame = _parse(_unify(data[start : blank.start()]))
            if frame is not None:
                frames.append(frame)
            start = blank.end()
        self._tail = data[start:]
        self.pending_bytes = len(data) - start
        return frames

    def end(self) -> list[SseFrame]:
        """The event left over when the body closed without its blank line, if it has data."""
        frame = _parse(_unify(self._tail)) if self._tail.strip() else None
        self._tail = b""
        self.pending_bytes = 0
        return [frame] if frame is not None else []


def _unify(block: bytes) -> bytes:
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _parse(block: bytes) -> SseFrame | None:
    event = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event = value
    if not data:
        return None
    return SseFrame(event, b"\n".join(data))


class NdjsonFramer:
    """Newline-delimited JSON: one value a line; empty lines are skipped."""

    __slots__ = ("_tail", "pending_bytes")

    def __init__(self) -> None:
        self._tail = b""
        self.pending_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines completed by `data`."""
        if self._tail:
            data = self._tail + data
        *lines, self._tail = data.split(b"\n")
        self.pending_bytes = len(self._tail)
        return [line for line in lines if line.strip()]

    def end(self) -> list[bytes]:
        """The last line, if the body closed without its newline."""
        tail, self._tail, self.pending_bytes = self._tail, b"", 0
        return [tail] if tail.strip() else []
