"""The part of a response object that repeats the request's settings, and its ids."""

import re
from collections.abc import Mapping
from typing import Any

import xxhash

from pointsman.core.chat import ChatRequest, Usage
from pointsman.gateway.dialects.openai_responses.encode import (
    choice_of,
    format_of,
    reasoning_of,
    tool_of,
)
from pointsman.gateway.dialects.openai_responses.namespaces import Place, places

MAX_STEM_CHARS = 40
_PREFIX = re.compile(r"^[A-Za-z]{2,12}[_-]")
_FOREIGN_CHARS = re.compile(r"[^A-Za-z0-9_-]")
_DEFAULTS: Mapping[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": False,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
}


def stem_of(identifier: str) -> str:
    """The part that all ids of one answer share, made from the request's or the upstream's id.

    >>> stem_of("req_01jd4"), stem_of("chatcmpl-Ab9")
    ('01jd4', 'Ab9')
    """
    stem = _FOREIGN_CHARS.sub("", _PREFIX.sub("", identifier))
    if stem and len(stem) <= MAX_STEM_CHARS:
        return stem
    return xxhash.xxh3_128_hexdigest(identifier.encode())


def settings_of(request: ChatRequest) -> dict[str, Any]:
    """Every setting an answer must repeat: as the client wrote it, else from the canonical form, else
    the dialect's default."""
    found = dict(_DEFAULTS)
    found["text"] = _text(request)
    found["reasoning"] = {"effort": None, "summary": None}
    if request.reasoning is not None:
        found["reasoning"].update(reasoning_of(request.reasoning))
    found["tools"] = [tool_of(tool) for tool in request.tools]
    if request.tool_choice is not None:
        found["tool_choice"] = choice_of(request.tool_choice, request.tools)
    for name in ("max_output_tokens", "metadata", "prompt_cache_key", "user"):
        value = getattr(request, name)
        if value is not None:
            found[name] = value
    for name in ("parallel_tool_calls", "temperature", "top_p", "top_logprobs"):
        value = getattr(request, name)
        if value is not None:
            found[name] = value
    found.update(request.echo)
    return found


def _text(request: ChatRequest) -> dict[str, Any]:
    wanted = request.response_format
    text: dict[str, Any] = {"format": {"type": "text"} if wanted is None else format_of(wanted)}
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    return text


def tool_places(request: ChatRequest) -> dict[str, Place]:
    """Where the tools with flat names stood in the client's request."""
    tools = request.echo.get("tools")
    return places(tools) if tools else {}


def usage_of(usage: Usage | None) -> dict[str, Any] | None:
    """The dialect's token counts."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
