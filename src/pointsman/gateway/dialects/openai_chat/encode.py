"""From the canonical form to a request for a provider that speaks this dialect.

Hosts of open models know the field `max_tokens`, and some refuse fields they do not know; OpenAI's own newer
models refuse `max_tokens` and want `max_completion_tokens`. So the model's name decides which is written.
"""

from typing import Any

import msgspec

from pointsman.core.chat import ChatRequest, Reasoning, ResponseFormat
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat.tools import choice_of, tool_of
from pointsman.gateway.dialects.openai_chat.turns import Turns
from pointsman.gateway.dialects.openai_chat.wire import is_openai_model

LOW_BUDGET_TOKENS = 2048
MEDIUM_BUDGET_TOKENS = 12_288

_SAME_NAME = (
    "temperature",
    "top_p",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "verbosity",
    "user",
    "prompt_cache_key",
)


def encode_request(request: ChatRequest, losses: Losses) -> bytes:
    """The body. A stream always asks for usage. `metadata` only labels what a provider stores, which not all
    do and OpenAI demands for it, so it is reported as lost. Raises `CannotCarry` for content without words
    in this dialect."""
    native = is_openai_model(request.model)
    turns = Turns(losses, shows_thinking=not native)
    turns.read(request.messages)
    body: dict[str, Any] = {"model": request.model, "messages": turns.turns}
    _report(request, losses)
    if request.max_output_tokens is not None:
        body["max_completion_tokens" if native else "max_tokens"] = request.max_output_tokens
    for name in _SAME_NAME:
        value = getattr(request, name)
        if value is not None:
            body[name] = value
    _add_tools(body, request)
    _add_output(body, request, losses)
    effort = _effort(request.reasoning, losses)
    if effort is not None:
        body["reasoning_effort"] = effort
    if request.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return msgspec.json.encode(body)


def _report(request: ChatRequest, losses: Losses) -> None:
    for name in ("top_k", "metadata"):
        if getattr(request, name) is not None:
            losses.drop(name)
    for name in request.extra:
        losses.drop(name)


def _add_tools(body: dict[str, Any], request: ChatRequest) -> None:
    """Without tools neither a choice among them nor a word on parallel calls may be sent."""
    if not request.tools:
        return
    body["tools"] = [tool_of(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = choice_of(request.tool_choice, request.tools)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls


def _add_output(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    if request.stop:
        body["stop"] = request.stop
    if request.n > 1:
        body["n"] = request.n
    if request.response_format is not None:
        body["response_format"] = format_of(request.response_format)
    if not request.logprobs:
        return
    if request.stream:  # canonical streams cannot bring them back
        losses.drop("logprobs")
        return
    body["logprobs"] = True
    if request.top_logprobs is not None:
        body["top_logprobs"] = request.top_logprobs


def format_of(wanted: ResponseFormat) -> dict[str, Any]:
    """The dialect's `response_format`."""
    if wanted.type == "json_object":
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": wanted.name, "schema": wanted.schema}
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    if wanted.description is not None:
        schema["description"] = wanted.description
    return {"type": "json_schema", "json_schema": schema}


def _effort(wanted: Reasoning | None, losses: Losses) -> str | None:
    """The effort asked for, or the nearest to a budget of tokens."""
    if wanted is None or wanted.effort is not None:
        return wanted.effort if wanted is not None else None
    budget = wanted.budget_tokens
    if budget is None:
        if wanted.enabled is not None:
            losses.drop("reasoning.enabled")
        return None
    return "low" if budget <= LOW_BUDGET_TOKENS else "medium" if budget <= MEDIUM_BUDGET_TOKENS else "high"
