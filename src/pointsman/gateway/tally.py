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

KEPT_CHARACTERS = 256 * 1024
"""How much of an answer is kept for a look at its quality once it has been sent."""
CHARACTERS_PER_TOKEN = 4
"""The usual rule of thumb, used only where a provider reports no usage."""


class Tally:
    """Running totals. `first_content_s` is when the client could first see something (loop time);
    `failure` is an error which the upstream reported inside its stream. `pieces` are the visible text
    as it came, up to KEPT_CHARACTERS; they go with the request.
    """

    __slots__ = (
        "_blocks",
        "_opened",
        "characters",
        "failure",
        "finish",
        "first_content_s",
        "pieces",
        "tool_call_ids",
        "usage",
    )

    def __init__(self) -> None:
        self.characters = 0
        self.failure: PointsmanError | None = None
        self.finish: Finish | None = None
        self.first_content_s: float | None = None
        self.tool_call_ids: list[str] = []
        self.usage: Usage | None = None
        self.pieces: list[str] = []
        self._opened: list[tuple[ToolCallStarted, list[str]]] = []
        self._blocks: dict[int, list[str]] = {}

    def add(self, events: list[StreamEvent], now_s: float) -> None:
        """Counts in the events of one chunk."""
        for event in events:
            kind = type(event)
            if kind is TextDelta or kind is RefusalDelta:
                self.characters += len(event.text)  # type: ignore[union-attr]
                if self.characters < KEPT_CHARACTERS:
                    self.pieces.append(event.text)  # type: ignore[union-attr]
            elif kind is ThinkingDelta:
                self.characters += len(event.text)  # type: ignore[union-attr]
            elif kind is ToolCallDelta:
                self._add_fragment(event)  # type: ignore[arg-type]
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
            fragments: list[str] = []
            self._blocks[event.index] = fragments
            self._opened.append((event, fragments))
        elif isinstance(event, Finished):
            self.finish = event.reason
        elif isinstance(event, UsageReported):
            self.usage = event.usage
        elif isinstance(event, StreamFailed):
            self.failure = event.error

    def _add_fragment(self, event: ToolCallDelta) -> None:
        self.characters += len(event.fragment)
        fragments = self._blocks.get(event.index)
        if fragments is not None and self.characters < KEPT_CHARACTERS:
            fragments.append(event.fragment)

    @property
    def all_kept(self) -> bool:
        """Whether `pieces` and `calls` hold all that came."""
        return self.characters < KEPT_CHARACTERS

    def calls(self) -> list[ToolCall]:
        """The tool calls that came, with their arguments."""
        return [
            ToolCall(id=one.id, name=one.name, arguments="".join(fragments), custom=one.custom)
            for one, fragments in self._opened
        ]

    def add_response(self, response: ChatResponse) -> None:
        """Counts in a whole response."""
        for part in response.parts:
            if isinstance(part, Text | Thinking | Refusal):
                self.characters += len(part.text)
                if not isinstance(part, Thinking) and self.characters < KEPT_CHARACTERS:
                    self.pieces.append(part.text)
            elif isinstance(part, ToolCall):
                self.characters += len(part.arguments)
                self.tool_call_ids.append(part.id)
                started = ToolCallStarted(len(self._opened), part.id, part.name, part.custom)
                self._opened.append((started, [part.arguments] if self.all_kept else []))
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
