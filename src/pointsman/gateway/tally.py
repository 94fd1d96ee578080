"""What one answer amounted to, summed up from its canonical events or its whole response."""

from msgspec.structs import replace

from pointsman.core.chat import ChatResponse, Finish, Refusal, Text, Thinking, ToolCall, Usage
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
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)

CHARACTERS_PER_TOKEN = 4
"""The usual rule of thumb, used only where a provider reports no usage."""


class Tally:
    """Running totals. `first_content_s` is when the client could first see something (loop time);
    `failure` is an error which the upstream reported inside its stream."""

    __slots__ = ("characters", "failure", "finish", "first_content_s", "tool_call_ids", "usage")

    def __init__(self) -> None:
        self.characters = 0
        self.failure: PointsmanError | None = None
        self.finish: Finish | None = None
        self.first_content_s: float | None = None
        self.tool_call_ids: list[str] = []
        self.usage: Usage | None = None

    def add(self, events: list[StreamEvent], now_s: float) -> None:
        """Counts in the events of one chunk."""
        for event in events:
            kind = type(event)
            if kind is TextDelta or kind is ThinkingDelta or kind is RefusalDelta:
                self.characters += len(event.text)  # type: ignore[union-attr]
            elif kind is ToolCallDelta:
                self.characters += len(event.fragment)  # type: ignore[union-attr]
            elif kind is Started or kind is Ping:
                continue
            else:
                self._add_rare(event)
                if kind is not ToolCallStarted:
                    continue
            if self.first_content_s is None:
                self.first_content_s = now_s

    def _add_rare(self, event: StreamEvent) -> None:
        if isinstance(event, ToolCallStarted):
            self.tool_call_ids.append(event.id)
        elif isinstance(event, Finished):
            self.finish = event.reason
        elif isinstance(event, UsageReported):
            self.usage = event.usage
        elif isinstance(event, StreamFailed):
            self.failure = event.error

    def add_response(self, response: ChatResponse) -> None:
        """Counts in a whole response."""
        for part in response.parts:
            if isinstance(part, Text | Thinking | Refusal):
                self.characters += len(part.text)
            elif isinstance(part, ToolCall):
                self.characters += len(part.arguments)
                self.tool_call_ids.append(part.id)
        self.finish = response.finish
        self.usage = response.usage

    def billed_usage(self, context_tokens: int) -> Usage:
        """The provider's figures, or an estimate from `context_tokens` and what came, marked as such. A
        report from the stream's start says little of the output: there the estimate may be higher."""
        usage = self.usage
        if usage is not None and not usage.estimated:
            return usage
        produced = -(-self.characters // CHARACTERS_PER_TOKEN)
        if usage is None:
            return Usage(input_tokens=context_tokens, output_tokens=produced, estimated=True)
        return replace(usage, output_tokens=max(usage.output_tokens, produced))

    @property
    def empty(self) -> bool:
        """Whether neither text nor a tool call came."""
        return self.characters == 0 and not self.tool_call_ids
