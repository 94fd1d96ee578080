"""The canonical form of a conversation: what every dialect decodes to and encodes from.

One codec per dialect stands around these types, so that N dialects need N codecs and not N x M
translators. Same-dialect traffic never takes this form: it passes through as bytes.
"""

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct, field

Json = Any
"""A decoded JSON value whose shape belongs to somebody else (a tool's schema, a vendor's field)."""

Role = Literal["system", "developer", "user", "assistant", "tool"]


class Text(Struct, tag="text", kw_only=True):
    """Plain text. `cache` is a provider's cache marker (`cache_control`) and travels where it can."""

    text: str
    cache: Json = None


class Image(Struct, tag="image", kw_only=True):
    """A picture: base64 `data` with its `media_type`, or a `url`. `detail` is OpenAI's hint."""

    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    detail: str | None = None


class Document(Struct, tag="document", kw_only=True):
    """A file for the model to read: base64 `data`, a `url`, or its `text`."""

    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    text: str | None = None
    name: str | None = None


class Audio(Struct, tag="audio", kw_only=True):
    """Base64 sound; `format` is its container (`wav`, `mp3`)."""

    data: str
    format: str


class ToolCall(Struct, tag="tool_call", kw_only=True):
    """The model asks for a tool. `arguments` is JSON text as produced, or free text if `custom`."""

    id: str
    name: str
    arguments: str
    custom: bool = False


class ToolResult(Struct, tag="tool_result", kw_only=True):
    """What a tool answered to the call `call_id`. `is_error` is None where the dialect cannot say."""

    call_id: str
    parts: "list[Text | Image | Document]"
    name: str | None = None
    is_error: bool | None = None
    custom: bool = False


class Thinking(Struct, tag="thinking", kw_only=True):
    """Reasoning shown by the model. `signature` and `redacted` are opaque and bound to `origin`,
    the dialect whose provider can verify them; every other provider rejects them."""

    text: str = ""
    signature: str | None = None
    redacted: str | None = None
    origin: str | None = None


class Refusal(Struct, tag="refusal", kw_only=True):
    """The model declines, in words."""

    text: str


Part = Text | Image | Document | Audio | ToolCall | ToolResult | Thinking | Refusal


class Message(Struct, kw_only=True):
    """One entry of the conversation. Tool results are `tool` messages holding `ToolResult` parts."""

    role: Role
    parts: list[Part]
    name: str | None = None


class Tool(Struct, kw_only=True):
    """A tool the model may call. `parameters` is its JSON Schema; `custom` tools take free text,
    optionally held to a `grammar` (OpenAI's `format` object)."""

    name: str
    description: str | None = None
    parameters: Json = None
    strict: bool | None = None
    custom: bool = False
    grammar: Json = None
    cache: Json = None


class ToolChoice(Struct, kw_only=True):
    """`auto`, `none`, `required` (any tool), or `tool` (the one called `name`)."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str | None = None


class ResponseFormat(Struct, kw_only=True):
    """Structured output: any JSON object, or JSON that satisfies `schema`."""

    type: Literal["json_object", "json_schema"]
    name: str = "response"
    schema: Json = None
    strict: bool | None = None
    description: str | None = None


class Reasoning(Struct, kw_only=True):
    """How much to think: an `effort` word, a token `budget_tokens`, or only `enabled`."""

    effort: str | None = None
    budget_tokens: int | None = None
    summary: str | None = None
    enabled: bool | None = None


class ChatRequest(Struct, kw_only=True):
    """One chat request. `extra` holds the source dialect's fields that have no canonical name: an
    encoder of another dialect cannot carry them and must report each (`Losses`). `echo` holds the
    settings that the source dialect's own answers repeat; other encoders ignore them."""

    model: str
    messages: list[Message]
    tools: list[Tool] = field(default_factory=list)
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: list[str] = field(default_factory=list)
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    n: int = 1
    logprobs: bool = False
    top_logprobs: int | None = None
    response_format: ResponseFormat | None = None
    reasoning: Reasoning | None = None
    verbosity: str | None = None
    stream: bool = False
    include_usage: bool = False
    user: str | None = None
    metadata: dict[str, Json] | None = None
    prompt_cache_key: str | None = None
    extra: dict[str, Json] = field(default_factory=dict)
    echo: dict[str, Json] = field(default_factory=dict)


class Finish(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    STOP_SEQUENCE = "stop_sequence"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    PAUSE = "pause"
    OTHER = "other"


class Usage(Struct, kw_only=True):
    """Tokens. `input_tokens` includes cached and cache-written ones, `output_tokens` includes
    reasoning, whatever the provider's own habit. `estimated` marks figures that we counted."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False


class ChatResponse(Struct, kw_only=True):
    """One complete answer. `finish` is None when the upstream did not say, which is a truncation."""

    id: str
    model: str
    created_s: int
    parts: list[Part]
    finish: Finish | None
    usage: Usage | None = None
    stop_sequence: str | None = None
    logprobs: Json = None
    extra: dict[str, Json] = field(default_factory=dict)


class EmbedRequest(Struct, kw_only=True):
    """Texts (or token-id lists) to embed. `encoding` is how the client wants the vectors written."""

    model: str
    inputs: list[str] | list[list[int]]
    dimensions: int | None = None
    encoding: Literal["float", "base64"] = "float"
    single: bool = False
    user: str | None = None
    extra: dict[str, Json] = field(default_factory=dict)


class EmbedResponse(Struct, kw_only=True):
    """One vector per input, in the order of the inputs."""

    model: str
    vectors: list[list[float]]
    usage: Usage | None = None


class Outline(Struct, kw_only=True):
    """What the gateway must know of a request to route it, read without building the whole tree.

    `system` and `first_user` are the leading text of the system prompt and of the first human
    message (at most 2,000 characters each); `context_tokens` is an estimate from the body's length;
    `needs` is a bit set of `core.features.Need`; `agent_hint` is the body's own agent id if it has one,
    `session` the client's conversation key, `cache_key` the one that it gives to the provider's cache, which
    many clients use for several conversations; `answered_calls` are the tool-call ids whose results this
    request brings, the join key to the decision that issued them. `last_role` is the role of the last
    message (`tool` inside a tool loop). `labels` is what the body's metadata says of the task, under
    LABELS; None when it says nothing.
    """

    model: str
    stream: bool = False
    system: str = ""
    first_user: str = ""
    last_user: str = ""
    last_role: str = "user"
    message_count: int = 0
    tool_names: tuple[str, ...] = ()
    needs: int = 0
    context_tokens: int = 0
    max_output_tokens: int | None = None
    agent_hint: str | None = None
    session: str | None = None
    cache_key: str | None = None
    user: str | None = None
    answered_calls: tuple[str, ...] = ()
    labels: dict[str, str] | None = None


LABELS = ("task_type", "priority", "domain", "complexity")
"""Keys of a body's metadata that say what kind of task a request is."""
