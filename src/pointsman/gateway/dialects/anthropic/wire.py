"""The shapes of this dialect's JSON that several modules read, and how a misfit becomes an error."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Finish, Json, Usage
from pointsman.core.errors import InvalidRequest

ABSENT = Raw()
ORIGIN = "anthropic"


class Source(Struct):
    """Where a picture's or a document's content is."""

    type: str = ""
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    content: Raw = ABSENT


class Block(Struct):
    """One content block of the types in `KNOWN_BLOCKS`: all their fields."""

    type: str
    text: str = ""
    cache_control: Json = None
    source: Source | str | None = None
    title: str | None = None
    id: str = ""
    name: str = ""
    input: Raw = ABSENT
    tool_use_id: str = ""
    content: Raw = ABSENT
    is_error: bool | None = None
    thinking: str = ""
    signature: str = ""
    data: str = ""


class Head(Struct, gc=False):
    """Only the kind of a block, tool or event."""

    type: str = ""


class OutputDetails(Struct, gc=False):
    """Classes of output tokens."""

    thinking_tokens: int = 0


class WireUsage(Struct, gc=False):
    """Token counts. `input_tokens` leaves out what was read from or written to the cache."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None


class WireMessage(Struct):
    """A whole answer."""

    content: list[Raw]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: WireUsage | None = None


KNOWN_BLOCKS = frozenset(
    {
        "text",
        "image",
        "document",
        "search_result",
        "tool_use",
        "tool_result",
        "thinking",
        "redacted_thinking",
    }
)

HEAD: msgspec.json.Decoder[Head] = msgspec.json.Decoder(Head)
BLOCK: msgspec.json.Decoder[Block] = msgspec.json.Decoder(Block)
CONTENT: msgspec.json.Decoder[str | list[Raw] | None] = msgspec.json.Decoder(str | list[Raw] | None)

_FINISHES: Mapping[str, Finish] = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP_SEQUENCE,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOL_CALLS,
    "refusal": Finish.REFUSAL,
    "pause_turn": Finish.PAUSE,
}
_STOP_REASONS: Mapping[Finish, str] = {
    Finish.STOP: "end_turn",
    Finish.STOP_SEQUENCE: "stop_sequence",
    Finish.LENGTH: "max_tokens",
    Finish.TOOL_CALLS: "tool_use",
    Finish.CONTENT_FILTER: "refusal",
    Finish.REFUSAL: "refusal",
    Finish.PAUSE: "pause_turn",
    Finish.OTHER: "end_turn",
}


def finish_of(stop_reason: str | None) -> Finish | None:
    """Why the model stopped; None if the provider did not say."""
    return _FINISHES.get(stop_reason, Finish.OTHER) if stop_reason is not None else None


def stop_reason_of(finish: Finish | None, *, called: bool) -> str | None:
    """The dialect's word. Clients run tools only after `tool_use`, so it goes by whether the answer
    calls any where a provider is loose about it."""
    if finish is None:
        return None
    if finish in (Finish.STOP, Finish.TOOL_CALLS, Finish.OTHER):
        return "tool_use" if called else "end_turn"
    return _STOP_REASONS[finish]


def read_usage(usage: WireUsage) -> Usage:
    """The canonical token counts."""
    cached = usage.cache_read_input_tokens or 0
    written = usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details
    return Usage(
        input_tokens=(usage.input_tokens or 0) + cached + written,
        output_tokens=usage.output_tokens or 0,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=details.thinking_tokens if details is not None else 0,
    )


def usage_of(usage: Usage | None) -> dict[str, Json]:
    """The dialect's token counts; zeros when nobody counted."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    cached, written = usage.cached_input_tokens, usage.cache_write_tokens
    found: dict[str, Json] = {
        "input_tokens": max(usage.input_tokens - cached - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        found["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return found


def missing(field: str) -> InvalidRequest:
    """The complaint about a field that must be there."""
    return InvalidRequest(f"{field}: this field is required", code="missing_field", param=field)
