"""Writes a streamed answer for a client."""

import time
from collections.abc import Sequence

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
from pointsman.gateway.dialects.openai_completions import wire
from pointsman.gateway.dialects.openai_completions.response import echoed

PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"

_json = msgspec.json.encode


class CompletionsStreamEncoder:
    """One stream. Finish and usage are held back for the last chunks; thinking and tool calls have no
    place in this dialect and are reported to `losses`."""

    def __init__(self, request: ChatRequest, request_id: str, losses: Losses) -> None:
        self._request = request
        self._request_id = request_id
        self._losses = losses
        self._counts = request.include_usage
        self._head = b""
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._ended = False

    def encode(self, events: Sequence[StreamEvent]) -> bytes:
        """The events' bytes."""
        return b"".join([self._write(event) for event in events if not self._ended])

    def _write(self, event: StreamEvent) -> bytes:
        match event:
            case TextDelta() | RefusalDelta():
                return self._begin() + self._chunk(event.text) if event.text else b""
            case Started():
                return self._begin(event.model, event.created_s)
            case Finished():
                self._finish = event.reason
            case UsageReported():
                self._usage = event.usage
            case Ping():
                return PING
            case StreamFailed():
                return self.fail(event.error)
            case ThinkingDelta() | ThinkingSigned():
                self._losses.drop("thinking")
            case ToolCallStarted() | ToolCallDelta():
                self._losses.drop("tool_calls")
        return b""

    def _begin(self, model: str = "", created_s: int = 0) -> bytes:
        """Settles what all chunks share, if that is still due; the prompt if the client wants it back."""
        if self._head:
            return b""
        self._head = b'data: {"id":%s,"object":"text_completion","created":%d,"model":%s,"choices":[' % (
            _json(wire.completion_id(self._request_id)),
            created_s or int(time.time()),
            _json(model or self._request.model),
        )
        prompt = echoed(self._request)
        return self._chunk(prompt) if prompt else b""

    def _chunk(self, text: str, reason: str | None = None) -> bytes:
        return b'%s{"text":%s,"index":0,"logprobs":null,"finish_reason":%s}]%s}\n\n' % (
            self._head,
            _json(text),
            _json(reason),
            b',"usage":null' if self._counts else b"",
        )

    def finish(self) -> bytes:
        """The last chunks. Without a finish reason the answer has failed."""
        if self._ended:
            return b""
        if self._finish is None:
            return self.fail(StreamTruncated("The provider ended its answer without saying why."))
        out = self._begin() + self._chunk("", wire.reason_of(self._finish))
        self._ended = True
        if self._counts and self._usage is not None:
            out += b'%s],"usage":%s}\n\n' % (self._head, _json(wire.usage_of(self._usage)))
        return out + DONE

    def fail(self, error: PointsmanError) -> bytes:
        """The error as the stream's last event."""
        if self._ended:
            return b""
        self._ended = True
        return openai_errors.stream_error(error, self._request_id)
