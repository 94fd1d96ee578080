"""Writes a streamed answer for a client: one JSON object a line, the last one with the figures."""

from collections.abc import Sequence

import msgspec

from pointsman.core.chat import ChatRequest, Finish, ToolCall, Usage
from pointsman.core.errors import PointsmanError, StreamTruncated
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
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.ollama import errors, wire
from pointsman.gateway.dialects.ollama.response import call_of, shows_thinking

_encode = msgspec.json.encode


class OllamaStreamEncoder:
    """One stream of the chat form. Tool calls are written whole, so they wait for the answer's end."""

    _said = b'"message":{"role":"assistant","content":'
    _thought = b'"message":{"role":"assistant","content":"","thinking":'
    _behind = b'},"done":false}\n'
    _silence = b'"message":{"role":"assistant","content":""},'

    def __init__(self, request: ChatRequest, request_id: str, losses: Losses) -> None:
        self._request = request
        self._request_id = request_id
        self._losses = losses
        self._shows_thinking = shows_thinking(request)
        self._ended = False
        self._calls: dict[int, tuple[ToolCallStarted, list[str]]] = {}
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._head = self._text_head = b""
        if request.logprobs:
            losses.drop("logprobs")

    def encode(self, events: Sequence[StreamEvent]) -> bytes:
        """The events' bytes; tool calls, finish and usage are held back for the last lines."""
        return b"".join([self._write(event) for event in events if not self._ended])

    def _write(self, event: StreamEvent) -> bytes:
        match event:
            case TextDelta() | RefusalDelta():
                if not self._head:
                    self._begin(Started("", ""))
                return self._text_head + _encode(event.text) + self._behind if event.text else b""
            case ThinkingDelta():
                return self._think(event.text) if event.text else b""
            case ToolCallDelta():
                if event.index in self._calls:
                    self._calls[event.index][1].append(event.fragment)
            case ToolCallStarted():
                self._calls[event.index] = (event, [])
            case Started():
                self._begin(event)
            case ThinkingSigned():
                self._losses.drop("thinking.signature")
            case Finished():
                self._finish = event.reason
            case UsageReported():
                self._usage = event.usage
            case StreamFailed():
                return self.fail(event.error)
        return b""

    def _begin(self, event: Started) -> None:
        """Every line begins with the model and the time; nothing is written before the first content."""
        model = _encode(event.model or self._request.model)
        created = wire.timestamp_of(event.created_s).encode()
        self._head = b'{"model":%s,"created_at":"%s",' % (model, created)
        self._text_head = self._head + self._said

    def _think(self, text: str) -> bytes:
        if not self._shows_thinking:
            self._losses.drop("thinking")
            return b""
        if not self._head:
            self._begin(Started("", ""))
        return self._head + self._thought + _encode(text) + self._behind

    # The end

    def finish(self) -> bytes:
        """The calls, and the last line. Without a finish reason the answer has failed."""
        if self._ended:
            return b""
        if self._finish is None:
            return self.fail(StreamTruncated("The provider ended its answer without saying why."))
        if not self._head:
            self._begin(Started("", ""))
        try:
            calls = self._write_calls()
        except PointsmanError as error:
            return self.fail(error)
        self._ended = True
        return calls + self._last_line(self._finish)

    def _write_calls(self) -> bytes:
        """Raises `UpstreamBroken` for arguments that are no JSON object."""
        if not self._calls:
            return b""
        calls = [
            ToolCall(id=started.id, name=started.name, arguments="".join(fragments))
            for _, (started, fragments) in sorted(self._calls.items())
        ]
        written = _encode([call_of(call, place) for place, call in enumerate(calls)])
        return self._text_head + b'"","tool_calls":' + written + self._behind

    def _last_line(self, finish: Finish) -> bytes:
        if finish in wire.UNSAYABLE:
            self._losses.drop("finish_reason")
        ending = {"done": True, "done_reason": wire.done_reason_of(finish), **wire.figures_of(self._usage)}
        return self._head + self._silence + _encode(ending)[1:] + b"\n"

    def fail(self, error: PointsmanError) -> bytes:
        """The error as the stream's last line."""
        if self._ended:
            return b""
        self._ended = True
        return errors.stream_error(error, self._request_id)


class GenerateStreamEncoder(OllamaStreamEncoder):
    """One stream of the form with one prompt, which has no place for tool calls."""

    _said = b'"response":'
    _thought = b'"response":"","thinking":'
    _behind = b',"done":false}\n'
    _silence = b'"response":"",'

    def _write_calls(self) -> bytes:
        if self._calls:
            self._losses.drop("tool_calls")
        return b""
