"""Requests: from a client's to the canonical form, a chat of one message; and back."""

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import ChatRequest, Json, Message, Text
from pointsman.core.errors import CannotCarry
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.bodies import FIELDS
from pointsman.gateway.dialects.openai_bodies import checked, missing
from pointsman.gateway.dialects.openai_completions.wire import Prompt

MOST_LOGPROBS: Final = 5
"""How many alternatives a token this dialect's providers list at most."""

_UNSAID: Final = (
    "parallel_tool_calls",
    "top_k",
    "reasoning",
    "verbosity",
    "metadata",
    "prompt_cache_key",
)
"""Canonical settings for which this dialect has no word."""


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Body(Struct):
    model: str | None = None
    prompt: Prompt | None = None
    suffix: str | None = None
    echo: bool | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    best_of: int | None = None
    logprobs: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    user: str | None = None


_BODY: Final[msgspec.json.Decoder[_Body]] = msgspec.json.Decoder(_Body)
_ANY: Final[msgspec.json.Decoder[Json]] = msgspec.json.Decoder()
_KNOWN: Final = frozenset(_Body.__struct_fields__)


def decode_request(body: bytes) -> ChatRequest:
    """The canonical request. Raises `InvalidRequest` for a misfit, and `CannotCarry` for what only a
    model that continues text can do."""
    fields = checked(FIELDS, body)
    request = checked(_BODY, body)
    if not request.model:
        raise missing("model")
    _refuse_bare(request)
    options = request.stream_options
    return ChatRequest(
        model=request.model,
        messages=[Message(role="user", parts=[Text(text=_text(request.prompt))])],
        max_output_tokens=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        stop=[request.stop] if isinstance(request.stop, str) else request.stop or [],
        seed=request.seed,
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        n=request.n or 1,
        logprobs=request.logprobs is not None,
        top_logprobs=request.logprobs,
        stream=bool(request.stream),
        include_usage=options is not None and bool(options.include_usage),
        user=request.user,
        extra=_extra(fields, request),
        echo={"echo": True} if request.echo else {},
    )


def _refuse_bare(request: _Body) -> None:
    if request.suffix:
        raise _only_completions("suffix", "fills a gap")
    if request.max_tokens == 0:
        raise _only_completions("max_tokens", "rates a text without adding to it")
    if request.echo and request.logprobs is not None:
        raise _only_completions("echo", "rates the prompt's own tokens")


def _text(prompt: Prompt | None) -> str:
    texts = [prompt] if isinstance(prompt, str) else prompt or []
    if texts in ([], [""]):
        raise _only_completions("prompt", "starts from nothing")
    if not isinstance(texts[0], str):
        raise _only_completions("prompt", "takes token ids")
    if len(texts) > 1:
        raise _only_completions("prompt", "answers several prompts at once")
    return texts[0]


def _only_completions(field: str, what: str) -> CannotCarry:
    return CannotCarry(f"Only a provider of the completions endpoint {what} (`{field}`).", param=field)


def _extra(fields: dict[str, Raw], request: _Body) -> dict[str, Json]:
    """The fields without a canonical name, less those that ask for nothing."""
    extra = {name: checked(_ANY, raw, name) for name, raw in fields.items() if name not in _KNOWN}
    if (request.best_of or 1) > (request.n or 1):
        extra["best_of"] = request.best_of
    return {name: value for name, value in extra.items() if value is not None}


def encode_request(request: ChatRequest, losses: Losses) -> bytes:
    """The body for a provider that only continues text. Raises `CannotCarry` for anything but one text
    of the user: a model without turns has no words for them."""
    _refuse(request)
    for name in (*_UNSAID, *request.extra):
        if name in request.extra or getattr(request, name) is not None:
            losses.drop(name)
    body: dict[str, Any] = {"model": request.model, "prompt": _prompt(request)}
    body.update(_settings(request, losses))
    if request.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return msgspec.json.encode(body)


def _refuse(request: ChatRequest) -> None:
    if request.n > 1:
        raise CannotCarry("The chosen provider gives one answer a request; send `n: 1`.", param="n")
    if request.tools:
        raise CannotCarry("The chosen provider only continues text; it calls no tools.", param="tools")
    if request.response_format is not None:
        message = "The chosen provider only continues text; it keeps to no output format."
        raise CannotCarry(message, param="response_format")


def _prompt(request: ChatRequest) -> str:
    parts = request.messages[0].parts if len(request.messages) == 1 else []
    texts = [part.text for part in parts if isinstance(part, Text)]
    if len(texts) != len(parts) or not texts or request.messages[0].role != "user":
        message = "The chosen provider only continues text; send one message of the user, all text."
        raise CannotCarry(message, param="messages")
    return "\n".join(texts)


def _settings(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    settings = {
        "max_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": request.stop or None,
        "seed": request.seed,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        "logprobs": _logprobs(request, losses),
        "user": request.user,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _logprobs(request: ChatRequest, losses: Losses) -> int | None:
    if not request.logprobs:
        return None
    wanted = request.top_logprobs or 0
    if wanted > MOST_LOGPROBS:
        losses.drop("top_logprobs")
    return min(wanted, MOST_LOGPROBS)
