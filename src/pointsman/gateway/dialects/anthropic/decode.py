"""From a client's request to the canonical form."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import ChatRequest, Json, Message, Reasoning, ResponseFormat, Text
from pointsman.gateway.dialects.anthropic.blocks import MessageReader
from pointsman.gateway.dialects.anthropic.outline import ATTRIBUTION, session_of
from pointsman.gateway.dialects.anthropic.tools import read_choice, read_tools
from pointsman.gateway.dialects.anthropic.wire import ABSENT, CONTENT, missing
from pointsman.gateway.dialects.bodies import FIELDS
from pointsman.gateway.dialects.dotted import checked, misfit

HARMLESS = frozenset({"cache_control", "diagnostics"})
"""Fields that may stay behind without changing the answer: no loss."""

_OWN_METADATA = frozenset({"user_id", "agent_id"})
"""Metadata that the canonical form holds elsewhere, or that is meant for this gateway."""


class _Thinking(Struct):
    type: str
    budget_tokens: int | None = None
    display: str | None = None


class _Format(Struct):
    type: str
    schema: Json = None


class _OutputConfig(Struct):
    effort: str | None = None
    format: _Format | None = None


class _Body(Struct):
    model: str | None = None
    messages: list[Raw] | None = None
    max_tokens: int | None = None
    system: Raw = ABSENT
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    thinking: _Thinking | None = None
    output_config: _OutputConfig | None = None
    output_format: _Format | None = None
    metadata: dict[str, Any] | None = None


_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__)


def decode_request(body: bytes) -> ChatRequest:
    """The canonical request. Raises `InvalidRequest` for a misfit, and `CannotCarry` where it needs what
    only Anthropic holds (a stored file, a forced tool of Anthropic's own)."""
    fields = checked(FIELDS, body)
    request = checked(_BODY, body)
    if not request.model:
        raise missing("model")
    if request.messages is None:
        raise missing("messages")
    if request.max_tokens is None:
        raise missing("max_tokens")
    extra = _extra(fields)
    metadata = request.metadata or {}
    user = metadata.get("user_id")
    user = user if isinstance(user, str) else None
    session = session_of(user)
    tools = read_tools(request.tools or [], extra)
    choice, parallel = read_choice(request.tool_choice, tools)
    return ChatRequest(
        model=request.model,
        messages=_messages(request, extra),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        max_output_tokens=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        stop=request.stop_sequences or [],
        response_format=_response_format(request),
        reasoning=_reasoning(request, extra),
        stream=bool(request.stream),
        include_usage=True,
        user=user if session is None else None,  # Claude Code's names a device and an account
        metadata={name: value for name, value in metadata.items() if name not in _OWN_METADATA} or None,
        prompt_cache_key=session,
        extra=extra,
    )


def _extra(fields: Mapping[str, Raw]) -> dict[str, Json]:
    """The fields without a canonical name, less those that ask for nothing."""
    extra: dict[str, Json] = {}
    for name, raw in fields.items():
        if name in _KNOWN or name in HARMLESS or bytes(raw) == b"null":
            continue
        try:
            extra[name] = msgspec.json.decode(raw)
        except (ValueError, RecursionError) as error:
            raise misfit(error, name) from None
    return extra


def _messages(request: _Body, extra: dict[str, Json]) -> list[Message]:
    reader = MessageReader(extra)
    if request.system is not ABSENT:
        content = checked(CONTENT, request.system, "system") or ""
        parts = reader.parts(content, "system")
        kept = [part for part in parts if not (isinstance(part, Text) and _is_idle(part))]
        if kept:
            reader.messages.append(Message(role="system", parts=kept))
    for index, raw in enumerate(request.messages or ()):
        reader.read(raw, f"messages.{index}")
    return reader.messages


def _is_idle(part: Text) -> bool:
    """Empty, or Claude Code's version line: it differs between requests and would only spoil a cache."""
    return part.text.startswith(ATTRIBUTION) or not part.text


def _response_format(request: _Body) -> ResponseFormat | None:
    config = request.output_config
    wanted = request.output_format or (config.format if config is not None else None)
    if wanted is None:
        return None
    return ResponseFormat(type="json_schema", schema=wanted.schema, strict=True)


def _reasoning(request: _Body, extra: dict[str, Json]) -> Reasoning | None:
    effort = request.output_config.effort if request.output_config is not None else None
    thinking = request.thinking
    if thinking is None:
        return Reasoning(effort=effort) if effort is not None else None
    if thinking.type == "disabled":
        return Reasoning(effort=effort, enabled=False)
    if thinking.type not in ("enabled", "adaptive"):
        extra["thinking.type"] = thinking.type
    summary = "auto" if thinking.display == "summarized" else None
    return Reasoning(effort=effort, budget_tokens=thinking.budget_tokens, summary=summary, enabled=True)
