"""From the canonical form to a request for a provider that speaks this dialect."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pointsman.core.chat import ChatRequest, Reasoning, ResponseFormat
from pointsman.core.errors import CannotCarry
from pointsman.gateway.dialects.anthropic.tools import choice_of, tool_of
from pointsman.gateway.dialects.anthropic.turns import Turns
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.custom_tools import wrap_request

DEFAULT_MAX_TOKENS = 4096
"""The answer's limit when the source did not say, which this dialect does not allow. Every model of it
can write as much."""
LEAST_BUDGET_TOKENS = 1024
"""The smallest thinking budget that is accepted."""
MAX_TEMPERATURE = 1.0
LEAST_THINKING_TOP_P = 0.95

_UNSAID = ("seed", "frequency_penalty", "presence_penalty", "verbosity", "metadata")
"""Canonical settings for which this dialect has no word."""
_EFFORTS: Mapping[str, str] = {"minimal": "low"} | {
    word: word for word in ("low", "medium", "high", "xhigh", "max")
}
_SUMMARIES = (None, "auto", "detailed")


def encode_request(request: ChatRequest, losses: Losses) -> bytes:
    """The body. Raises `CannotCarry` for several choices, log-probabilities, sound, and a conversation
    that does not begin with a user's message."""
    if request.n > 1:
        raise CannotCarry("The chosen provider gives one answer a request; send `n: 1`.", param="n")
    if request.logprobs or request.top_logprobs:
        raise CannotCarry("The chosen provider gives no log-probabilities.", param="logprobs")
    request = wrap_request(request)
    _report(request, losses)
    turns = Turns(losses)
    turns.read(request.messages)
    body: dict[str, Any] = {"model": request.model, "max_tokens": 0, "messages": turns.turns}
    if turns.system:
        body["system"] = _system(turns.system)
    _add_tools(body, request, losses)
    _add_output(body, request, losses)
    _add_thinking(body, request, losses)
    _add_sampling(body, request, losses)
    if request.user is not None:
        body["metadata"] = {"user_id": request.user}
    if request.stream:
        body["stream"] = True
    return msgspec.json.encode(body)


def _report(request: ChatRequest, losses: Losses) -> None:
    for name in _UNSAID:
        if getattr(request, name) is not None:
            losses.drop(name)
    for name in request.extra:
        losses.drop(name)


def _system(blocks: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """One plain text stands by itself."""
    if len(blocks) == 1 and "cache_control" not in blocks[0]:
        return str(blocks[0]["text"])
    return blocks


def _add_tools(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    """Without tools neither a choice among them may be sent."""
    if not request.tools:
        return
    body["tools"] = [tool_of(tool, losses) for tool in request.tools]
    choice = choice_of(request.tool_choice, request.parallel_tool_calls)
    if choice is not None:
        body["tool_choice"] = choice


def _add_output(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    config: dict[str, Any] = {}
    effort = request.reasoning.effort if request.reasoning is not None else None
    if effort is not None and effort in _EFFORTS:
        config["effort"] = _EFFORTS[effort]
    elif effort not in (None, "none"):
        losses.drop("reasoning.effort")
    if request.response_format is not None:
        wanted = _format(request.response_format, losses)
        if wanted is not None:
            config["format"] = wanted
    if config:
        body["output_config"] = config


def _format(wanted: ResponseFormat, losses: Losses) -> dict[str, Any] | None:
    """The dialect's `format`, which has neither a name nor a description."""
    if wanted.type == "json_object":
        losses.drop("response_format")
        return None
    if wanted.description is not None:
        losses.drop("response_format.description")
    return {"type": "json_schema", "schema": closed(wanted.schema or {"type": "object"})}


def closed(schema: Any) -> Any:
    """The schema with every object that says nothing of further properties forbidding them, which this
    dialect demands. Whatever satisfies it satisfies `schema`."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: value if name in _LITERALS else closed(value) for name, value in schema.items()}
    if found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


_LITERALS = frozenset({"const", "enum", "default", "examples", "example"})
"""Keywords whose values are data and no schemas."""


def _add_thinking(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    """Sets `thinking` and `max_tokens`, of which thinking is a part."""
    limit = request.max_output_tokens
    thinking = _thinking(request.reasoning, limit, losses)
    if thinking is not None and thinking["type"] != "disabled" and _forbids_thinking(body):
        losses.drop("reasoning")
        thinking = None
    if thinking is not None:
        body["thinking"] = thinking
    if limit is None:  # when the source did not say
        limit = DEFAULT_MAX_TOKENS + (thinking or {}).get("budget_tokens", 0)
    body["max_tokens"] = limit


def _thinking(wanted: Reasoning | None, limit: int | None, losses: Losses) -> dict[str, Any] | None:
    if wanted is None:
        return None
    if wanted.summary not in _SUMMARIES:
        losses.drop("reasoning.summary")
    if wanted.enabled is False or wanted.effort == "none":
        return {"type": "disabled"}
    budget = wanted.budget_tokens
    if budget is None:
        found: dict[str, Any] = {"type": "adaptive"}
        if not wanted.enabled:
            return None
    else:
        fitting = max(budget, LEAST_BUDGET_TOKENS)
        if limit is not None:
            fitting = min(fitting, limit - 1)
        if fitting != budget:
            losses.drop("reasoning.budget_tokens")
        if fitting < LEAST_BUDGET_TOKENS:
            return None
        found = {"type": "enabled", "budget_tokens": fitting}
    if wanted.summary is not None:
        found["display"] = "summarized"
    return found


def _forbids_thinking(body: Mapping[str, Any]) -> bool:
    """Whether a tool is forced, or a running tool loop began without (verifiable) thinking."""
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        return True
    return _loops_unthinking(body["messages"])


def _loops_unthinking(messages: Sequence[Mapping[str, Any]]) -> bool:
    if len(messages) < 2 or not any(block["type"] == "tool_result" for block in messages[-1]["content"]):
        return False
    kinds = [block["type"] for block in messages[-2]["content"]]
    return "tool_use" in kinds and kinds[0] not in ("thinking", "redacted_thinking")


def _add_sampling(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    """Sampling settings within this dialect's bounds, which are narrower while thinking. Newer models
    take either a temperature or `top_p`, so the temperature goes first."""
    thinks = body.get("thinking", {}).get("type") in ("enabled", "adaptive")
    temperature, top_p, top_k = request.temperature, request.top_p, request.top_k
    if temperature is not None and temperature > MAX_TEMPERATURE:
        losses.drop("temperature")
        temperature = MAX_TEMPERATURE
    if temperature is not None and thinks and temperature != MAX_TEMPERATURE:
        losses.drop("temperature")
        temperature = None
    if top_p is not None and (temperature is not None or (thinks and top_p < LEAST_THINKING_TOP_P)):
        if top_p != 1:
            losses.drop("top_p")
        top_p = None
    if top_k is not None and thinks:
        losses.drop("top_k")
        top_k = None
    settings = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
    body.update({name: value for name, value in settings.items() if value is not None})
    stops = [stop for stop in request.stop if stop.strip()]
    if len(stops) != len(request.stop):
        losses.drop("stop")
    if stops:
        body["stop_sequences"] = stops
