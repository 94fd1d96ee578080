"""Reads a provider's stream: typed events in, canonical events out."""

from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Finish, ToolCall
from pointsman.core.errors import UpstreamBroken
from pointsman.core.stream import (
    Finished,
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
from pointsman.gateway.dialects.framing import SseFrame, SseFramer
from pointsman.gateway.dialects.openai_responses import wire
from pointsman.gateway.dialects.openai_responses.faults import fault_of
from pointsman.gateway.dialects.openai_responses.items import called_name, reasoning_text
from pointsman.gateway.dialects.openai_responses.response import NO_PLACES, finish_of, read_usage
from pointsman.gateway.dialects.openai_responses.seal import unseal


class _Delta(Struct, gc=False):
    delta: str = ""
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0


class _ItemEvent(Struct):
    item: Raw
    output_index: int = 0


class _ResponseEvent(Struct):
    response: wire.WireResponse


class _ErrorEvent(Struct):
    code: str | None = None
    message: str | None = None
    error: wire.WireError | None = None


class _Typed(Struct, gc=False):
    type: str = ""


_read_delta = msgspec.json.Decoder(_Delta).decode
_read_item_event = msgspec.json.Decoder(_ItemEvent).decode
_read_response_event = msgspec.json.Decoder(_ResponseEvent).decode
_read_error_event = msgspec.json.Decoder(_ErrorEvent).decode
_read_type = msgspec.json.Decoder(_Typed).decode

_Place = tuple[int, int]
_WHOLE = -1
"""The content index under which an item that is one block (a call, reasoning) is kept."""


class ResponsesStreamDecoder:
    """One stream. An item's content is taken from its deltas; a provider that sends none is read from the
    finished item instead, or from the finished response."""

    def __init__(self) -> None:
        self.complete = False
        self.pending_bytes = 0
        self._framer = SseFramer()
        self._out: list[StreamEvent] = []
        self._blocks: dict[_Place, int] = {}
        self._argued: set[int] = set()
        self._summaries: dict[int, int] = {}
        self._called = self._refused = self._started = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events which `data` completes. After the terminal event nothing more is read."""
        frames = self._framer.feed(data)
        self.pending_bytes = self._framer.pending_bytes
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
                handler = _HANDLERS.get(frame.event or _read_type(frame.data).type.encode())
                if handler is not None:
                    handler(self, frame.data)
            except (ValueError, RecursionError) as error:
                if frame.data.strip() == b"[DONE]":
                    continue
                self.complete = True
                out.append(StreamFailed(UpstreamBroken(f"The provider sent an unreadable event: {error}")))
        return out

    def _block(self, output_index: int, content_index: int) -> int:
        place = (output_index, content_index)
        index = self._blocks.get(place)
        if index is None:
            index = self._blocks[place] = len(self._blocks)
        return index

    # Deltas

    def _text(self, data: bytes) -> None:
        found = _read_delta(data)
        index = self._block(found.output_index, found.content_index)
        self._out.append(TextDelta(index, found.delta))

    def _refusal(self, data: bytes) -> None:
        found = _read_delta(data)
        self._refused = True
        index = self._block(found.output_index, found.content_index)
        self._out.append(RefusalDelta(index, found.delta))

    def _argument(self, data: bytes) -> None:
        found = _read_delta(data)
        place = (found.output_index, _WHOLE)
        if place not in self._blocks:
            raise ValueError("arguments of a call that was never announced")
        self._argued.add(found.output_index)
        self._out.append(ToolCallDelta(self._blocks[place], found.delta))

    def _summary(self, data: bytes) -> None:
        found = _read_delta(data)
        text = found.delta
        before = self._summaries.get(found.output_index)
        if before is not None and before != found.summary_index:
            text = "\n\n" + text
        self._summaries[found.output_index] = found.summary_index
        self._out.append(ThinkingDelta(self._block(found.output_index, _WHOLE), text))

    def _thought(self, data: bytes) -> None:
        found = _read_delta(data)
        self._out.append(ThinkingDelta(self._block(found.output_index, _WHOLE), found.delta))

    # Items

    def _item_added(self, data: bytes) -> None:
        event = _read_item_event(data)
        kind = wire.HEAD.decode(event.item).kind
        if kind in ("function_call", "custom_tool_call"):
            self._start_call(wire.ITEM.decode(event.item), kind, event.output_index)

    def _start_call(self, item: wire.Item, kind: str, output_index: int) -> int:
        place = (output_index, _WHOLE)
        if place in self._blocks:
            return self._blocks[place]
        self._called = True
        index = self._block(*place)
        name = called_name(item, NO_PLACES)
        custom = kind == "custom_tool_call"
        self._out.append(ToolCallStarted(index, item.call_id or "", name, custom))
        return index

    def _item_done(self, data: bytes) -> None:
        event = _read_item_event(data)
        self._finish_item(event.item, event.output_index)

    def _finish_item(self, raw: Raw, output_index: int) -> None:
        """Adds what an item's deltas have not brought."""
        kind = wire.HEAD.decode(raw).kind
        if kind not in wire.KNOWN_ITEMS:
            return
        item = wire.ITEM.decode(raw)
        if kind == "message":
            self._finish_message(item, output_index)
        elif kind == "reasoning":
            self._finish_reasoning(item, output_index)
        elif kind in ("function_call", "custom_tool_call"):
            index = self._start_call(item, kind, output_index)
            text = item.input if kind == "custom_tool_call" else item.arguments
            if output_index not in self._argued and text:
                self._argued.add(output_index)
                self._out.append(ToolCallDelta(index, text))

    def _finish_message(self, item: wire.Item, output_index: int) -> None:
        content = item.content if isinstance(item.content, list) else []
        for position, part in enumerate(content):
            if (output_index, position) in self._blocks:
                continue
            if part.refusal:
                self._refused = True
                self._out.append(RefusalDelta(self._block(output_index, position), part.refusal))
            elif part.text:
                self._out.append(TextDelta(self._block(output_index, position), part.text))

    def _finish_reasoning(self, item: wire.Item, output_index: int) -> None:
        text = reasoning_text(item)
        if text and (output_index, _WHOLE) not in self._blocks:
            self._out.append(ThinkingDelta(self._block(output_index, _WHOLE), text))
        if not item.encrypted_content:
            return
        signature, redacted, origin = unseal(item.id, item.encrypted_content, has_text=bool(text))
        if signature is not None or redacted is not None:
            index = self._block(output_index, _WHOLE)
            self._out.append(ThinkingSigned(index, signature, redacted, origin))

    # The response

    def _begun(self, data: bytes) -> None:
        if self._started:
            return
        self._started = True
        found = _read_response_event(data).response
        self._out.append(Started(found.id, found.model, int(found.created_at)))

    def _ended(self, data: bytes) -> None:
        self._begun(data)
        found = _read_response_event(data).response
        self.complete = True
        usage = read_usage(found.usage)
        if usage is not None:
            self._out.append(UsageReported(usage))
        if found.status == "failed" or found.error is not None:
            failure = found.error or wire.WireError()
            self._out.append(StreamFailed(fault_of(failure.code, failure.message)))
            return
        if not self._blocks:
            for position, raw in enumerate(found.output):
                self._finish_item(raw, position)
        self._out.append(Finished(self._reason(found)))

    def _reason(self, found: wire.WireResponse) -> Finish:
        calls = [ToolCall(id="", name="", arguments="")] if self._called else []
        reason = finish_of(found, calls) or Finish.STOP
        return Finish.REFUSAL if reason is Finish.STOP and self._refused else reason

    def _error(self, data: bytes) -> None:
        self.complete = True
        found = _read_error_event(data)
        failure = found.error or wire.WireError(code=found.code, message=found.message)
        self._out.append(StreamFailed(fault_of(failure.code, failure.message)))


_HANDLERS: dict[bytes, Callable[[ResponsesStreamDecoder, bytes], None]] = {
    b"response.output_text.delta": ResponsesStreamDecoder._text,
    b"response.function_call_arguments.delta": ResponsesStreamDecoder._argument,
    b"response.custom_tool_call_input.delta": ResponsesStreamDecoder._argument,
    b"response.reasoning_summary_text.delta": ResponsesStreamDecoder._summary,
    b"response.reasoning_text.delta": ResponsesStreamDecoder._thought,
    b"response.refusal.delta": ResponsesStreamDecoder._refusal,
    b"response.output_item.added": ResponsesStreamDecoder._item_added,
    b"response.output_item.done": ResponsesStreamDecoder._item_done,
    b"response.created": ResponsesStreamDecoder._begun,
    b"response.in_progress": ResponsesStreamDecoder._begun,
    b"response.completed": ResponsesStreamDecoder._ended,
    b"response.incomplete": ResponsesStreamDecoder._ended,
    b"response.failed": ResponsesStreamDecoder._ended,
    b"error": ResponsesStreamDecoder._error,
}
