"""The shapes of this dialect's JSON that both directions read, and its words for canonical values."""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from pointsman.core.chat import Finish, Json, Usage
from pointsman.core.ids import IdFactory

Prompt = str | list[str | int | list[int]]
"""A text, several texts, one prompt's token ids, or several prompts' token ids."""

_PREFIX: Final = re.compile(r"^[A-Za-z]{2,12}[_-]")
_new_id: Final = IdFactory("cmpl-")
_REASONS: Final[Mapping[Finish, str]] = {
    Finish.LENGTH: "length",
    Finish.CONTENT_FILTER: "content_filter",
    Finish.REFUSAL: "content_filter",
}
_FINISHES: Final[Mapping[str, Finish]] = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "content_filter": Finish.CONTENT_FILTER,
}


class InputDetails(Struct, gc=False):
    """Classes of prompt tokens."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct, gc=False):
    """Classes of completion tokens."""

    reasoning_tokens: int | None = None


class WireUsage(Struct, gc=False):
    """Token counts of an answer."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None


class WireLogprobs(Struct):
    """Log-probabilities: four lists with one entry a token."""

    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


def completion_id(identifier: str) -> str:
    """The answer's id, made from the request's or the upstream's id; a new one for an empty id.

    >>> completion_id("chatcmpl-Ab9"), completion_id("cmpl-x")
    ('cmpl-Ab9', 'cmpl-x')
    """
    stem = _PREFIX.sub("", identifier)
    return f"cmpl-{stem}" if stem else _new_id()


def reason_of(finish: Finish) -> str:
    """The dialect's word; what it has no word for is an ordinary stop."""
    return _REASONS.get(finish, "stop")


def finish_of(reason: str | None) -> Finish | None:
    """The canonical finish; None if the answer does not say."""
    return _FINISHES.get(reason, Finish.OTHER) if reason is not None else None


def read_usage(usage: WireUsage) -> Usage:
    """The canonical token counts."""
    given = usage.prompt_tokens_details or InputDetails()
    made = usage.completion_tokens_details or OutputDetails()
    return Usage(
        input_tokens=usage.prompt_tokens or 0,
        output_tokens=usage.completion_tokens or 0,
        cached_input_tokens=given.cached_tokens or 0,
        cache_write_tokens=given.cache_write_tokens or 0,
        reasoning_tokens=made.reasoning_tokens or 0,
    )


def usage_of(usage: Usage) -> dict[str, Any]:
    """The dialect's token counts."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def logprobs_of(logprobs: Json) -> dict[str, Any] | None:
    """The dialect's lists, from the canonical form (a chat's `{"content": [...]}`)."""
    entries = (logprobs or {}).get("content")
    if not entries:
        return None
    offsets, offset = [], 0
    for entry in entries:
        offsets.append(offset)
        offset += len(entry["token"])
    return {
        "tokens": [entry["token"] for entry in entries],
        "token_logprobs": [entry["logprob"] for entry in entries],
        "top_logprobs": [
            {top["token"]: top["logprob"] for top in entry.get("top_logprobs") or ()} for entry in entries
        ],
        "text_offset": offsets,
    }


def read_logprobs(logprobs: WireLogprobs | None) -> Json:
    """The canonical form; None if there are none. A token whose value is not known is left out."""
    if logprobs is None or not logprobs.tokens:
        return None
    tokens, values = logprobs.tokens, logprobs.token_logprobs or []
    tops = logprobs.top_logprobs or [None] * len(tokens)
    content = [
        {
            **_entry(token, value),
            "top_logprobs": [_entry(other, its) for other, its in (top or {}).items()],
        }
        for token, value, top in zip(tokens, values, tops, strict=False)
        if value is not None
    ]
    return {"content": content, "refusal": None} if content else None


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
