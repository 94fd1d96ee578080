"""Whole answers: from the canonical form, and back."""

import time
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import (
    ChatRequest,
    ChatResponse,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from pointsman.core.errors import StreamTruncated, UpstreamBroken
from pointsman.gateway.dialects import openai_errors
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat import wire
from pointsman.gateway.dialects.openai_chat.decode import LEGACY
from pointsman.gateway.dialects.openai_chat.turns import call_of
from pointsman.gateway.dialects.openai_chat.wire import (
    ABSENT,
    ORIGIN,
    Called,
    Piece,
    WireCall,
    WireUsage,
)


class _Message(Struct):
    content: str | list[Piece] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    tool_calls: list[WireCall] | None = None
    function_call: Called | None = None
    annotations: list[Any] | None = None
    audio: Any = None


class _Choice(Struct):
    message: _Message
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


class _Completion(Struct):
    choices: list[_Choice] | None = None
    id: str | None = None
    model: str | None = None
    created: float | None = None
    usage: WireUsage | None = None
    error: Raw = ABSENT


_COMPLETION: msgspec.json.Decoder[_Completion] = msgspec.json.Decoder(_Completion)


def decode_response(body: bytes) -> ChatResponse:
    """The canonical answer: its first choice. Raises an `UpstreamFault` if it is an error or unreadable."""
    try:
        found = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        raise UpstreamBroken(f"The provider's answer is not a chat completion: {error}") from None
    if not found.choices:
        if bytes(found.error) not in (b"", b"null"):
            raise openai_errors.read_in_stream(body)
        raise UpstreamBroken("The provider's answer has no choices.")
    choice = found.choices[0]
    message = choice.message
    calls = _calls_of(message)
    extra: dict[str, Any] = {}
    if message.annotations:
        extra["annotations"] = message.annotations
    if message.audio:
        extra["audio"] = message.audio
    return ChatResponse(
        id=found.id or "",
        model=found.model or "",
        created_s=int(found.created or time.time()),
        parts=[*_said(message), *_called(calls, found.id or "")] if calls else _said(message),
        finish=wire.finish_of(choice.finish_reason, called=bool(calls), refused=bool(message.refusal)),
        usage=wire.read_usage(found.usage),
        logprobs=choice.logprobs,
        extra=extra,
    )


def _said(message: _Message) -> list[Part]:
    parts: list[Part] = []
    nested, text = wire.split_content(message.content)
    thought = message.reasoning_content or nested
    if not thought and isinstance(message.reasoning, str):
        thought = message.reasoning
    if thought:
        parts.append(Thinking(text=thought, origin=ORIGIN))
    if text:
        parts.append(Text(text=text))
    if message.refusal:
        parts.append(Refusal(text=message.refusal))
    return parts


def _calls_of(message: _Message) -> list[WireCall]:
    if message.tool_calls:
        return message.tool_calls
    return [WireCall(function=message.function_call)] if message.function_call is not None else []


def _called(calls: list[WireCall], answer_id: str) -> list[Part]:
    parts: list[Part] = []
    stem = wire.stem_of(answer_id)
    for index, call in enumerate(calls):
        inner = call.custom or call.function or Called()
        custom = call.custom is not None
        arguments = (inner.input or "") if custom else wire.text_of_arguments(inner.arguments)
        parts.append(
            ToolCall(
                id=call.id or f"call_{stem}_{index}",
                name=inner.name or "",
                arguments=arguments,
                custom=custom,
            )
        )
    return parts


def encode_response(response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
    """The completion's bytes. Raises `StreamTruncated` for an answer that nobody ended: this dialect has
    no word for that, and clients would take it for whole."""
    if response.finish is None:
        raise StreamTruncated("The provider ended its answer without saying why.")
    for name in response.extra:
        losses.drop(name)
    legacy = LEGACY in request.echo
    message = _message(response, legacy=legacy, losses=losses)
    reason = wire.reason_of(
        response.finish,
        called="tool_calls" in message or "function_call" in message,
        refused=message["refusal"] is not None,
        legacy=legacy,
    )
    choice = {"index": 0, "message": message, "logprobs": response.logprobs, "finish_reason": reason}
    found: dict[str, Any] = {
        "id": wire.answer_id(response.id),
        "object": "chat.completion",
        "created": response.created_s or int(time.time()),
        "model": response.model or request.model,
        "choices": [choice],
    }
    if response.usage is not None:
        found["usage"] = wire.usage_of(response.usage)
    return msgspec.json.encode(found)


def _message(response: ChatResponse, *, legacy: bool, losses: Losses) -> dict[str, Any]:
    said: dict[type[Part], list[str]] = {Text: [], Refusal: [], Thinking: []}
    calls: list[dict[str, Any]] = []
    stem = wire.stem_of(response.id)
    for part in response.parts:
        if isinstance(part, ToolCall):
            calls.append(call_of(part, f"call_{stem}_{len(calls)}"))
        elif isinstance(part, Text | Refusal | Thinking):
            said[type(part)].append(part.text)
        else:
            losses.drop("content")
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(said[Text]) or (None if calls or said[Refusal] else ""),
        "refusal": "".join(said[Refusal]) or None,
    }
    thought = "\n\n".join([text for text in said[Thinking] if text])
    if thought:
        message["reasoning_content"] = thought
    _add_calls(message, calls, legacy=legacy, losses=losses)
    return message


def _add_calls(message: dict[str, Any], calls: list[dict[str, Any]], *, legacy: bool, losses: Losses) -> None:
    if not calls:
        return
    if not legacy:
        message["tool_calls"] = calls
        return
    message["function_call"] = calls[0]["function"]
    if len(calls) > 1:
        losses.drop("tool_calls")
