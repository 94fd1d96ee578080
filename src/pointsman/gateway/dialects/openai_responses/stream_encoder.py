"""Writes a streamed answer for a client: items open and close in the order which SDKs and Codex expect."""

from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from pointsman.core.chat import ChatRequest, Finish, ToolCall, Usage
from pointsman.core.errors import PointsmanError
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
from pointsman.gateway.dialects.openai_responses.response import (
    RUNNING,
    Ending,
    ResponseObject,
    ending_of,
    failed,
)
from pointsman.gateway.dialects.openai_responses.settings import stem_of
from pointsman.gateway.dialects.openai_responses.stream_items import (
    CallWriter,
    EventLog,
    ItemWriter,
    MessageWriter,
    ReasoningWriter,
)

PING = b": ping\n\n"
HIGHEST_NUMBER = 2**31 - 1
"""The sequence number of an event whose predecessors were not counted."""


class ResponsesStreamEncoder:
    """One stream. Reasoning and messages end when another item opens; tool calls stay open to the end,
    since their fragments may interleave."""

    def __init__(self, request: ChatRequest, request_id: str) -> None:
        self._request = request
        self._stem = stem_of(request_id)
        self._log = EventLog()
        self._response: ResponseObject | None = None
        self._items: list[ItemWriter] = []
        self._message: MessageWriter | None = None
        self._reasoning: ReasoningWriter | None = None
        self._calls: dict[int, CallWriter] = {}
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._ended = False

    def encode(self, events: Sequence[StreamEvent]) -> bytes:
        """The events' bytes; finish and usage are held back for the last event."""
        return b"".join([self._write(event) for event in events if not self._ended])

    def _write(self, event: StreamEvent) -> bytes:
        match event:
            case TextDelta():
                return self._say(event.text, (event.index, False))
            case ToolCallDelta():
                return self._calls[event.index].argue(event.fragment) if event.fragment else b""
            case ThinkingDelta():
                return self._think(event)
            case ToolCallStarted():
                return self._start_call(event)
            case RefusalDelta():
                return self._say(event.text, (event.index, True))
            case ThinkingSigned():
                return self._sign(event)
            case Started():
                return self._ready(event.model, event.created_s)[0]
            case Finished():
                self._finish = event.reason
            case UsageReported():
                self._usage = event.usage
            case Ping():
                return PING
            case StreamFailed():
                return self.fail(event.error)
        return b""

    def _ready(self, model: str = "", created_s: int = 0) -> tuple[bytes, ResponseObject]:
        """The opening events if they are still due, and the response."""
        if self._response is not None:
            return b"", self._response
        self._response = response = ResponseObject(self._request, self._stem, model, created_s)
        running = Raw(response.render(RUNNING, [], None))
        opening = self._log.event("response.created", response=running)
        return opening + self._log.event("response.in_progress", response=running), response

    def _say(self, text: str, block: tuple[int, bool]) -> bytes:
        message = self._message
        if message is not None:
            return message.say(text, block) if text else b""
        if not text:
            return b""
        opening, response = self._ready()
        opening += self._close_current()
        self._message = message = MessageWriter(self._log, response, len(self._items))
        self._items.append(message)
        return opening + message.open() + message.say(text, block)

    def _open_reasoning(self, index: int) -> tuple[bytes, ReasoningWriter]:
        if self._reasoning is not None and self._reasoning.index == index:
            return b"", self._reasoning
        opening, response = self._ready()
        opening += self._close_current()
        self._reasoning = writer = ReasoningWriter(self._log, response, len(self._items), index)
        self._items.append(writer)
        return opening + writer.open(), writer

    def _think(self, event: ThinkingDelta) -> bytes:
        if not event.text:
            return b""
        opening, writer = self._open_reasoning(event.index)
        return opening + writer.think(event.text)

    def _sign(self, event: ThinkingSigned) -> bytes:
        opening, writer = self._open_reasoning(event.index)
        writer.sign(event)
        return opening

    def _start_call(self, event: ToolCallStarted) -> bytes:
        opening, response = self._ready()
        opening += self._close_current()
        call = ToolCall(id=event.id, name=event.name, arguments="", custom=event.custom)
        self._calls[event.index] = writer = CallWriter(self._log, response, len(self._items), call)
        self._items.append(writer)
        return opening + writer.open()

    def _close_current(self) -> bytes:
        """Ends the open message or reasoning, of which there is at most one."""
        current: ItemWriter | None = self._message or self._reasoning
        self._message = self._reasoning = None
        return current.close("completed") if current is not None else b""

    def finish(self) -> bytes:
        """Ends every open item, then the answer. Without a finish reason the answer has failed."""
        if self._ended:
            return b""
        opening, response = self._ready()
        ending = ending_of(self._finish)
        status = "completed" if ending.status == "completed" else "incomplete"
        closing = [writer.close(status) for writer in self._open_items()]
        return opening + b"".join(closing) + self._end(response, ending, self._items)

    def fail(self, error: PointsmanError) -> bytes:
        """The answer has failed; the items that had ended stay in its output."""
        if self._ended:
            return b""
        opening, response = self._ready()
        still_open = self._open_items()
        ended = [writer for writer in self._items if writer not in still_open]
        return opening + self._end(response, failed(error), ended)

    def _open_items(self) -> list[ItemWriter]:
        found: list[ItemWriter] = list(self._calls.values())
        current: ItemWriter | None = self._message or self._reasoning
        if current is not None:
            found.append(current)
        return sorted(found, key=lambda writer: writer.output_index)

    def _end(self, response: ResponseObject, ending: Ending, ended: Sequence[ItemWriter]) -> bytes:
        self._ended = True
        output: list[dict[str, Any]] = [writer.item for writer in ended]
        whole = Raw(response.render(ending, output, self._usage))
        return self._log.event(f"response.{ending.status}", response=whole)


def stream_error(error: PointsmanError, request_id: str) -> bytes:
    """A failed response for a stream that this gateway did not write itself."""
    request = ChatRequest(model="", messages=[])
    response = ResponseObject(request, stem_of(request_id), "", 0)
    whole = Raw(response.render(failed(error), [], None))
    return EventLog(HIGHEST_NUMBER).event("response.failed", response=whole)
