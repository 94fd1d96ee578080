"""Writes the events of one output item each: a message, a stretch of reasoning, a tool call."""

from typing import Any, Protocol

import msgspec

from pointsman.core.chat import Json, Thinking, ToolCall
from pointsman.core.stream import ThinkingSigned
from pointsman.gateway.dialects.openai_responses.response import (
    ResponseObject,
    refusal_part,
    summary_part,
    text_part,
)

_encode = msgspec.json.Encoder().encode


class EventLog:
    """Writes server-sent events with rising sequence numbers, counted from 0."""

    __slots__ = ("next_number",)

    def __init__(self, next_number: int = 0) -> None:
        self.next_number = next_number

    def event(self, name: str, /, **fields: Json) -> bytes:
        """One event."""
        number = self.next_number
        self.next_number = number + 1
        body = _encode({"type": name, **fields, "sequence_number": number})
        return b"event: %b\ndata: %b\n\n" % (name.encode(), body)


class DeltaLine:
    """Writes the deltas of one open part: everything but the text and the number is written once."""

    __slots__ = ("_head", "_log", "_tail")

    def __init__(self, log: EventLog, name: str, tail: bytes = b"", /, **fields: Json) -> None:
        head = _encode({"type": name, **fields})[:-1]
        self._log = log
        self._head = b'event: %b\ndata: %b,"delta":' % (name.encode(), head)
        self._tail = tail + b',"sequence_number":%d}\n\n'

    def write(self, text: str) -> bytes:
        """One delta."""
        log = self._log
        number = log.next_number
        log.next_number = number + 1
        return self._head + _encode(text) + self._tail % number


class ItemWriter(Protocol):
    """One item. `close` writes its last events; then `item` is the whole item."""

    output_index: int
    item: dict[str, Any]

    def close(self, status: str) -> bytes: ...


class MessageWriter:
    """A message, with one content part for each block of text or refusal."""

    __slots__ = (
        "_content",
        "_line",
        "_log",
        "_refusal",
        "_response",
        "_texts",
        "block",
        "item",
        "output_index",
    )

    def __init__(self, log: EventLog, response: ResponseObject, output_index: int) -> None:
        self._log = log
        self._response = response
        self._content: list[Json] = []
        self._texts: list[str] = []
        self._line: DeltaLine | None = None
        self._refusal = False
        self.block: tuple[int, bool] | None = None
        self.output_index = output_index
        self.item = response.message_item(output_index, [], "in_progress")

    def open(self) -> bytes:
        """Announces the item."""
        return self._log.event("response.output_item.added", output_index=self.output_index, item=self.item)

    def say(self, text: str, block: tuple[int, bool]) -> bytes:
        """More of `block`: a canonical index, and whether it is a refusal."""
        if block == self.block and self._line is not None:
            self._texts.append(text)
            return self._line.write(text)
        opened = self._close_part() + self._open_part(block)
        self._texts.append(text)
        return opened + self._line.write(text) if self._line is not None else opened

    def _place(self) -> dict[str, Json]:
        return {
            "item_id": self.item["id"],
            "output_index": self.output_index,
            "content_index": len(self._content),
        }

    def _open_part(self, block: tuple[int, bool]) -> bytes:
        self.block = block
        self._refusal = block[1]
        place = self._place()
        if self._refusal:
            self._line = DeltaLine(self._log, "response.refusal.delta", **place)
        else:
            self._line = DeltaLine(self._log, "response.output_text.delta", b',"logprobs":[]', **place)
        part = refusal_part("") if self._refusal else text_part("")
        return self._log.event("response.content_part.added", **place, part=part)

    def _close_part(self) -> bytes:
        if self._line is None:
            return b""
        text = "".join(self._texts)
        place = self._place()
        if self._refusal:
            part = refusal_part(text)
            done = self._log.event("response.refusal.done", **place, refusal=text)
        else:
            part = text_part(text)
            done = self._log.event("response.output_text.done", **place, text=text, logprobs=[])
        self._texts = []
        self._line = None
        self.block = None
        closed = done + self._log.event("response.content_part.done", **place, part=part)
        self._content.append(part)
        return closed

    def close(self, status: str) -> bytes:
        """Ends the part and the item."""
        closed = self._close_part()
        self.item = self._response.message_item(self.output_index, self._content, status)
        return closed + self._log.event(
            "response.output_item.done", output_index=self.output_index, item=self.item
        )


