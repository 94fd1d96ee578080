"""The shapes of this dialect's JSON that both directions read, and its words for finishes and usage."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Finish, Json, Usage

ABSENT = Raw()
ORIGIN = "openai_chat"

_PREFIX = re.compile(r"^(?:req|resp|msg|chatcmpl|gen)[_-]")
_OPENAI_MODEL = re.compile(r"(?:^|/)(?:gpt-\d|chatgpt-|o[1-9](?:$|-))")


class Piece(Struct, gc=False):
    """A piece of a content list in an answer. Some providers nest their thinking in it."""

    type: str = ""
    text: str | None = None
    thinking: list[Any] | None = None


class Called(Struct, gc=False):
    """The inside of a call. `arguments` is JSON text; some providers send the object itself."""

    name: str | None = None
    arguments: Any = None
    input: str | None = None


class WireCall(Struct, gc=False):
    """A tool call, whole or a fragment of one."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: Called | None = None
    custom: Called | None = None


class InputDetails(Struct, gc=False):
    """Classes of input tokens."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct, gc=False):
    """Classes of output tokens."""

    reasoning_tokens: int | None = None


class WireUsage(Struct, gc=False):
    """Token counts. `prompt_tokens` includes cached ones. `prompt_cache_hit_tokens` is DeepSeek's."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    prompt_cache_hit_tokens: int | None = None


_FINISHES: Mapping[str, Finish] = {
    "stop": Finish.STOP,
    "eos": Finish.STOP,
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP_SEQUENCE,
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "model_length": Finish.LENGTH,
    "tool_calls": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "content_filter": Finish.CONTENT_FILTER,
    "refusal": Finish.REFUSAL,
}
"""The dialect's words, and those of providers that are loose about them."""


def finish_of(reason: str | None, *, called: bool, refused: bool) -> Finish | None:
    """Why the model stopped; None if the provider did not say. Some providers say `stop` after calls."""
    if not reason:
        return None
    finish = _FINISHES.get(reason) or Finish.OTHER
    if (called or refused) and finish is Finish.STOP:
        return Finish.TOOL_CALLS if called else Finish.REFUSAL
    return finish


def reason_of(finish: Finish, *, called: bool, refused: bool, legacy: bool) -> str:
    """The dialect's word. Clients run tools only after `tool_calls`, so it goes by whether the answer calls
    any; `legacy` clients know `function_call` instead."""
    if finish is Finish.LENGTH:
        return "length"
    if finish is Finish.CONTENT_FILTER or (finish is Finish.REFUSAL and not refused):
        return "content_filter"
    if called and finish is not Finish.STOP_SEQUENCE:
        return "function_call" if legacy else "tool_calls"
    return "stop"


def read_usage(usage: WireUsage | None) -> Usage | None:
    """The canonical token counts; None for none, or for an object without any."""
    if usage is None or (usage.prompt_tokens is None and usage.completion_tokens is None):
        return None
    given, made = usage.prompt_tokens_details, usage.completion_tokens_details
    cached = given.cached_tokens if given is not None else None
    return Usage(
        input_tokens=usage.prompt_tokens or 0,
        output_tokens=usage.completion_tokens or 0,
        cached_input_tokens=(usage.prompt_cache_hit_tokens if cached is None else cached) or 0,
        cache_write_tokens=(given.cache_write_tokens if given is not None else None) or 0,
        reasoning_tokens=(made.reasoning_tokens if made is not None else None) or 0,
    )


def usage_of(usage: Usage) -> dict[str, Json]:
    """The dialect's token counts."""
    given = {"cached_tokens": usage.cached_input_tokens, "audio_tokens": 0}
    if usage.cache_write_tokens:
        given["cache_write_tokens"] = usage.cache_write_tokens
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": given,
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def answer_id(identifier: str) -> str:
    """The id of an answer, from an upstream's or a request's.

    >>> answer_id("req_01jd"), answer_id("chatcmpl-7")
    ('chatcmpl-01jd', 'chatcmpl-7')
    """
    return f"chatcmpl-{stem_of(identifier)}"


def stem_of(identifier: str) -> str:
    """The part of an id that is its own, for further ids of the same answer."""
    return _PREFIX.sub("", identifier)


def is_openai_model(model: str) -> bool:
    """Whether the name is one of OpenAI's own models, whose API is strict about unknown fields. Open-weight
    models of that house run on other servers.

    >>> is_openai_model("gpt-5.5"), is_openai_model("openai/o3"), is_openai_model("gpt-oss-20b")
    (True, True, False)
    """
    return _OPENAI_MODEL.search(model) is not None


def text_of_arguments(arguments: Any) -> str:
    """The arguments as JSON text, whatever form the provider gave them in."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def split_content(content: str | list[Piece] | None) -> tuple[str, str]:
    """Thinking and visible text of an answer's content."""
    if content is None or isinstance(content, str):
        return "", content or ""
    thoughts: list[str] = []
    for piece in content:
        for inner in piece.thinking or ():
            text = inner.get("text") if isinstance(inner, dict) else inner
            thoughts.append(text if isinstance(text, str) else "")
    return "".join(thoughts), "".join([piece.text for piece in content if piece.text])
