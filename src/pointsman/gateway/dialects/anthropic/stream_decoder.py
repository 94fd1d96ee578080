"""Reads a provider's stream: named events in, canonical events out."""

import time
from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct, structs

from pointsman.core.errors import UpstreamBroken
from pointsman.core.stream import (
    Finished,
    Ping,
    Started,
    StreamEvent,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from pointsman.gateway.dialects.anthropic import errors, wire
from pointsman.gateway.dialects.anthropic.blocks import tool_call
from pointsman.gateway.dialects.anthropic.thinking import unseal
from pointsman.gateway.dialects.framing import SseFrame, SseFramer


class _Delta(Struct, gc=False):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""


class _DeltaEvent(Struct, gc=False):
    delta: _Delta
    index: int = 0


class _BlockEvent(Struct, gc=False):
    index: int = 0
    content_block: Raw = wire.ABSENT


class _Opening(Struct, gc=False):
    id: str = ""
    model: str = ""
    usage: wire.WireUsage | None = None


class _StartEvent(Struct, gc=False):
    message: _Opening


class _Stop(Struct, gc=False, frozen=True):
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _StopEvent(Struct, gc=False):
    delta: _Stop = _Stop()
    usage: wire.WireUsage | None = None


class _Error(Struct, gc=False, frozen=True):
    type: str | None = None
    message: str | None = None


class _ErrorEvent(Struct, gc=False):
    error: _Error = _Error()


_read_delta = msgspec.json.Decoder(_DeltaEvent).decode
_read_block = msgspec.json.Decoder(_BlockEvent).decode
_read_start = msgspec.json.Decoder(_StartEvent).decode
_read_stop = msgspec.json.Decoder(_StopEvent).decode
_read_error = msgspec.json.Decoder(_ErrorEvent).decode


class AnthropicStreamDecoder:
    """One stream. Blocks of Anthropic's own tools are left out, and the rest numbered anew.

    The token counts of the first event are marked as estimated: its input is exact, but its output is
    only what had been written by then. The counts of later events replace them.
    """

    __slots__ = ("_blocks", "_framer", "_inputs", "_out", "_started", "_usage", "complete", "pending_bytes")

    def __init__(self) -> None:
        self.complete = False
        self.pending_bytes = 0
        self._framer = SseFramer()
        self._out: list[StreamEvent] = []
        self._blocks: dict[int, int] = {}
        self._inputs: dict[int, str] = {}
        self._started = False
        self._usage = wire.WireUsage()

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events which `data` completes. After the terminal event nothing more is read."""
        framer = self._framer
        frames = framer.feed(data)
        self.pending_bytes = framer.pending_bytes
        return self._read(frames)

    def end(self) -> list[StreamEvent]:
        """The events of a last frame without its blank line."""
        frames = self._framer.end()
        self.pending_bytes = 0
        return self._read(frames)

    def _read(self, frames: list[SseFrame]) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        self._out = out
        for frame in frames:
            if self.complete:
                break
            try:
                if frame.event == b"content_block_delta":
                    self._delta(frame.data)
                else:
                    self._rare(frame)
            except (ValueError, RecursionError) as error:
                self.complete = True
                out.append(StreamFailed(UpstreamBroken(f"The provider sent an unreadable event: {error}")))
        return out

    def _rare(self, frame: SseFrame) -> None:
        if frame.data == b"[DONE]":
            return
        kind = frame.event or wire.HEAD.decode(frame.data).type.encode()
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, frame.data)

    # Blocks

    def _delta(self, data: bytes) -> None:
        event = _read_delta(data)
        index = self._blocks.get(event.index)
        if index is None:
            return
        delta = event.delta
        kind = delta.type
        if kind == "text_delta":
            self._out.append(TextDelta(index, delta.text))
        elif kind == "input_json_delta":
            if delta.partial_json:
                self._inputs.pop(index, None)
                self._out.append(ToolCallDelta(index, delta.partial_json))
        elif kind == "thinking_delta":
            self._out.append(ThinkingDelta(index, delta.thinking))
        elif kind == "signature_delta":
            self._sign(index, delta.signature, redacted=False)

    def _sign(self, index: int, proof: str, *, redacted: bool) -> None:
        signed = unseal("", proof, redacted=redacted)
        if signed.signature is not None or signed.redacted is not None:
            self._out.append(ThinkingSigned(index, signed.signature, signed.redacted, signed.origin))

    def _block_started(self, data: bytes) -> None:
        event = _read_block(data)
        kind = wire.HEAD.decode(event.content_block).type
        if kind not in _STREAMED:
            return
        block = wire.BLOCK.decode(event.content_block)
        index = self._blocks[event.index] = len(self._blocks)
        if kind == "tool_use":
            self._inputs[index] = tool_call(block).arguments
            self._out.append(ToolCallStarted(index, block.id, block.name))
        elif kind == "redacted_thinking":
            self._sign(index, block.data, redacted=True)
        elif block.text:
            self._out.append(TextDelta(index, block.text))
        elif block.thinking:
            self._out.append(ThinkingDelta(index, block.thinking))

    def _block_stopped(self, data: bytes) -> None:
        """A call whose input came whole, or that has none, gets its arguments here."""
        index = self._blocks.get(_read_block(data).index)
        if index in self._inputs:
            self._out.append(ToolCallDelta(index, self._inputs.pop(index)))

    # The message

    def _begun(self, data: bytes) -> None:
        if self._started:
            return
        self._started = True
        message = _read_start(data).message
        self._out.append(Started(message.id, message.model, int(time.time())))
        self._count(message.usage, estimated=True)

    def _count(self, usage: wire.WireUsage | None, *, estimated: bool) -> None:
        """Counts are totals so far; an event leaves out those that it has nothing new of."""
        if usage is None:
            return
        for name in wire.WireUsage.__struct_fields__:
            value = getattr(usage, name)
            if value is not None:
                setattr(self._usage, name, value)
        found = wire.read_usage(self._usage)
        self._out.append(UsageReported(structs.replace(found, estimated=estimated)))

    def _stopping(self, data: bytes) -> None:
        event = _read_stop(data)
        self._count(event.usage, estimated=False)
        reason = wire.finish_of(event.delta.stop_reason)
        if reason is not None:
            self._out.append(Finished(reason, event.delta.stop_sequence))

    def _stopped(self, data: bytes) -> None:
        self.complete = True

    def _ping(self, data: bytes) -> None:
        self._out.append(Ping())

    def _error(self, data: bytes) -> None:
        self.complete = True
        said = _read_error(data).error
        self._out.append(StreamFailed(errors.fault_of(said.type, said.message)))


_STREAMED = frozenset({"text", "tool_use", "thinking", "redacted_thinking"})

_HANDLERS: dict[bytes, Callable[[AnthropicStreamDecoder, bytes], None]] = {
    b"content_block_delta": AnthropicStreamDecoder._delta,
    b"content_block_start": AnthropicStreamDecoder._block_started,
    b"content_block_stop": AnthropicStreamDecoder._block_stopped,
    b"message_start": AnthropicStreamDecoder._begun,
    b"message_delta": AnthropicStreamDecoder._stopping,
    b"message_stop": AnthropicStreamDecoder._stopped,
    b"ping": AnthropicStreamDecoder._ping,
    b"error": AnthropicStreamDecoder._error,
}
