"""Writes a streamed answer for a client, in the exact order of events that its SDKs accept."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pointsman.core.chat import ChatRequest, Finish, Usage
from pointsman.core.errors import PointsmanError, StreamTruncated
from pointsman.core.stream import (
    Finished,
    Ping,
    RefusalDelta,
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
from pointsman.gateway.dialects.anthropic.response import message_id, shows_thinking
from pointsman.gateway.dialects.anthropic.thinking import seal
from pointsman.gateway.dialects.base import Losses

PING = b'event: ping\ndata: {"type":"ping"}\n\n'

_encode = msgspec.json.encode
_START = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":%s}\n\n'
_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"'
_TEXT = _DELTA + b'text_delta","text":%s}}\n\n'
_INPUT = _DELTA + b'input_json_delta","partial_json":%s}}\n\n'
_THINKING = _DELTA + b'thinking_delta","thinking":%s}}\n\n'
_SIGNATURE = _DELTA + b'signature_delta","signature":%s}}\n\n'
_MESSAGE_START = b'event: message_start\ndata: {"type":"message_start","message":%s}\n\n'
_MESSAGE_DELTA = b'event: message_delta\ndata: {"type":"message_delta","delta":%s,"usage":%s}\n\n'
_MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

_Content = TextDelta | RefusalDelta | ThinkingDelta | ThinkingSigned | ToolCallStarted | ToolCallDelta
_KINDS: dict[type, str] = {
    TextDelta: "text",
    RefusalDelta: "text",
    ThinkingDelta: "thinking",
    ThinkingSigned: "thinking",
    ToolCallStarted: "tool_use",
    ToolCallDelta: "tool_use",
}


class _Open(Struct):
    """The block being written: its kind, canonical index, what of a call's input was written, and
    whether its thinking was signed."""

    kind: str
    index: int
    input: list[str] = []
    signed: bool = False


class AnthropicStreamEncoder:
    """One stream. Only one block is open at a time, so events of other blocks wait while a tool call's
    input is not whole yet."""

    def __init__(self, request: ChatRequest, request_id: str, losses: Losses) -> None:
        self._request = request
        self._request_id = request_id
        self._losses = losses
        self._shows_thinking = shows_thinking(request)
        self._started = self._ended = self._called = False
        self._open: _Open | None = None
        self._number = -1
        self._waiting: list[_Content] = []
        self._finish: Finish | None = None
        self._stop_sequence: str | None = None
        self._usage: Usage | None = None

    def encode(self, events: Sequence[StreamEvent]) -> bytes:
        """The events' bytes; finish and usage are held back for the last events."""
        return b"".join([self._write(event) for event in events if not self._ended])

    def _write(self, event: StreamEvent) -> bytes:
        if type(event) is TextDelta:
            current = self._open
            if current is not None and current.kind == "text" and current.index == event.index:
                return _TEXT % (self._number, _encode(event.text)) if event.text else b""
        match event:
            case TextDelta() | RefusalDelta():
                return self._admit(event) if event.text else b""
            case ToolCallStarted() | ToolCallDelta():
                return self._admit(event)
            case ThinkingDelta() | ThinkingSigned():
                return self._think(event)
            case Started():
                return self._begin(event.model)
            case Finished():
                self._finish, self._stop_sequence = event.reason, event.stop_sequence
            case UsageReported():
                self._usage = event.usage
            case Ping():
                return PING if self._started else b""
            case StreamFailed():
                return self.fail(event.error)
        return b""

    def _think(self, event: ThinkingDelta | ThinkingSigned) -> bytes:
        """Thinking that nobody asked to see becomes a sign of life."""
        if self._shows_thinking:
            return self._admit(event)
        self._losses.drop("thinking")
        return PING if self._started and isinstance(event, ThinkingDelta) else b""

    def _begin(self, model: str = "") -> bytes:
        if self._started:
            return b""
        self._started = True
        message: dict[str, Any] = {
            "id": message_id(self._request_id),
            "type": "message",
            "role": "assistant",
            "model": model or self._request.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": wire.usage_of(self._usage),
        }
        return _MESSAGE_START % _encode(message) + PING

    # Blocks

    def _admit(self, event: _Content) -> bytes:
        """Writes the event, or lets it wait for the open tool call."""
        current = self._current(event)
        if current is not None:
            return self._continue(current, event)
        if self._waiting or not self._may_close():
            self._waiting.append(event)
            return b""
        return self._switch(event)

    def _current(self, event: _Content) -> _Open | None:
        """The open block, if the event belongs to it."""
        current = self._open
        if current is None or current.index != event.index or current.kind != _KINDS[type(event)]:
            return None
        return current

    def _may_close(self) -> bool:
        """Whether nothing more can come for the open block."""
        current = self._open
        if current is None or current.kind != "tool_use":
            return True
        try:
            msgspec.json.decode("".join(current.input))
        except (ValueError, RecursionError):
            return False
        return True

    def _switch(self, event: _Content) -> bytes:
        """Closes the open block and opens the event's. Fragments of a call that was closed are dropped:
        its input was whole."""
        if isinstance(event, ToolCallDelta):
            return b""
        closing = self._begin() + self._close()
        if isinstance(event, ThinkingSigned) and event.redacted is not None:
            self._number += 1
            block = {"type": "redacted_thinking", "data": seal(event)}
            return closing + _START % (self._number, _encode(block)) + _STOP % self._number
        self._number += 1
        self._open = opened = _Open(kind=_KINDS[type(event)], index=event.index)
        return closing + _START % (self._number, self._empty_block(event)) + self._continue(opened, event)

    def _empty_block(self, event: _Content) -> bytes:
        if isinstance(event, ToolCallStarted):
            self._called = True
            call_id = event.id or f"toolu_{message_id(self._request_id)[4:]}_{self._number}"
            return _encode({"type": "tool_use", "id": call_id, "name": event.name, "input": {}})
        if isinstance(event, ThinkingDelta | ThinkingSigned):
            return b'{"type":"thinking","thinking":"","signature":""}'
        return b'{"type":"text","text":""}'

    def _continue(self, current: _Open, event: _Content) -> bytes:
        """The event inside the open block `current`."""
        if isinstance(event, ToolCallDelta):
            current.input.append(event.fragment)
            return _INPUT % (self._number, _encode(event.fragment)) if event.fragment else b""
        if isinstance(event, ThinkingSigned):
            current.signed = True
            return _SIGNATURE % (self._number, _encode(seal(event)))
        if isinstance(event, ThinkingDelta):
            return _THINKING % (self._number, _encode(event.text)) if event.text else b""
        if isinstance(event, ToolCallStarted):
            return b""
        return _TEXT % (self._number, _encode(event.text))

    def _close(self) -> bytes:
        current, self._open = self._open, None
        if current is None:
            return b""
        unsigned = current.kind == "thinking" and not current.signed
        signature = _SIGNATURE % (self._number, _encode(seal(None))) if unsigned else b""
        return signature + _STOP % self._number

    def _release(self) -> bytes:
        """What had to wait, block by block."""
        blocks: dict[int, list[_Content]] = {}
        for event in self._waiting:
            blocks.setdefault(event.index, []).append(event)
        self._waiting = []
        out: list[bytes] = []
        for events in blocks.values():
            for event in events:
                current = self._current(event)
                out.append(self._switch(event) if current is None else self._continue(current, event))
        return b"".join(out)

    # The end

    def finish(self) -> bytes:
        """Closes the last block and ends the message. Without a finish reason the answer has failed."""
        if self._ended:
            return b""
        if self._finish is None:
            return self.fail(StreamTruncated("The provider ended its answer without saying why."))
        out = self._begin() + self._release() + self._close()
        self._ended = True
        reason = wire.stop_reason_of(self._finish, called=self._called)
        delta = {"stop_reason": reason, "stop_sequence": self._stop_sequence}
        return out + _MESSAGE_DELTA % (_encode(delta), _encode(wire.usage_of(self._usage))) + _MESSAGE_STOP

    def fail(self, error: PointsmanError) -> bytes:
        """The error as the stream's last event."""
        if self._ended:
            return b""
        self._ended = True
        return errors.stream_error(error, self._request_id)
