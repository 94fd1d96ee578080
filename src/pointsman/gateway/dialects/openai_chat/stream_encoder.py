"""Writes a streamed answer for a client, chunk by chunk."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

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
from pointsman.gateway.dialects import openai_errors
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat import wire
from pointsman.gateway.dialects.openai_chat.decode import LEGACY

PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"

_encode = msgspec.json.encode
_CHOICE = b'"choices":[{"index":0,"delta":'
_NO_DELTA = b'"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":'


class ChatStreamEncoder:
    """One stream. Every chunk repeats the answer's id, time and model; the first says the role. Usage comes
    in a chunk of its own if the client asked for it, and then the others say that they have none."""

    __slots__ = (
        "_ask_usage",
        "_calls",
        "_end",
        "_ended",
        "_finish",
        "_head",
        "_legacy",
        "_losses",
        "_refused",
        "_request",
        "_request_id",
        "_stem",
        "_unargued",
        "_usage",
    )

    def __init__(self, request: ChatRequest, request_id: str, losses: Losses) -> None:
        self._request = request
        self._request_id = request_id
        self._stem = wire.stem_of(request_id)
        self._losses = losses
        self._legacy = LEGACY in request.echo
        self._ask_usage = request.include_usage
        self._head = b""
        self._end = b',"logprobs":null,"finish_reason":null}]' + self._tail()
        self._calls: dict[int, tuple[int, bool]] = {}
        self._unargued: set[int] = set()
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._refused = self._ended = False

    def _tail(self) -> bytes:
        return b',"usage":null}\n\n' if self._ask_usage else b"}\n\n"

    def encode(self, events: Sequence[StreamEvent]) -> bytes:
        """The events' bytes; finish and usage are held back for the last chunks."""
        return b"".join([self._write(event) for event in events if not self._ended])

    def _write(self, event: StreamEvent) -> bytes:
        if type(event) is TextDelta:
            return self._say(b'{"content":', event.text)
        match event:
            case ThinkingDelta():
                return self._say(b'{"reasoning_content":', event.text)
            case ToolCallDelta():
                return self._argue(event.index, event.fragment)
            case ToolCallStarted():
                return self._start_call(event)
            case RefusalDelta():
                self._refused = True
                return self._say(b'{"refusal":', event.text)
            case Started():
                return self._begin(event.model, event.created_s)
            case Finished():
                self._finish = event.reason
            case UsageReported():
                self._usage = event.usage
            case ThinkingSigned():
                self._losses.drop("thinking.signature")
            case Ping():
                return PING
            case StreamFailed():
                return self.fail(event.error)
        return b""

    def _begin(self, model: str = "", created_s: int = 0) -> bytes:
        """The first chunk, if it is still due."""
        if self._head:
            return b""
        shared = {
            "id": f"chatcmpl-{self._stem}",
            "object": "chat.completion.chunk",
            "created": created_s or int(time.time()),
            "model": model or self._request.model,
        }
        self._head = b"data: " + _encode(shared)[:-1] + b","
        return self._chunk(b'{"role":"assistant","content":""}')

    def _chunk(self, delta: bytes) -> bytes:
        return b"".join([self._head, _CHOICE, delta, self._end])

    def _say(self, field: bytes, text: str) -> bytes:
        if not text:
            return b""
        opening = b"" if self._head else self._begin()
        return b"".join([opening, self._head, _CHOICE, field, _encode(text), b"}", self._end])

    # Tool calls

    def _start_call(self, event: ToolCallStarted) -> bytes:
        number = len(self._calls)
        opening = self._begin()
        self._calls[event.index] = (number, event.custom)
        if self._legacy and number:
            self._losses.drop("tool_calls")
            return opening
        if not event.custom:
            self._unargued.add(event.index)
        inner = {"name": event.name, "input" if event.custom else "arguments": ""}
        if self._legacy:
            return opening + self._chunk(_encode({"function_call": inner}))
        kind = "custom" if event.custom else "function"
        call_id = event.id or f"call_{self._stem}_{number}"
        return opening + self._call_chunk({"index": number, "id": call_id, "type": kind, kind: inner})

    def _call_chunk(self, call: dict[str, Any]) -> bytes:
        return self._chunk(_encode({"tool_calls": [call]}))

    def _argue(self, block: int, fragment: str) -> bytes:
        found = self._calls.get(block)
        if found is None or not fragment:
            return b""
        number, custom = found
        if self._legacy:
            if number:
                return b""
            self._unargued.discard(block)
            return self._chunk(_encode({"function_call": {"arguments": fragment}}))
        if custom:
            return self._call_chunk({"index": number, "custom": {"input": fragment}})
        self._unargued.discard(block)
        return self._call_chunk({"index": number, "function": {"arguments": fragment}})

    # The end

    def finish(self) -> bytes:
        """The reason, the usage if asked for, and the end mark. Calls without arguments get an empty object.
        Without a finish reason the answer has failed."""
        if self._ended:
            return b""
        if self._finish is None:
            return self.fail(StreamTruncated("The provider ended its answer without saying why."))
        out = [self._begin()]
        out += [self._argue(block, "{}") for block in sorted(self._unargued)]
        self._ended = True
        reason = wire.reason_of(
            self._finish, called=bool(self._calls), refused=self._refused, legacy=self._legacy
        )
        out += [self._head, _NO_DELTA, _encode(reason), b"}]", self._tail()]
        if self._ask_usage:
            usage = wire.usage_of(self._usage or Usage())
            out += [self._head, b'"choices":[],"usage":', _encode(usage), b"}\n\n"]
        out.append(DONE)
        return b"".join(out)

    def fail(self, error: PointsmanError) -> bytes:
        """The error as the stream's last event."""
        if self._ended:
            return b""
        self._ended = True
        return openai_errors.stream_error(error, self._request_id)
