"""Reads what routing needs of a request."""

import msgspec
from msgspec import Struct

from pointsman.core.chat import Outline
from pointsman.core.features import Need
from pointsman.gateway.dialects.openai_bodies import checked, missing
from pointsman.gateway.dialects.openai_completions.wire import Prompt

LEADING_CHARS = 2000

_BYTES_PER_TOKEN = 4


class _Body(Struct, gc=False):
    model: str | None = None
    prompt: Prompt | None = None
    suffix: str | None = None
    stream: bool | None = None
    max_tokens: int | None = None
    logprobs: int | None = None
    n: int | None = None
    user: str | None = None


_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)


def outline(body: bytes) -> Outline:
    """What routing needs. Raises `InvalidRequest` for a body that is not this dialect's."""
    request = checked(_BODY, body)
    if not request.model:
        raise missing("model")
    texts, context_tokens = _prompts(request.prompt)
    text = texts[0][:LEADING_CHARS] if texts else ""
    return Outline(
        model=request.model,
        stream=bool(request.stream),
        first_user=text,
        last_user=text,
        message_count=max(len(texts), 1),
        needs=_needs(request, texts),
        context_tokens=context_tokens + len(request.suffix or "") // _BYTES_PER_TOKEN,
        max_output_tokens=request.max_tokens,
        user=request.user,
    )


def _prompts(prompt: Prompt | None) -> tuple[list[str], int]:
    """The prompts that are text, and the tokens of the longest one: each is a request of its own."""
    if isinstance(prompt, str):
        return [prompt], len(prompt.encode()) // _BYTES_PER_TOKEN
    entries = prompt or []
    texts = [entry for entry in entries if isinstance(entry, str)]
    if texts:
        return texts, max(len(text.encode()) for text in texts) // _BYTES_PER_TOKEN
    return [], max([len(entry) for entry in entries if isinstance(entry, list)], default=len(entries))


def _needs(request: _Body, texts: list[str]) -> int:
    """A text behind the gap, prompts in tokens, and several prompts are beyond every chat model."""
    needs = 0
    if request.suffix or len(texts) != 1:
        needs |= Need.COMPLETION
    if request.logprobs is not None:
        needs |= Need.LOGPROBS
    if (request.n or 1) > 1:
        needs |= Need.SEVERAL_CHOICES
    return int(needs)
