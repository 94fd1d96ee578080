"""Whole answers: from the canonical form, and back."""

import time
from typing import Any

import msgspec
from msgspec import Raw

from pointsman.core.chat import ChatRequest, ChatResponse, Part, Refusal, Text, Thinking, ToolCall
from pointsman.core.errors import UpstreamBroken
from pointsman.gateway.dialects.anthropic import wire
from pointsman.gateway.dialects.anthropic.blocks import tool_call
from pointsman.gateway.dialects.anthropic.thinking import seal, unseal
from pointsman.gateway.dialects.base import Losses

_MESSAGE: msgspec.json.Decoder[wire.WireMessage] = msgspec.json.Decoder(wire.WireMessage)


def message_id(identifier: str) -> str:
    """The id of an answer, from an upstream's or a request's.

    >>> message_id("req_01jd"), message_id("msg_7")
    ('msg_01jd', 'msg_7')
    """
    return identifier if identifier.startswith("msg_") else f"msg_{identifier.removeprefix('req_')}"


def shows_thinking(request: ChatRequest) -> bool:
    """Whether the client asked to see thinking. Who did not may take the first block for the answer."""
    wanted = request.reasoning
    return wanted is not None and bool(wanted.enabled or wanted.budget_tokens)


def encode_response(response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
    """The message's bytes. An answer that broke off has a null `stop_reason`."""
    for name in response.extra:
        losses.drop(name)
    if response.logprobs is not None:
        losses.drop("logprobs")
    shown = shows_thinking(request)
    content: list[dict[str, Any]] = []
    for part in response.parts:
        if isinstance(part, Thinking) and not shown:
            losses.drop("thinking")
            continue
        block = _block(part, f"toolu_{message_id(response.id)[4:]}_{len(content)}")
        if block is None:
            losses.drop("content")
        elif block.get("text") != "":
            content.append(block)
    called = any(block["type"] == "tool_use" for block in content)
    found = {
        "id": message_id(response.id),
        "type": "message",
        "role": "assistant",
        "model": response.model or request.model,
        "content": content,
        "stop_reason": wire.stop_reason_of(response.finish, called=called),
        "stop_sequence": response.stop_sequence,
        "usage": wire.usage_of(response.usage),
    }
    return msgspec.json.encode(found)


def _block(part: Part, spare_id: str) -> dict[str, Any] | None:
    """The content block of a part; `spare_id` is for a call that came without one."""
    if isinstance(part, Text | Refusal):
        return {"type": "text", "text": part.text}
    if isinstance(part, ToolCall):
        return {
            "type": "tool_use",
            "id": part.id or spare_id,
            "name": part.name,
            "input": _object(part.arguments),
        }
    if isinstance(part, Thinking):
        if part.redacted is not None and not part.text:
            return {"type": "redacted_thinking", "data": seal(part)}
        return {"type": "thinking", "thinking": part.text, "signature": seal(part)}
    return None


def _object(arguments: str) -> Any:
    """The arguments as an object. Raises `UpstreamBroken` if the model wrote none."""
    try:
        if isinstance(msgspec.json.decode(arguments or "{}"), dict):
            return Raw((arguments or "{}").encode())
    except (ValueError, RecursionError):
        pass
    raise UpstreamBroken("The model called a tool with arguments that are no JSON object.")


def decode_response(body: bytes) -> ChatResponse:
    """The canonical answer. Raises `UpstreamBroken` if it is no message."""
    try:
        found = _MESSAGE.decode(body)
        kinds = [wire.HEAD.decode(raw).type for raw in found.content]
        known = [
            wire.BLOCK.decode(raw)
            for raw, kind in zip(found.content, kinds, strict=True)
            if kind in wire.KNOWN_BLOCKS
        ]
    except (ValueError, RecursionError) as error:
        raise UpstreamBroken(f"The provider's answer is not a message: {error}") from None
    parts = [_part(block) for block in known]
    return ChatResponse(
        id=found.id,
        model=found.model,
        created_s=int(time.time()),
        parts=[part for part in parts if part is not None],
        finish=wire.finish_of(found.stop_reason),
        usage=wire.read_usage(found.usage) if found.usage is not None else None,
        stop_sequence=found.stop_sequence,
        extra={f"content.{kind}": True for kind in kinds if kind not in wire.KNOWN_BLOCKS},
    )


def _part(block: wire.Block) -> Part | None:
    match block.type:
        case "text":
            return Text(text=block.text) if block.text else None
        case "tool_use":
            return tool_call(block)
        case "thinking":
            return unseal(block.thinking, block.signature, redacted=False)
        case "redacted_thinking":
            return unseal("", block.data, redacted=True)
    return None
