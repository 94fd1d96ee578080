"""From a client's request to the canonical form."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import ChatRequest, Json, Reasoning, ResponseFormat
from pointsman.core.errors import InvalidRequest
from pointsman.gateway.dialects.bodies import FIELDS
from pointsman.gateway.dialects.openai_bodies import checked, misfit, missing
from pointsman.gateway.dialects.openai_chat.messages import MessageReader
from pointsman.gateway.dialects.openai_chat.tools import Offer, read_functions, read_offer

HARMLESS = frozenset({"store", "stream_options", "prompt_cache_options", "prompt_cache_retention"})
"""Fields that may stay behind without changing the answer: no loss."""

LEGACY = "functions"
"""Noted in `ChatRequest.echo` where the client knows calls only in the older form."""

_IDLE: Mapping[str, tuple[Json, ...]] = {
    "service_tier": ("auto", "default"),
    "modalities": (["text"],),
    "logit_bias": ({},),
}
"""Values of a field that ask for nothing."""

_OWN_METADATA = "agent_id"
"""Meant for this gateway."""


class _Schema(Struct):
    name: str = "response"
    schema: Json = None
    strict: bool | None = None
    description: str | None = None


class _Format(Struct):
    type: str = "text"
    json_schema: _Schema | None = None


class _Reasoning(Struct):
    effort: str | None = None
    max_tokens: int | None = None
    enabled: bool | None = None


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Body(Struct):
    model: str | None = None
    messages: list[Raw] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    functions: list[dict[str, Any]] | None = None
    function_call: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    response_format: _Format | None = None
    reasoning_effort: str | None = None
    reasoning: _Reasoning | None = None
    verbosity: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, Any] | None = None
    prompt_cache_key: str | None = None


_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__)


def decode_request(body: bytes) -> ChatRequest:
    """The canonical request. Raises `InvalidRequest` for a misfit, and `CannotCarry` where it needs what
    only one provider holds (a stored file, a forced tool of the provider's own)."""
    fields = checked(FIELDS, body)
    request = checked(_BODY, body)
    if not request.model:
        raise missing("model")
    if not request.messages:
        raise missing("messages")
    extra = _extra(fields)
    reader = MessageReader(extra)
    for index, raw in enumerate(request.messages):
        reader.read(raw, f"messages[{index}]")
    offer = _offer(request)
    extra.update(offer.extra)
    return ChatRequest(
        model=request.model,
        messages=reader.messages,
        tools=offer.tools,
        tool_choice=offer.choice,
        parallel_tool_calls=request.parallel_tool_calls,
        max_output_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        stop=[request.stop] if isinstance(request.stop, str) else request.stop or [],
        seed=request.seed,
        frequency_penalty=request.frequency_penalty or None,
        presence_penalty=request.presence_penalty or None,
        n=request.n or 1,
        logprobs=bool(request.logprobs),
        top_logprobs=request.top_logprobs,
        response_format=_response_format(request.response_format),
        reasoning=_reasoning(request),
        verbosity=request.verbosity,
        stream=bool(request.stream),
        include_usage=request.stream_options is not None and bool(request.stream_options.include_usage),
        user=request.safety_identifier or request.user,
        metadata=_metadata(request.metadata),
        prompt_cache_key=request.prompt_cache_key,
        extra=extra,
        echo={LEGACY: True} if request.functions and not request.tools else {},
    )


def _extra(fields: Mapping[str, Raw]) -> dict[str, Json]:
    """The fields without a canonical name, less those that ask for nothing."""
    extra: dict[str, Json] = {}
    for name, raw in fields.items():
        if name in _KNOWN or name in HARMLESS:
            continue
        try:
            value = msgspec.json.decode(raw)
        except (ValueError, RecursionError) as error:
            raise misfit(error, name) from None
        if value is not None and value not in _IDLE.get(name, ()):
            extra[name] = value
    return extra


def _offer(request: _Body) -> Offer:
    if request.functions and not request.tools:
        return read_functions(request.functions, request.function_call)
    return read_offer(request.tools or [], request.tool_choice)


def _response_format(wanted: _Format | None) -> ResponseFormat | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return ResponseFormat(type="json_object")
    if wanted.type != "json_schema":
        message = f"Unknown output format `{wanted.type}`."
        raise InvalidRequest(message, code="invalid_value", param="response_format.type")
    schema = wanted.json_schema
    if schema is None:
        raise missing("response_format.json_schema")
    return ResponseFormat(
        type="json_schema",
        name=schema.name,
        schema=schema.schema,
        strict=schema.strict,
        description=schema.description,
    )


def _reasoning(request: _Body) -> Reasoning | None:
    """From `reasoning_effort`, or the `reasoning` object that some providers take."""
    wanted = request.reasoning or _Reasoning()
    effort = request.reasoning_effort or wanted.effort
    if effort is None and wanted.max_tokens is None and wanted.enabled is None:
        return None
    return Reasoning(effort=effort, budget_tokens=wanted.max_tokens, enabled=wanted.enabled)


def _metadata(metadata: dict[str, Any] | None) -> dict[str, Any] | None:
    if metadata is None:
        return None
    return {name: value for name, value in metadata.items() if name != _OWN_METADATA} or None
