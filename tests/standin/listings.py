"""Model lists and the small pages of each vendor, and token counts."""

from typing import Any

from tests.standin.anthropic_reading import check_headers, read_messages
from tests.standin.openai_common import check_key
from tests.standin.refusal import Refused
from tests.standin.responses_reading import ResponsesReader

MODELS = ("chat-model", "responses-model", "claude-model", "llama-model", "embed-model")
_DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "8.0B",
    "quantization_level": "Q4_K_M",
}


def models(headers: dict[str, str], name: str | None = None) -> dict[str, Any]:
    """`GET /v1/models` and `/v1/models/{id}`: Anthropic's form for requests with its version header."""
    anthropic = "anthropic-version" in headers
    (check_headers if anthropic else check_key)(headers)
    form = _anthropic_model if anthropic else _openai_model
    if name is not None:
        if name not in MODELS:
            raise Refused(f"model: {name}" if anthropic else f"The model '{name}' does not exist", 404)
        return form(name)
    data = [form(m) for m in MODELS]
    if anthropic:
        return {"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
    return {"object": "list", "data": data}


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_780_000_000, "owned_by": "stand-in"}


def _anthropic_model(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-05-01T00:00:00Z",
        "lifecycle": "active",
    }


def count_tokens(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """`POST /v1/messages/count_tokens`."""
    return {"input_tokens": read_messages(body, headers, counts=True).input_tokens}


def count_input(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """`POST /v1/responses/input_tokens`."""
    counted = ResponsesReader().read(body, headers).input_tokens
    return {"object": "response.input_tokens", "input_tokens": counted}


def tags() -> dict[str, Any]:
    """`GET /api/tags`."""
    return {"models": [_tag(f"{m}:latest") for m in MODELS]}


def _tag(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-05-01T10:00:00.000000000+02:00",
        "size": 4_683_087_332,
        "digest": "365c0bd3c000a25d28ddbf732fe1c6add414de7275464c4e4d1c3b5fcb5d8ad1",
        "details": _DETAILS,
    }


def show(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """`POST /api/show`."""
    name = str(body.get("model") or body.get("name")).removesuffix(":latest")
    if name not in MODELS:
        raise Refused(f"model '{name}' not found", 404)
    return {
        "modelfile": "",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "details": _DETAILS,
        "model_info": {"general.architecture": "llama", "llama.context_length": 131_072},
        "capabilities": ["embedding"] if name == "embed-model" else ["completion", "tools", "vision"],
        "modified_at": "2026-05-01T10:00:00.000000000+02:00",
    }
