"""Whole answers of both chat forms: from the canonical form, and back."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from pointsman.core.chat import (
    ChatRequest,
    ChatResponse,
    Image,
    Json,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from pointsman.core.errors import UpstreamBroken
from pointsman.gateway.dialects import bodies
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.ollama import errors, wire
from pointsman.gateway.dialects.ollama.messages import parts_of, tool_call


class _ChatAnswer(wire.Ending):
    message: wire.WireMessage | None = None


class _GenerateAnswer(wire.Ending):
    response: str | None = None
    thinking: str | None = None


_CHAT: msgspec.json.Decoder[_ChatAnswer] = msgspec.json.Decoder(_ChatAnswer)
_GENERATE: msgspec.json.Decoder[_GenerateAnswer] = msgspec.json.Decoder(_GenerateAnswer)


def shows_thinking(request: ChatRequest) -> bool:
    """Whether the client may see thinking: it stands in a field of its own, so only those who refused it
    are spared it."""
    return request.reasoning is None or request.reasoning.enabled is not False


def call_id(created_at: str, place: int, call: wire.Call) -> str:
    """The id of a call that came without one: the same for the same answer, and never one of another
    answer, whose time differs."""
    material = f"{created_at}\n{place}\n{call.function.name}\n".encode() + bytes(call.function.arguments)
    return f"call_{hashlib.blake2s(material, digest_size=12).hexdigest()}"


def answer_id(found: wire.Ending) -> str:
    """An id for an answer, which comes without one: the same for the same answer."""
    material = f"{found.created_at}\n{found.model}".encode()
    return f"ollama-{hashlib.blake2s(material, digest_size=12).hexdigest()}"


def encode_chat(response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
    """The answer of the chat form. Raises `UpstreamBroken` for arguments that are no JSON object."""
    _report(response, request, losses)
    message: dict[str, Any] = {"role": "assistant", "content": _said(response.parts)}
    thinking = _thoughts(response.parts) if shows_thinking(request) else ""
    if thinking:
        message["thinking"] = thinking
    calls = [part for part in response.parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = [call_of(call, place) for place, call in enumerate(calls)]
    return _whole(response, request, {"message": message}, losses)


def encode_generate(response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
    """The answer of the form with one prompt."""
    _report(response, request, losses)
    if any(isinstance(part, ToolCall) for part in response.parts):
        losses.drop("tool_calls")
    content: dict[str, Any] = {"response": _said(response.parts)}
    thinking = _thoughts(response.parts) if shows_thinking(request) else ""
    if thinking:
        content["thinking"] = thinking
    return _whole(response, request, content, losses)


def _whole(response: ChatResponse, request: ChatRequest, content: dict[str, Any], losses: Losses) -> bytes:
    """The object around `content`. An answer that broke off is not done."""
    found: dict[str, Any] = {
        "model": response.model or request.model,
        "created_at": wire.timestamp_of(response.created_s),
        **content,
    }
    logprobs = read_logprobs(response.logprobs)
    if logprobs is not None:
        found["logprobs"] = logprobs
    if response.finish is None:
        found["done"] = False
        return msgspec.json.encode(found)
    if response.finish in wire.UNSAYABLE:
        losses.drop("finish_reason")
    found |= {"done": True, "done_reason": wire.done_reason_of(response.finish)}
    return msgspec.json.encode(found | wire.figures_of(response.usage))


def _report(response: ChatResponse, request: ChatRequest, losses: Losses) -> None:
    for name in response.extra:
        losses.drop(name)
    if response.logprobs is not None and read_logprobs(response.logprobs) is None:
        losses.drop("logprobs")
    for part in response.parts:
        if isinstance(part, Thinking):
            _report_thinking(part, request, losses)
        elif not isinstance(part, Text | Refusal | ToolCall):
            losses.drop("content")


def _report_thinking(part: Thinking, request: ChatRequest, losses: Losses) -> None:
    if not shows_thinking(request):
        losses.drop("thinking")
    elif part.signature is not None or part.redacted is not None:
        losses.drop("thinking.signature")


def _said(parts: Sequence[Part]) -> str:
    return "".join([part.text for part in parts if isinstance(part, Text | Refusal)])


def _thoughts(parts: Sequence[Part]) -> str:
    return "\n".join([part.text for part in parts if isinstance(part, Thinking) and part.text])


def call_of(call: ToolCall, place: int) -> dict[str, Any]:
    """A call for a client. Raises `UpstreamBroken` for arguments that are no JSON object."""
    function = {"index": place, "name": call.name, "arguments": wire.arguments_of(call.arguments)}
    return {"id": call.id, "function": function} if call.id else {"function": function}


def read_logprobs(said: Json) -> list[Json] | None:
    """The log-probabilities of the canonical (OpenAI's) shape as the list this dialect has."""
    content = said.get("content") if isinstance(said, dict) else None
    return content if isinstance(content, list) else None


def decode_chat(body: bytes) -> ChatResponse:
    """The canonical answer of the chat form. Raises `UpstreamBroken` if it is none."""
    found = _read(_CHAT, body)
    if found.message is None:
        raise UpstreamBroken("The provider's answer has no message.")
    parts = parts_of(found.message)
    for place, call in enumerate(found.message.tool_calls or ()):
        parts.append(tool_call(call, call_id(found.created_at, place, call)))
    return _response(found, [part for part in parts if not isinstance(part, Image)])


def decode_generate(body: bytes) -> ChatResponse:
    """The canonical answer of the form with one prompt. Raises `UpstreamBroken` if it is none."""
    found = _read(_GENERATE, body)
    if found.response is None:
        raise UpstreamBroken("The provider's answer has no response.")
    return _response(found, parts_of(wire.WireMessage(content=found.response, thinking=found.thinking)))


def _read(decoder: msgspec.json.Decoder[bodies.Decoded], body: bytes) -> bodies.Decoded:
    """Raises the error that the answer is, or `UpstreamBroken` if it is no answer."""
    try:
        found = decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise UpstreamBroken(f"The provider's answer is not of this dialect: {error}") from None
    if isinstance(found, wire.Ending) and found.error is not None:
        raise errors.fault_of(found.error)
    return found


def _response(found: wire.Ending, parts: list[Part]) -> ChatResponse:
    called = any(isinstance(part, ToolCall) for part in parts)
    return ChatResponse(
        id=answer_id(found),
        model=found.model,
        created_s=wire.seconds_of(found.created_at),
        parts=parts,
        finish=wire.finish_of(found, called=called),
        usage=wire.read_usage(found),
        logprobs={"content": found.logprobs, "refusal": None} if found.logprobs else None,
    )
