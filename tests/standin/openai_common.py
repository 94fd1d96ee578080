"""What the two OpenAI forms share: errors, sampling bounds, tools, usage."""

import json
import re
from typing import Any

from tests.standin.refusal import Refused, need, need_real
from tests.standin.schemas import check_schema

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 500: "server_error"}
CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
LEAST_CACHED = 1024


def error(refused: Refused, request_id: str) -> dict[str, Any]:
    """OpenAI's error object."""
    kind = refused.kind or KINDS.get(refused.status, "invalid_request_error")
    if refused.status >= 500:
        kind = refused.kind or "server_error"
    code = refused.code or CODES.get(refused.status)
    return {"error": {"message": refused.message, "type": kind, "param": refused.param, "code": code}}


def sse(value: dict[str, Any], event: str | None = None) -> bytes:
    """One server-sent event."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(value, separators=(',', ':'))}\n\n".encode()


def check_known(body: dict[str, Any], known: frozenset[str]) -> None:
    """Refuses parameters nobody knows."""
    for name in body:
        need_real(name in known, f"Unknown parameter: '{name}'.", name, "unknown_parameter")


def check_key(headers: dict[str, str]) -> None:
    """Refuses a missing or wrong key."""
    key = headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not key or key.startswith("bad"):
        raise Refused(f"Incorrect API key provided: {key[:3]}***.", 401)


def check_model(model: Any) -> str:
    """Refuses a missing model, and those named missing-*."""
    need(isinstance(model, str) and model, "you must provide a model parameter", "model")
    if model.startswith("missing"):
        raise Refused(
            f"The model `{model}` does not exist or you do not have access to it.", 404, param="model"
        )
    return str(model)


def check_bounds(body: dict[str, Any]) -> None:
    """Sampling settings within their ranges."""
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1), ("presence_penalty", -2, 2)):
        value = body.get(name)
        number = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        need(number, f"Invalid type for '{name}': expected a decimal.", name, "invalid_type")
        need(value is None or low <= value <= high, f"Invalid '{name}': decimal out of range.", name)


def check_tool_name(name: Any, param: str) -> str:
    """Refuses names outside OpenAI's pattern."""
    fits = isinstance(name, str) and _NAME.fullmatch(name)
    need(
        fits, f"Invalid '{param}': string does not match pattern '^[a-zA-Z0-9_-]+$'.", param, "invalid_value"
    )
    return str(name)


def check_parameters(tool: dict[str, Any], param: str) -> Any:
    """A function's parameters, checked."""
    schema = tool.get("parameters")
    if schema is not None:
        check_schema(schema, param, strict=tool.get("strict") is True)
    return schema


def cached_tokens(input_tokens: int, turns: int) -> int:
    """What the prompt cache held: whole blocks of 128 of a long prompt's earlier turns."""
    if input_tokens < LEAST_CACHED or turns < 2:
        return 0
    return input_tokens * (turns - 1) // turns // 128 * 128
