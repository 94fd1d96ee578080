"""The dialect's side endpoints: the model list, and the probe which Claude Code sends first."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from pointsman.core.errors import NotFound
from pointsman.core.ids import new_request_id
from pointsman.gateway.dialects.anthropic.errors import render
from pointsman.gateway.dialects.base import ModelCard, Page, PageRequest


def hello(request: PageRequest) -> Page:
    """That the gateway is there."""
    return Page(status=200, body=b"" if request.method == "HEAD" else b'{"status":"ok"}')


def models(request: PageRequest) -> Page:
    """The chat models and aliases, cut by `limit`, `after_id` and `before_id`. Without a limit the list
    is whole."""
    query = parse_qs(request.query.decode("latin-1"))
    cards = [card for card in request.cards if card.kind == "chat"]
    names = [card.name for card in cards]
    after, before = query.get("after_id", [""])[-1], query.get("before_id", [""])[-1]
    first = names.index(after) + 1 if after in names else 0
    last = names.index(before) if before in names else len(names)
    limit_text = query.get("limit", [""])[-1]
    limit = int(limit_text) if limit_text.isascii() and limit_text.isdigit() else len(names)
    if before in names:
        shown = cards[max(first, last - limit) : last]
        has_more = last - limit > first
    else:
        shown = cards[first : min(first + limit, last)]
        has_more = first + limit < last
    found = {
        "data": [model_info(card) for card in shown],
        "has_more": has_more,
        "first_id": shown[0].name if shown else None,
        "last_id": shown[-1].name if shown else None,
    }
    return Page(status=200, body=msgspec.json.encode(found))


def model(request: PageRequest) -> Page:
    """One model, whose name may hold slashes and colons."""
    for card in request.cards:
        if card.name == request.rest and card.kind == "chat":
            return Page(status=200, body=msgspec.json.encode(model_info(card)))
    status, body = render(NotFound(f"model: {request.rest}"), new_request_id())
    return Page(status=status, body=body)


def model_info(card: ModelCard) -> dict[str, Any]:
    """A model as Anthropic's SDK reads it. A release date that is not known is the epoch."""
    created = datetime.fromtimestamp(card.created_s, UTC)
    longest = card.target.model.max_output_tokens if card.target is not None else 0
    return {
        "type": "model",
        "id": card.name,
        "display_name": card.name,
        "description": card.description,
        "created_at": created.isoformat().replace("+00:00", "Z"),
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
        "max_input_tokens": card.context_window_tokens or None,
        "max_tokens": longest or None,
        "capabilities": None,
    }
