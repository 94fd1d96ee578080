"""OpenAI's model list, which all clients of OpenAI's dialects read."""

from typing import Any

import msgspec

from pointsman.core.errors import NotFound
from pointsman.core.ids import new_request_id
from pointsman.gateway.dialects import openai_errors
from pointsman.gateway.dialects.base import ModelCard, Page, PageRequest, Route

OUR_NAME = "pointsman"
"""Who owns an alias."""


def models(request: PageRequest) -> Page:
    """Every alias and every model, for chat and for embedding."""
    found = {"object": "list", "data": [model_info(card) for card in request.cards]}
    return Page(status=200, body=msgspec.json.encode(found))


def model(request: PageRequest) -> Page:
    """One model, whose name may hold slashes and colons."""
    for card in request.cards:
        if card.name == request.rest:
            return Page(status=200, body=msgspec.json.encode(model_info(card)))
    message = f"The model `{request.rest}` does not exist."
    error = NotFound(message, code="model_not_found", param="model")
    status, body = openai_errors.render(error, new_request_id())
    return Page(status=status, body=body)


def model_info(card: ModelCard) -> dict[str, Any]:
    """A model as OpenAI's SDK reads it. Fields beyond OpenAI's own, which some clients read, are left
    out where the figure is not known: `context_window` (also under the name that vLLM gave it),
    `max_output_tokens`, `type` and `description`."""
    found: dict[str, Any] = {
        "id": card.name,
        "object": "model",
        "created": card.created_s,
        "owned_by": card.target.provider if card.target is not None else OUR_NAME,
        "type": card.kind,
    }
    longest = card.target.model.max_output_tokens if card.target is not None else 0
    more = {
        "context_window": card.context_window_tokens,
        "max_model_len": card.context_window_tokens,
        "max_output_tokens": longest,
        "description": card.description,
    }
    found.update({name: value for name, value in more.items() if value})
    return found


ROUTES = (
    Route(method="GET", path="/models", kind="page", codec="openai_chat", page=models),
    Route(method="GET", path="/models/*", kind="page", codec="openai_chat", page=model),
)