class ReasoningWriter:
    """A stretch of thinking, as one summary."""

    __slots__ = ("_line", "_log", "_response", "_signed", "_texts", "index", "item", "output_index")

    def __init__(self, log: EventLog, response: ResponseObject, output_index: int, index: int) -> None:
        self._log = log
        self._response = response
        self._signed: ThinkingSigned | None = None
        self._texts: list[str] = []
        self._line: DeltaLine | None = None
        self.index = index
        self.output_index = output_index
        self.item: dict[str, Any] = {
            "type": "reasoning",
            "id": response.item_id("rs", output_index),
            "summary": [],
        }

    def open(self) -> bytes:
        """Announces the item."""
        return self._log.event("response.output_item.added", output_index=self.output_index, item=self.item)

    def think(self, text: str) -> bytes:
        """More reasoning."""
        opened = b""
        if self._line is None:
            place = self._place()
            self._line = DeltaLine(self._log, "response.reasoning_summary_text.delta", **place)
            part = summary_part("")
            opened = self._log.event("response.reasoning_summary_part.added", **place, part=part)
        self._texts.append(text)
        return opened + self._line.write(text)

    def sign(self, event: ThinkingSigned) -> None:
        """Notes the proof, which the finished item carries."""
        self._signed = event

    def _place(self) -> dict[str, Json]:
        return {"item_id": self.item["id"], "output_index": self.output_index, "summary_index": 0}

    def close(self, status: str) -> bytes:
        """Ends the summary and the item."""
        text = "".join(self._texts)
        closed = b""
        if self._line is not None:
            place = self._place()
            closed = self._log.event("response.reasoning_summary_text.done", **place, text=text)
            part = summary_part(text)
            closed += self._log.event("response.reasoning_summary_part.done", **place, part=part)
        block = Thinking(text=text)
        if self._signed is not None:
            block.signature, block.redacted = self._signed.signature, self._signed.redacted
            block.origin = self._signed.origin
        self.item = self._response.reasoning_item(self.output_index, block)
        return closed + self._log.event(
            "response.output_item.done", output_index=self.output_index, item=self.item
        )


class CallWriter:
    """A tool call. Several may be open at once."""

    __slots__ = ("_call", "_fragments", "_line", "_log", "_name", "_response", "item", "output_index")

    def __init__(self, log: EventLog, response: ResponseObject, output_index: int, call: ToolCall) -> None:
        self._log = log
        self._response = response
        self._call = call
        self._fragments: list[str] = []
        self._name = "custom_tool_call_input" if call.custom else "function_call_arguments"
        self.output_index = output_index
        self.item = response.call_item(output_index, call, "in_progress")
        self._line = DeltaLine(log, f"response.{self._name}.delta", **self._place())

    def open(self) -> bytes:
        """Announces the item."""
        return self._log.event("response.output_item.added", output_index=self.output_index, item=self.item)

    def argue(self, fragment: str) -> bytes:
        """More of the arguments."""
        self._fragments.append(fragment)
        return self._line.write(fragment)

    def _place(self) -> dict[str, Json]:
        return {"item_id": self.item["id"], "output_index": self.output_index}

    def close(self, status: str) -> bytes:
        """Ends the arguments and the item. A function without arguments gets an empty object."""
        closed = b""
        if not self._fragments and not self._call.custom:
            closed = self.argue("{}")
        self._call.arguments = "".join(self._fragments)
        self.item = self._response.call_item(self.output_index, self._call, status)
        done = {"input": self._call.arguments} if self._call.custom else self._done_arguments()
        closed += self._log.event(f"response.{self._name}.done", **self._place(), **done)
        return closed + self._log.event(
            "response.output_item.done", output_index=self.output_index, item=self.item
        )

    def _done_arguments(self) -> dict[str, Json]:
        return {"name": self.item["name"], "arguments": self._call.arguments}
