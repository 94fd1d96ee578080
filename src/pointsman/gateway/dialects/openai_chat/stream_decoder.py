"""Reads a provider's stream: chunks in, canonical events out."""

import time
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Finish
from pointsman.core.errors import UpstreamBroken
from pointsman.core.stream import (
    Finished,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from pointsman.gateway.dialects import openai_errors
from pointsman.gateway.dialects.framing import SseFrame, SseFramer
from pointsman.gateway.dialects.openai_chat import wire
from pointsman.gateway.dialects.openai_chat.stream_calls import Calls
from pointsman.gateway.dialects.openai_chat.wire import ABSENT, Called, Piece, WireCall, WireUsage


class _Delta(Struct, gc=False):
    content: str | list[Piece] | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    refusal: str | None = None
    tool_calls: list[WireCall] | None = None
    function_call: Called | None = None


class _Choice(Struct, gc=False):
    delta: _Delta | None = None
    index: int = 0
    finish_reason: str | None = None


class _Chunk(Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: WireUsage | None = None
    error: Raw = ABSENT


class _Opening(Struct, gc=False):
    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[Raw] | None = None


_read_chunk = msgspec.json.Decoder(_Chunk).decode
_read_opening = msgspec.json.Decoder(_Opening).decode

_TEXT, _THINKING, _REFUSAL = "text", "thinking", "refusal"
_FAILED = "error"
"""The finish reason by which some providers say that they failed."""


class ChatStreamDecoder:
    """One stream, of which the first choice is read."""

    __slots__ = (
        "_block",
        "_blocks",
        "_calls",
        "_finished",
        "_framer",
        "_kind",
        "_out",
        "_refused",
        "_started",
        "_stem",
        "complete",
        "pending_bytes",
    )

    def __init__(self) -> None:
        self.complete = False
        self.pending_bytes = 0
        self._framer = SseFramer()
        self._out: list[StreamEvent] = []
        self._kind = ""
        self._block = -1
        self._blocks = 0
        self._calls = Calls()
        self._started = self._finished = self._refused = False
        self._stem = ""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events which `data` completes. After the terminal event nothing more is read."""
        framer = self._framer
        frames = framer.feed(data)
        self.pending_bytes = framer.pending_bytes
        return self._read(frames)

    def end(self) -> list[StreamEvent]:
        """The events of a last frame without its blank line. Not every server writes `[DONE]`: an answer
        that said why it stopped is complete too."""
        frames = self._framer.end()
        self.pending_bytes = 0
        out = self._read(frames)
        if self._finished:
            self.complete = True
        return out

    def _read(self, frames: list[SseFrame]) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        self._out = out
        for frame in frames:
            if self.complete:
                break
            data = frame.data
            try:
                chunk = _read_chunk(data)
                if not self._started:
                    self._begin(data)
                if chunk.error is not ABSENT and bytes(chunk.error) != b"null":
                    self._fail(data)
                    break
                if chunk.choices:
                    self._choose(chunk.choices)
                if chunk.usage is not None:
                    self._count(chunk.usage)
            except (ValueError, RecursionError) as error:
                self._unreadable(frame, error)
        return out

    def _unreadable(self, frame: SseFrame, error: Exception) -> None:
        """The last event is no JSON, nor are those that other protocols' proxies slip in."""
        if frame.data.strip() == b"[DONE]":
            self.complete = True
            if not self._started:
                self._out.append(StreamFailed(UpstreamBroken("The provider's stream is empty.")))
            return
        if frame.event in (b"ping", b"keepalive") or not frame.data.strip():
            return
        self.complete = True
        fault = UpstreamBroken(f"The provider sent an unreadable chunk: {error}")
        self._out.append(StreamFailed(fault))

    def _begin(self, data: bytes) -> None:
        """Waits for a chunk that says something: some providers send one about the prompt first."""
        opening = _read_opening(data)
        if not opening.id and not opening.choices:
            return
        self._started = True
        self._stem = wire.stem_of(opening.id or "")
        created_s = int(opening.created or time.time())
        self._out.append(Started(opening.id or "", opening.model or "", created_s))

    def _fail(self, data: bytes) -> None:
        self.complete = True
        self._out.append(StreamFailed(openai_errors.read_in_stream(data)))

    def _count(self, usage: WireUsage) -> None:
        found = wire.read_usage(usage)
        if found is not None:
            self._out.append(UsageReported(found))

    def _choose(self, choices: list[_Choice]) -> None:
        for choice in choices:
            if choice.index:
                continue
            delta = choice.delta
            if delta is not None:
                content = delta.content
                if type(content) is str and content and self._kind is _TEXT:
                    self._out.append(TextDelta(self._block, content))
                    if delta.tool_calls:
                        self._call(delta.tool_calls)
                else:
                    self._add(delta)
            if choice.finish_reason:
                self._finish(choice.finish_reason)

    def _open(self, kind: str) -> int:
        """The number of the block that takes more of `kind`, a new one if something else came between."""
        if self._kind is not kind:
            self._kind = kind
            self._block = self._blocks
            self._blocks += 1
        return self._block

    def _add(self, delta: _Delta) -> None:
        nested, text = wire.split_content(delta.content)
        thought = delta.reasoning_content or nested
        if not thought and isinstance(delta.reasoning, str):
            thought = delta.reasoning
        if thought:
            self._out.append(ThinkingDelta(self._open(_THINKING), thought))
        if text:
            self._out.append(TextDelta(self._open(_TEXT), text))
        if delta.refusal:
            self._refused = True
            self._out.append(RefusalDelta(self._open(_REFUSAL), delta.refusal))
        if delta.tool_calls:
            self._call(delta.tool_calls)
        if delta.function_call is not None:
            self._call([WireCall(index=0, function=delta.function_call)])

    def _call(self, fragments: list[WireCall]) -> None:
        for fragment in fragments:
            if self._calls.add(fragment, self._blocks, self._stem, self._out):
                self._blocks += 1
                self._kind = ""

    def _finish(self, reason: str) -> None:
        if self._finished:
            return
        if reason == _FAILED:
            self.complete = True
            self._out.append(StreamFailed(UpstreamBroken("The provider failed without saying why.")))
            return
        self._finished = True
        found = wire.finish_of(reason, called=self._calls.announced, refused=self._refused)
        self._out.append(Finished(found or Finish.STOP))
