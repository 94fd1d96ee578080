"""The shapes of this dialect's JSON that both directions read."""

from typing import Any

import msgspec
from msgspec import Raw, Struct


class Head(Struct):
    """What kind an item is. Messages may leave `type` out."""

    type: str | None = None
    role: str | None = None
    id: Any = None

    @property
    def kind(self) -> str:
        """The item's type; `message` for a bare role, `item_reference` for a bare id."""
        if self.type is not None:
            return self.type
        return "message" if self.role is not None or self.id is None else "item_reference"


class InputAudio(Struct):
    """Base64 sound of an `input_audio` part."""

    data: str = ""
    format: str = "wav"


class Part(Struct):
    """One entry of an item's `content`, `output` or `summary`: all fields of all part types."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    input_audio: InputAudio | None = None
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None


class Item(Struct):
    """One entry of `input` or `output` of the kinds in `KNOWN_ITEMS`: all their fields."""

    type: str | None = None
    role: str | None = None
    content: str | list[Part] | None = None
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: str | None = None
    input: str | None = None
    output: str | list[Part] | None = None
    summary: list[Part] | None = None
    encrypted_content: str | None = None


KNOWN_ITEMS = frozenset(
    {
        "message",
        "function_call",
        "custom_tool_call",
        "function_call_output",
        "custom_tool_call_output",
        "reasoning",
    }
)


class InputDetails(Struct):
    """Classes of input tokens."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct):
    """Classes of output tokens."""

    reasoning_tokens: int | None = None


class WireUsage(Struct):
    """Token counts of a response object."""

    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


class WireError(Struct):
    """Why a response failed."""

    code: str | None = None
    message: str | None = None


class Incomplete(Struct):
    """Why a response is not whole."""

    reason: str | None = None


class WireResponse(Struct):
    """A response object, as far as it is read."""

    id: str = ""
    model: str = ""
    created_at: float = 0
    status: str | None = None
    error: WireError | None = None
    incomplete_details: Incomplete | None = None
    output: list[Raw] = []
    usage: WireUsage | None = None


HEAD: msgspec.json.Decoder[Head] = msgspec.json.Decoder(Head)
ITEM: msgspec.json.Decoder[Item] = msgspec.json.Decoder(Item)
RESPONSE: msgspec.json.Decoder[WireResponse] = msgspec.json.Decoder(WireResponse)
