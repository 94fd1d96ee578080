"""Reads a provider's stream: chunks in, canonical events out."""

import msgspec
from msgspec import Raw, Struct

from pointsman.core.errors import UpstreamBroken
from pointsman.core.stream import Finished, Started, StreamEvent, StreamFailed, TextDelta, UsageReported
from pointsman.gateway.dialects import openai_errors
from pointsman.gateway.dialects.framing import SseFrame, SseFramer
from pointsman.gateway.dialects.openai_completions import wire

_ABSENT = Raw()


class _Choice(Struct, gc=False):
    text: str | None = None
    index: int = 0
    finish_reason: str | None = None


class _Chunk(Struct, gc=False):
    id: str = ""
    model: str = ""
    created: float = 0
    choices: list[_Choice] = []
    usage: wire.WireUsage | None = None
    error: Raw = _ABSENT


_read_chunk = msgspec.json.Decoder(_Chunk).decode


class CompletionsStreamDecoder:
    """One stream; a delta's index is its choice's. A body that ends after a finish reason but without
    `[DONE]`, as some servers write it, is whole."""

    def __init__(self) -> None:
        self.complete = False
        self.pending_bytes = 0
        self._framer = SseFramer()
        self._started = self._finished = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events which `data` completes. After the terminal event nothing more is read."""
        frames = self._framer.feed(data)
        self.pending_bytes = self._framer.pending_bytes
        return self._read(frames)

    def end(self) -> list[StreamEvent]:
        """The events of a last frame without its blank line."""
        frames = self._framer.end()
        self.pending_bytes = 0
        out = self._read(frames)
        self.complete = self.complete or self._finished
        return out

    def _read(self, frames: list[SseFrame]) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        for frame in frames:
            if self.complete:
                break
            if frame.data == b"[DONE]":
                self.complete = True
                break
            try:
                self._read_frame(frame, out)
            except (ValueError, RecursionError) as error:
                self.complete = True
                out.append(StreamFailed(UpstreamBroken(f"The provider sent an unreadable event: {error}")))
        return out

    def _read_frame(self, frame: SseFrame, out: list[StreamEvent]) -> None:
        chunk = _read_chunk(frame.data)
        if frame.event == b"error" or bytes(chunk.error) not in (b"", b"null"):
            self.complete = True
            out.append(StreamFailed(openai_errors.read_in_stream(frame.data)))
            return
        if not self._started:
            self._started = True
            out.append(Started(chunk.id, chunk.model, int(chunk.created)))
        for choice in chunk.choices:
            if choice.text:
                out.append(TextDelta(choice.index, choice.text))
            finish = wire.finish_of(choice.finish_reason)
            if finish is not None:
                self._finished = True
                out.append(Finished(finish))
        if chunk.usage is not None:
            out.append(UsageReported(wire.read_usage(chunk.usage)))
