"""Whole answers: from the canonical answer, and back."""

import time

import msgspec
from msgspec import Struct

from pointsman.core.chat import ChatRequest, ChatResponse, Refusal, Text
from pointsman.core.errors import UpstreamBroken
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_completions import wire


class _Choice(Struct):
    text: str | None = None
    index: int = 0
    finish_reason: str | None = None
    logprobs: wire.WireLogprobs | None = None


class _Completion(Struct):
    choices: list[_Choice]
    id: str = ""
    model: str = ""
    created: float = 0
    usage: wire.WireUsage | None = None


_COMPLETION: msgspec.json.Decoder[_Completion] = msgspec.json.Decoder(_Completion)


def decode_response(body: bytes) -> ChatResponse:
    """The canonical answer, of several choices the first. Raises `UpstreamBroken` if it is no
    completion."""
    try:
        found = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        raise UpstreamBroken(f"The provider's answer is not a completion: {error}") from None
    choice = min(found.choices, key=lambda choice: choice.index, default=_Choice())
    return ChatResponse(
        id=found.id,
        model=found.model,
        created_s=int(found.created),
        parts=[Text(text=choice.text)] if choice.text else [],
        finish=wire.finish_of(choice.finish_reason),
        usage=wire.read_usage(found.usage) if found.usage is not None else None,
        logprobs=wire.read_logprobs(choice.logprobs),
        extra={"choices": len(found.choices)} if len(found.choices) > 1 else {},
    )


def encode_response(response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
    """The answer's bytes. Only text can be said; a refusal is text too."""
    for name in response.extra:
        losses.drop(name)
    text = echoed(request)
    for part in response.parts:
        if isinstance(part, Text | Refusal):
            text += part.text
        else:
            losses.drop("thinking" if part.__struct_config__.tag == "thinking" else "content")
    choice = {
        "text": text,
        "index": 0,
        "logprobs": wire.logprobs_of(response.logprobs),
        "finish_reason": wire.reason_of(response.finish) if response.finish is not None else None,
    }
    found = {
        "id": wire.completion_id(response.id),
        "object": "text_completion",
        "created": response.created_s or int(time.time()),
        "model": response.model or request.model,
        "choices": [choice],
    }
    if response.usage is not None:
        found["usage"] = wire.usage_of(response.usage)
    return msgspec.json.encode(found)


def echoed(request: ChatRequest) -> str:
    """The prompt, if the client asked for it in front of the answer."""
    if not request.echo.get("echo"):
        return ""
    return "".join([part.text for part in request.messages[0].parts if isinstance(part, Text)])
