"""Embeddings: the current form with a list of texts, and the older one with a single prompt."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pointsman.core.chat import EmbedRequest, EmbedResponse, Json, Outline, Usage
from pointsman.core.errors import CannotCarry, UpstreamBroken
from pointsman.core.features import Need
from pointsman.gateway.dialects import bodies, dotted
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.ollama import wire
from pointsman.gateway.dialects.ollama.settings import extras

_BYTES_PER_TOKEN = 4


class _Outline(Struct, gc=False):
    model: str | None = None


class _Embed(Struct):
    model: str | None = None
    input: str | list[str] | None = None
    dimensions: int | None = None
    truncate: bool | None = None
    keep_alive: Json = None


class _Embeddings(Struct):
    model: str | None = None
    prompt: str | None = None
    keep_alive: Json = None


class _EmbedAnswer(Struct):
    embeddings: list[list[float]]
    model: str = ""
    prompt_eval_count: int | None = None


class _EmbeddingsAnswer(Struct):
    embedding: list[float]


_OUTLINE: msgspec.json.Decoder[_Outline] = msgspec.json.Decoder(_Outline)
_EMBED: msgspec.json.Decoder[_Embed] = msgspec.json.Decoder(_Embed)
_EMBEDDINGS: msgspec.json.Decoder[_Embeddings] = msgspec.json.Decoder(_Embeddings)
_EMBED_ANSWER: msgspec.json.Decoder[_EmbedAnswer] = msgspec.json.Decoder(_EmbedAnswer)
_EMBEDDINGS_ANSWER: msgspec.json.Decoder[_EmbeddingsAnswer] = msgspec.json.Decoder(_EmbeddingsAnswer)
_CARRIED = ("truncate", "options")


def outline(body: bytes) -> Outline:
    """What routing needs. Raises `InvalidRequest` for a body that is not this dialect's."""
    request = dotted.checked(_OUTLINE, body)
    if not request.model:
        raise wire.missing("model")
    return Outline(
        model=request.model,
        message_count=1,
        needs=int(Need.EMBEDDING),
        context_tokens=len(body) // _BYTES_PER_TOKEN,
    )


def decode_embed(body: bytes) -> EmbedRequest:
    """The canonical request of the current form. Raises `InvalidRequest` for a misfit."""
    fields = dotted.checked(bodies.FIELDS, body)
    found = dotted.checked(_EMBED, body)
    if not found.model:
        raise wire.missing("model")
    if found.input is None:
        raise wire.missing("input")
    return EmbedRequest(
        model=found.model,
        inputs=[found.input] if isinstance(found.input, str) else found.input,
        dimensions=found.dimensions,
        single=isinstance(found.input, str),
        extra=extras(fields, frozenset(_Embed.__struct_fields__) - {"truncate"}),
    )


def decode_embeddings(body: bytes) -> EmbedRequest:
    """The canonical request of the older form. Raises `InvalidRequest` for a misfit."""
    fields = dotted.checked(bodies.FIELDS, body)
    found = dotted.checked(_EMBEDDINGS, body)
    if not found.model:
        raise wire.missing("model")
    if found.prompt is None:
        raise wire.missing("prompt")
    extra = extras(fields, frozenset(_Embeddings.__struct_fields__))
    return EmbedRequest(model=found.model, inputs=[found.prompt], single=True, extra=extra)


def encode_embed(request: EmbedRequest, losses: Losses) -> bytes:
    """The body of the current form. Raises `CannotCarry` for token numbers."""
    texts = _texts(request)
    body = _body(request, losses, {"input": texts[0] if request.single else texts})
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return msgspec.json.encode(body)


def encode_embeddings(request: EmbedRequest, losses: Losses) -> bytes:
    """The body of the older form. Raises `CannotCarry` for token numbers and for several texts."""
    texts = _texts(request)
    if len(texts) != 1:
        raise CannotCarry("The chosen provider's endpoint takes one text a request.", param="input")
    if request.dimensions is not None:
        losses.drop("dimensions")
    return msgspec.json.encode(_body(request, losses, {"prompt": texts[0]}))


def _texts(request: EmbedRequest) -> Sequence[str]:
    texts = [text for text in request.inputs if isinstance(text, str)]
    if len(texts) != len(request.inputs):
        raise CannotCarry("The chosen provider takes texts and no token numbers.", param="input")
    return texts


def _body(request: EmbedRequest, losses: Losses, content: dict[str, Any]) -> dict[str, Any]:
    if request.user is not None:
        losses.drop("user")
    body: dict[str, Any] = {"model": request.model, **content}
    for name, value in request.extra.items():
        if name in _CARRIED:
            body[name] = value
        else:
            losses.drop(name)
    return body


def read_embed(body: bytes) -> EmbedResponse:
    """The canonical answer of the current form. Raises `UpstreamBroken` if it is none."""
    found = _answer(_EMBED_ANSWER, body)
    tokens = found.prompt_eval_count
    return EmbedResponse(
        model=found.model,
        vectors=found.embeddings,
        usage=Usage(input_tokens=tokens) if tokens is not None else None,
    )


def read_embeddings(body: bytes) -> EmbedResponse:
    """The canonical answer of the older form, which tells neither a model nor a count."""
    return EmbedResponse(model="", vectors=[_answer(_EMBEDDINGS_ANSWER, body).embedding])


def _answer(decoder: msgspec.json.Decoder[bodies.Decoded], body: bytes) -> bodies.Decoded:
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise UpstreamBroken(f"The provider's answer holds no embeddings: {error}") from None


def write_embed(response: EmbedResponse, request: EmbedRequest) -> bytes:
    """The answer of the current form."""
    usage = response.usage
    found = {
        "model": response.model or request.model,
        "embeddings": response.vectors,
        "total_duration": 0,
        "load_duration": 0,
        "prompt_eval_count": usage.input_tokens if usage is not None else 0,
    }
    return msgspec.json.encode(found)


def write_embeddings(response: EmbedResponse, request: EmbedRequest) -> bytes:
    """The answer of the older form."""
    return msgspec.json.encode({"embedding": response.vectors[0] if response.vectors else []})
