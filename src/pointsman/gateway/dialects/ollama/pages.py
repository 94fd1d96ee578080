"""The dialect's side endpoints: what is served, and what each of it can do.

Clients of this dialect know models as `name:tag`, and a name without a tag as `name:latest`. So a model
without a tag is listed as `name:latest`.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pointsman.core.errors import InvalidRequest, NotFound, NotPermitted, PointsmanError
from pointsman.core.features import Need
from pointsman.gateway.dialects.base import ModelCard, Page, PageRequest
from pointsman.gateway.dialects.ollama.errors import render
from pointsman.gateway.dialects.ollama.wire import timestamp_of

API_VERSION = "0.20.0"
"""The version of Ollama whose interface this is. Clients compare it before they use tools or thinking."""
LATEST = ":latest"
EPOCH_S = 1
"""The time of a model whose release is not known: clients need one."""

_CAPABILITIES = (
    (Need.TOOLS, "tools"),
    (Need.IMAGES, "vision"),
    (Need.THINKING, "thinking"),
    (Need.AUDIO, "audio"),
    (Need.COMPLETION, "insert"),
)


class _Wanted(Struct):
    """Which model to show; old clients say `name`. `verbose` asks for nothing that there is here."""

    model: str | None = None
    name: str | None = None
    verbose: bool | None = None


_WANTED: msgspec.json.Decoder[_Wanted] = msgspec.json.Decoder(_Wanted)


def running(request: PageRequest) -> Page:
    """That the gateway is there, in the words which clients look for."""
    return Page(status=200, body=b"Ollama is running", content_type=b"text/plain; charset=utf-8")


def version(request: PageRequest) -> Page:
    """The version of the interface."""
    return _page({"version": API_VERSION})


def tags(request: PageRequest) -> Page:
    """Every model and alias."""
    names: dict[str, ModelCard] = {}
    for card in request.cards:
        names.setdefault(tagged(card.name), card)
    return _page({"models": [_summary(name, card, request.cards) for name, card in names.items()]})


def loaded(request: PageRequest) -> Page:
    """No model: the gateway holds none in memory, its providers do."""
    return _page({"models": []})


def show(request: PageRequest) -> Page:
    """One model's abilities and context window."""
    try:
        wanted = _WANTED.decode(request.body)
    except (ValueError, RecursionError):
        return _refusal(InvalidRequest("the request body is no JSON object with a model"))
    name = wanted.model or wanted.name
    if not name:
        return _refusal(InvalidRequest("model is required"))
    card = find(name, request.cards)
    if card is None:
        return _refusal(NotFound(f"model '{name}' not found"))
    return _page(_details_of(card, request.cards))


def refuse(request: PageRequest) -> Page:
    """That models are not managed by clients."""
    return _refusal(
        NotPermitted(
            f"{request.path} is not served here: which models there are is set in the gateway's configuration"
        )
    )


def no_blob(request: PageRequest) -> Page:
    """That there is no such file."""
    return _refusal(NotFound("the gateway stores no model files"))


def tagged(name: str) -> str:
    """The name with a tag.

    >>> tagged("auto"), tagged("openai/gpt-x"), tagged("qwen3:8b")
    ('auto:latest', 'openai/gpt-x:latest', 'qwen3:8b')
    """
    return name if ":" in name else name + LATEST


def find(name: str, cards: Sequence[ModelCard]) -> ModelCard | None:
    """The model which a client means by `name`, with or without its `:latest`."""
    wanted = tagged(name)
    return next((card for card in cards if tagged(card.name) == wanted), None)


def _page(found: Any) -> Page:
    return Page(status=200, body=msgspec.json.encode(found))


def _refusal(error: PointsmanError) -> Page:
    status, body = render(error, "")
    return Page(status=status, body=body)


def _summary(name: str, card: ModelCard, cards: Sequence[ModelCard]) -> dict[str, Any]:
    """A model as the list shows it. It is remote, so it has no size; its digest stands for its name."""
    found: dict[str, Any] = {
        "name": name,
        "model": name,
        "modified_at": timestamp_of(card.created_s or EPOCH_S),
        "size": 0,
        "digest": hashlib.sha256(name.encode()).hexdigest(),
        "details": _family_of(card),
        "capabilities": capabilities_of(card, cards),
    }
    if card.target is not None:
        found["remote_model"] = card.target.upstream_model
    return found


def _family_of(card: ModelCard) -> dict[str, Any]:
    family = architecture_of(card)
    return {
        "parent_model": "",
        "format": "",
        "family": family,
        "families": [family],
        "parameter_size": "",
        "quantization_level": "",
    }


def architecture_of(card: ModelCard) -> str:
    """The word under which `model_info` keeps its figures: the name without its owner and tag.

    >>> architecture_of(ModelCard(name="ollama/qwen3:8b"))
    'qwen3'
    """
    return card.name.rpartition("/")[2].partition(":")[0]


def _details_of(card: ModelCard, cards: Sequence[ModelCard]) -> dict[str, Any]:
    """What `show` tells."""
    window = card.context_window_tokens or max([one.context_window_tokens for one in _meant(card, cards)])
    architecture = architecture_of(card)
    info: dict[str, Any] = {"general.architecture": architecture, "general.basename": card.name}
    if window:
        info[f"{architecture}.context_length"] = window
    return {
        "modelfile": "",
        "parameters": "",
        "template": "",
        "license": "",
        "modified_at": timestamp_of(card.created_s or EPOCH_S),
        "details": _family_of(card),
        "model_info": info,
        "capabilities": capabilities_of(card, cards),
    }


def _meant(card: ModelCard, cards: Sequence[ModelCard]) -> Sequence[ModelCard]:
    """The model itself; for an alias all models which it may choose."""
    return [card] if card.target is not None else [other for other in cards if other.kind == card.kind]


def capabilities_of(card: ModelCard, cards: Sequence[ModelCard]) -> list[str]:
    """What the model can do, in the dialect's words, by which user interfaces offer tools and pictures."""
    if card.kind == "embedding":
        return ["embedding"]
    abilities = 0
    for one in _meant(card, cards):
        abilities |= one.abilities
    return ["completion", *[word for need, word in _CAPABILITIES if abilities & need]]
