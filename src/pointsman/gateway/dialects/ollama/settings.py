"""The settings that both chat forms share: `options`, `format`, `think` and the rest."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import ChatRequest, Json, Reasoning, ResponseFormat
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.dotted import misfit

OPTION = "options."
"""How the names of options without a canonical name begin in `ChatRequest.extra`."""
ECHO = "ollama"
"""Where `ChatRequest.echo` keeps what only tells a server how to run the model: it changes no answer, so
that leaving it behind is no loss."""

_NOTHING = (b"null", b'""', b"[]", b"{}")
_CARRIED = frozenset({"truncate", "shift"})
"""Fields without a canonical name that both chat forms have."""
_RUNTIME = frozenset(
    {"num_batch", "num_gpu", "main_gpu", "num_thread", "use_mmap", "use_mlock", "low_vram", "numa", "f16_kv"}
)
_UNSAID = ("parallel_tool_calls", "verbosity", "user", "metadata")
"""Canonical settings for which this dialect has no word."""
_LEVELS: Mapping[str, str] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}


class Options(Struct):
    """The options with a canonical name."""

    num_predict: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None


class Settings(Struct):
    """The fields that both chat forms share."""

    model: str | None = None
    stream: bool | None = None
    format: Json = None
    think: bool | str | None = None
    keep_alive: Json = None
    options: dict[str, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


def extras(fields: Mapping[str, Raw], known: frozenset[str]) -> dict[str, Json]:
    """The fields without a canonical name, less those that ask for nothing."""
    found: dict[str, Json] = {}
    for name, raw in fields.items():
        if name in known or bytes(raw) in _NOTHING:
            continue
        try:
            found[name] = msgspec.json.decode(raw)
        except (ValueError, RecursionError) as error:
            raise misfit(error, name) from None
    return found


def apply(request: ChatRequest, said: Settings) -> None:
    """Sets on `request` what `said` asks for. Raises `InvalidRequest` for a misfit."""
    request.stream = said.stream is not False
    request.include_usage = True
    request.response_format = _format(said.format)
    request.reasoning = _reasoning(said.think)
    request.logprobs = bool(said.logprobs)
    request.top_logprobs = said.top_logprobs
    _apply_options(request, said.options or {})
    if said.keep_alive is not None:
        request.echo.setdefault(ECHO, {})["keep_alive"] = said.keep_alive


def _apply_options(request: ChatRequest, said: dict[str, Any]) -> None:
    try:
        options = msgspec.convert(said, Options, strict=False)
    except msgspec.ValidationError as error:
        raise misfit(error, "options") from None
    limit = options.num_predict
    request.max_output_tokens = limit if limit is not None and limit > 0 else None  # -1: without limit
    request.temperature, request.top_k, request.top_p = options.temperature, options.top_k, options.top_p
    request.seed = options.seed
    request.frequency_penalty = options.frequency_penalty
    request.presence_penalty = options.presence_penalty
    request.stop = [options.stop] if isinstance(options.stop, str) else options.stop or []
    for name, value in said.items():
        if name in Options.__struct_fields__ or value is None:
            continue
        if name in _RUNTIME:
            request.echo.setdefault(ECHO, {}).setdefault("options", {})[name] = value
        else:
            request.extra[OPTION + name] = value


def _format(said: Json) -> ResponseFormat | None:
    if said is None or said == "":
        return None
    if said == "json":
        return ResponseFormat(type="json_object")
    if isinstance(said, dict):
        return ResponseFormat(type="json_schema", schema=said)
    raise InvalidRequest('format must be "json" or a JSON schema', code="invalid_value", param="format")


def _reasoning(think: bool | str | None) -> Reasoning | None:
    if think is None or think == "":
        return None
    if isinstance(think, bool):
        return Reasoning(enabled=think)
    return Reasoning(effort=think, enabled=True)


def settings_of(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    """The shared fields of a body. Raises `CannotCarry` for several choices."""
    if request.n > 1:
        raise CannotCarry("The chosen provider gives one answer a request; send `n: 1`.", param="n")
    _report(request, losses)
    echo = request.echo.get(ECHO) or {}
    body: dict[str, Any] = {"stream": request.stream}
    options = _options(request) | echo.get("options", {})
    if options:
        body["options"] = options
    if request.response_format is not None:
        body["format"] = _format_of(request.response_format, losses)
    think = _think_of(request.reasoning, losses)
    if think is not None:
        body["think"] = think
    if request.logprobs:
        body["logprobs"] = True
    if request.top_logprobs is not None:
        body["top_logprobs"] = request.top_logprobs
    if "keep_alive" in echo:
        body["keep_alive"] = echo["keep_alive"]
    body.update({name: value for name, value in request.extra.items() if name in _CARRIED})
    return body


def _report(request: ChatRequest, losses: Losses) -> None:
    for name in _UNSAID:
        if getattr(request, name) not in (None, True):  # parallel calls are the habit of this dialect
            losses.drop(name)
    for name in request.extra:
        if name not in _CARRIED and not name.startswith(OPTION):
            losses.drop(name)


def _options(request: ChatRequest) -> dict[str, Any]:
    options = {
        "num_predict": request.max_output_tokens,
        "temperature": request.temperature,
        "top_k": request.top_k,
        "top_p": request.top_p,
        "stop": request.stop or None,
        "seed": request.seed,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
    }
    found = {name: value for name, value in options.items() if value is not None}
    for name, value in request.extra.items():
        if name.startswith(OPTION):
            found[name.removeprefix(OPTION)] = value
    return found


def _format_of(wanted: ResponseFormat, losses: Losses) -> Json:
    """The dialect's `format`, which has neither a name nor a description. A schema is always enforced."""
    if wanted.type == "json_object":
        return "json"
    if wanted.description is not None:
        losses.drop("response_format.description")
    return wanted.schema or {"type": "object"}


def _think_of(wanted: Reasoning | None, losses: Losses) -> bool | str | None:
    if wanted is None:
        return None
    if wanted.enabled is False or wanted.effort == "none":
        return False
    if wanted.budget_tokens is not None:
        losses.drop("reasoning.budget_tokens")
    if wanted.effort is not None:
        if wanted.effort in _LEVELS:
            return _LEVELS[wanted.effort]
        losses.drop("reasoning.effort")
    return True if wanted.enabled or wanted.budget_tokens else None
