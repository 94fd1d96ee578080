"""Reads a provider's stream: one JSON object a line in, canonical events out."""

import msgspec
from msgspec import Struct

from pointsman.core.errors import UpstreamBroken
from pointsman.core.stream import (
    Finished,
    Started,
    StreamEvent,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from pointsman.gateway.dialects.framing import NdjsonFramer
from pointsman.gateway.dialects.ollama import errors, wire
from pointsman.gateway.dialects.ollama.messages import tool_call
from pointsman.gateway.dialects.ollama.response import answer_id, call_id


class _Piece(Struct, gc=False):
    """What a line's message holds."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: list[wire.Call] | None = None


class _ChatLine(Struct, gc=False):
    message: _Piece | None = None
    done: bool = False
    error: msgspec.Raw = wire.ABSENT


class _GenerateLine(Struct, gc=False):
    response: str | None = None
    thinking: str | None = None
    done: bool = False
    error: msgspec.Raw = wire.ABSENT


_read_chat = msgspec.json.Decoder(_ChatLine).decode
_read_generate = msgspec.json.Decoder(_GenerateLine).decode
_read_ending = msgspec.json.Decoder(wire.Ending).decode

_TEXT, _THINKING, _OTHER = 1, 2, 0


class OllamaStreamDecoder:
    """One stream of the chat form."""

    __slots__ = ("_calls", "_framer", "_index", "_kind", "_started", "complete", "pending_bytes")

    def __init__(self) -> None:
        self.complete = False
        self.pending_bytes = 0
        self._framer = NdjsonFramer()
        self._started = False
        self._index = -1
        self._kind = _OTHER
        self._calls = 0

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events which `data` completes. After the last line nothing more is read."""
        framer = self._framer
        lines = framer.feed(data)
        self.pending_bytes = framer.pending_bytes
        return self._read(lines)

    def end(self) -> list[StreamEvent]:
        """The events of a last line without its end."""
        lines = self._framer.end()
        self.pending_bytes = 0
        return self._read(lines)

    def _read(self, lines: list[bytes]) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        for line in lines:
            if self.complete:
                break
            try:
                if not self._started:
                    self._begin(line, out)
                self._line(line, out)
            except (ValueError, RecursionError) as error:
                self.complete = True
                out.append(StreamFailed(UpstreamBroken(f"The provider sent an unreadable line: {error}")))
        return out

    def _begin(self, line: bytes, out: list[StreamEvent]) -> None:
        self._started = True
        opening = _read_ending(line)
        if opening.error is None:
            created_s = wire.seconds_of(opening.created_at)
            out.append(Started(answer_id(opening), opening.model, created_s))

    def _line(self, line: bytes, out: list[StreamEvent]) -> None:
        found = _read_chat(line)
        piece = found.message
        if piece is not None:
            if piece.thinking:
                self._think(piece.thinking, out)
            if piece.content:
                self._say(piece.content, out)
            if piece.tool_calls:
                self._call(line, piece.tool_calls, out)
        if found.done or found.error is not wire.ABSENT:
            self._end(line, out)

    def _say(self, text: str, out: list[StreamEvent]) -> None:
        if self._kind != _TEXT:
            self._kind = _TEXT
            self._index += 1
        out.append(TextDelta(self._index, text))

    def _think(self, text: str, out: list[StreamEvent]) -> None:
        if self._kind != _THINKING:
            self._kind = _THINKING
            self._index += 1
        out.append(ThinkingDelta(self._index, text))

    def _call(self, line: bytes, calls: list[wire.Call], out: list[StreamEvent]) -> None:
        created_at = _read_ending(line).created_at
        self._kind = _OTHER
        for wanted in calls:
            call = tool_call(wanted, call_id(created_at, self._calls, wanted))
            self._calls += 1
            self._index += 1
            out.append(ToolCallStarted(self._index, call.id, call.name))
            out.append(ToolCallDelta(self._index, call.arguments))

    def _end(self, line: bytes, out: list[StreamEvent]) -> None:
        """The last line, which may be an error."""
        ending = _read_ending(line)
        if ending.error is not None:
            self.complete = True
            out.append(StreamFailed(errors.fault_of(ending.error)))
            return
        usage = wire.read_usage(ending)
        if usage is not None:
            out.append(UsageReported(usage))
        finish = wire.finish_of(ending, called=self._calls > 0)
        if finish is not None:
            self.complete = True
            out.append(Finished(finish))


class GenerateStreamDecoder(OllamaStreamDecoder):
    """One stream of the form with one prompt."""

    __slots__ = ()

    def _line(self, line: bytes, out: list[StreamEvent]) -> None:
        found = _read_generate(line)
        if found.thinking:
            self._think(found.thinking, out)
        if found.response:
            self._say(found.response, out)
        if found.done or found.error is not wire.ABSENT:
            self._end(line, out)
