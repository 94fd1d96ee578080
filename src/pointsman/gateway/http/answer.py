"""A provider's answer as it arrives: head first, then a body that is read whole or piped."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from pointsman.core.errors import PointsmanError, UpstreamBroken

Sink = Callable[[bytes], None]


class Source(Protocol):
    """Where an answer's bytes come from: it can be slowed down and cut off."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def abort(self) -> None: ...


class Answer:
    """One answer. The connection fills it in; the pipeline reads it with `read` or `pipe`, once.

    `status` and `headers` (names in lower case) are valid once `head` is done.
    """

    __slots__ = ("_chunks", "_end", "_error", "_sink", "_source", "finished", "head", "headers", "status")

    def __init__(self, head: "asyncio.Future[None]", source: Source) -> None:
        self.head = head
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.finished = False
        self._chunks: list[bytes] = []
        self._end: asyncio.Future[None] | None = None
        self._error: PointsmanError | None = None
        self._sink: Sink | None = None
        self._source = source

    def header(self, name: bytes) -> bytes | None:
        """The first header of that (lower-case) name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    async def read(self, limit_bytes: int) -> bytes:
        """The whole body. Raises the answer's error, or `UpstreamBroken` when over `limit_bytes`."""
        if not self.finished:
            self._end = self.head.get_loop().create_future()
            size = sum(map(len, self._chunks))

            def keep(data: bytes) -> None:
                nonlocal size
                size += len(data)
                if size > limit_bytes:
                    self.close()
                    self.fail(UpstreamBroken(f"the provider's answer is over {limit_bytes} bytes"))
                else:
                    self._chunks.append(data)

            self._sink = keep
            try:
                await self._end
            except asyncio.CancelledError:
                self.close()
                raise
        if self._error is not None:
            raise self._error
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    async def pipe(self, sink: Sink) -> None:
        """Hands each piece of the body to `sink` as it comes; returns at the body's clean end and raises
        on anything else. Cancelling it, or an error in `sink`, cuts the provider off."""
        self._sink = sink
        chunks, self._chunks = self._chunks, []
        try:
            for chunk in chunks:
                sink(chunk)
            if not self.finished:
                self._end = self.head.get_loop().create_future()
                await self._end
        except BaseException:
            self.close()
            raise
        if self._error is not None:
            raise self._error

    def pause(self) -> None:
        """Stops reading from the provider (the client is slower than it)."""
        if not self.finished:
            self._source.pause_reading()

    def resume(self) -> None:
        """Reads on."""
        if not self.finished:
            self._source.resume_reading()

    def close(self) -> None:
        """Cuts the provider off, if it is still sending."""
        if not self.finished:
            self._source.abort()

    def stop(self) -> None:
        """Ends the answer here, as if the body had ended cleanly, and cuts the provider off."""
        if not self.finished:
            self.finish()
            self._source.abort()

    # The connection's side.

    def receive(self, data: bytes) -> None:
        """A piece of the body has come."""
        if self._sink is not None:
            self._sink(data)
        else:
            self._chunks.append(data)

    def finish(self) -> None:
        """The body is complete."""
        self.finished = True
        if self._end is not None and not self._end.done():
            self._end.set_result(None)

    def fail(self, error: PointsmanError) -> None:
        """The connection broke, or a time limit passed. Later ends are ignored."""
        if self.finished:
            return
        self.finished = True
        self._error = error
        if not self.head.done():
            self.head.set_exception(error)
        elif self._end is not None and not self._end.done():
            self._end.set_result(None)
