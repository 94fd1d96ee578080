"""From a client's request to the canonical form."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import ChatRequest, Json, Message, Reasoning, ResponseFormat, Text
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.bodies import FIELDS
from pointsman.gateway.dialects.openai_bodies import checked, misfit
from pointsman.gateway.dialects.openai_responses.items import ItemReader
from pointsman.gateway.dialects.openai_responses.tools import Offer, read_offer

STATEFUL = {
    "previous_response_id": "the stored state of an earlier answer; send the whole history in `input`",
    "conversation": "a conversation stored at the provider; send the whole history in `input`",
    "prompt": "a prompt template stored at the provider; send its text in `instructions` and `input`",
    "background": "an answer that is fetched later; send `background: false`",
}
"""Fields that only the provider which keeps the state can honour, and what they ask for."""

HARMLESS = frozenset(
    {
        "include",
        "store",
        "client_metadata",
        "stream_options",
        "prompt_cache_options",
        "prompt_cache_retention",
    }
)
"""Fields that may stay behind without changing the answer: no loss."""

ECHOED = (
    "instructions",
    "tool_choice",
    "store",
    "truncation",
    "service_tier",
    "max_tool_calls",
    "safety_identifier",
    "user",
    "top_logprobs",
    "prompt_cache_retention",
)
"""Settings which an answer repeats as they were asked for."""

_IDLE: Mapping[str, tuple[Json, ...]] = {
    "truncation": ("disabled",),
    "service_tier": ("auto", "default"),
    "background": (False,),
}
"""Values of a field that ask for nothing."""


class _Format(Struct):
    type: str = "text"
    name: str = "response"
    schema: Json = None
    strict: bool | None = None
    description: str | None = None


class _Text(Struct):
    format: _Format | None = None
    verbosity: str | None = None


class _Reasoning(Struct):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: str | None = None
    mode: str | None = None


class _Body(Struct):
    model: str | None = None
    input: str | list[Raw] | None = None
    instructions: str | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    text: _Text | None = None
    reasoning: _Reasoning | None = None
    stream: bool | None = None
    include: list[str] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, Any] | None = None
    prompt_cache_key: str | None = None


_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__)
_LOGPROBS = "message.output_text.logprobs"


def decode_request(body: bytes) -> ChatRequest:
    """The canonical request. Raises `InvalidRequest` for a misfit, and `CannotCarry` where the request
    needs state that only one provider holds."""
    fields = checked(FIELDS, body)
    request = checked(_BODY, body)
    if not request.model:
        raise InvalidRequest("Missing required parameter: `model`.", code="missing_field", param="model")
    extra = _extra(fields)
    offer = read_offer(request.tools or [], request.tool_choice)
    extra.update(offer.extra)
    messages = _messages(request, offer, extra)
    return ChatRequest(
        model=request.model,
        messages=messages,
        tools=offer.tools,
        tool_choice=offer.choice,
        parallel_tool_calls=request.parallel_tool_calls,
        max_output_tokens=request.max_output_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        logprobs=bool(request.top_logprobs) or _LOGPROBS in (request.include or ()),
        top_logprobs=request.top_logprobs,
        response_format=_response_format(request.text),
        reasoning=_reasoning(request.reasoning, extra),
        verbosity=request.text.verbosity if request.text is not None else None,
        stream=bool(request.stream),
        include_usage=True,
        user=request.safety_identifier or request.user,
        metadata=request.metadata,
        prompt_cache_key=request.prompt_cache_key,
        extra=extra,
        echo=_echo(fields, request.tools),
    )


def _extra(fields: Mapping[str, Raw]) -> dict[str, Json]:
    """The fields without a canonical name, less those that ask for nothing."""
    extra: dict[str, Json] = {}
    for name, raw in fields.items():
        if name in _KNOWN or name in HARMLESS:
            continue
        value = _value(raw, name)
        if value is None or value in _IDLE.get(name, ()):
            continue
        if name in STATEFUL:
            raise CannotCarry(
                f"No model that can take this request keeps what `{name}` asks for: {STATEFUL[name]}.",
                param=name,
            )
        extra[name] = value
    return extra


def _value(raw: Raw, name: str) -> Json:
    try:
        return msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:
        raise misfit(error, name) from None


def _messages(request: _Body, offer: Offer, extra: dict[str, Json]) -> list[Message]:
    reader = ItemReader(offer.names, extra)
    if request.instructions:
        reader.add(Message(role="system", parts=[Text(text=request.instructions)]))
    if isinstance(request.input, str):
        reader.add(Message(role="user", parts=[Text(text=request.input)]))
    elif request.input is not None:
        for index, raw in enumerate(request.input):
            reader.read(raw, f"input[{index}]")
    else:
        raise InvalidRequest("Missing required parameter: `input`.", code="missing_field", param="input")
    return reader.messages


def _response_format(text: _Text | None) -> ResponseFormat | None:
    wanted = text.format if text is not None else None
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return ResponseFormat(type="json_object")
    if wanted.type != "json_schema":
        raise InvalidRequest(f"Unknown output format `{wanted.type}`.", param="text.format.type")
    return ResponseFormat(
        type="json_schema",
        name=wanted.name,
        schema=wanted.schema,
        strict=wanted.strict,
        description=wanted.description,
    )


def _reasoning(reasoning: _Reasoning | None, extra: dict[str, Json]) -> Reasoning | None:
    if reasoning is None:
        return None
    for name in ("context", "mode"):
        value = getattr(reasoning, name)
        if value is not None:
            extra[f"reasoning.{name}"] = value
    summary = reasoning.summary or reasoning.generate_summary
    if reasoning.effort is None and summary is None:
        return None
    return Reasoning(effort=reasoning.effort, summary=summary)


def _echo(fields: Mapping[str, Raw], tools: list[dict[str, Any]] | None) -> dict[str, Json]:
    """The settings for the answer to repeat, with what a tool in an answer must have filled in."""
    echo: dict[str, Json] = {}
    for name in ECHOED:
        raw = fields.get(name)
        if raw is not None and bytes(raw) != b"null":
            echo[name] = raw
    if tools is not None:
        echo["tools"] = [_echoed_tool(tool) for tool in tools]
    return echo


def _echoed_tool(tool: dict[str, Any]) -> dict[str, Any]:
    kind = tool.get("type")
    if kind == "function":
        return {"strict": None, "parameters": None, **tool}
    return {"description": "", **tool} if kind == "namespace" else tool
