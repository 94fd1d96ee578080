"""Requests: their outline, the canonical form, and back."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from pointsman.core.chat import EmbedRequest, Json, Outline
from pointsman.core.errors import InvalidRequest
from pointsman.core.features import Need
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.bodies import FIELDS
from pointsman.gateway.dialects.openai_bodies import checked, missing

LEADING_CHARS: Final = 2000

_BYTES_PER_TOKEN: Final = 4


class _Body(Struct):
    model: str | None = None
    input: str | list[str | int | list[int]] | None = None
    encoding_format: str | None = None
    dimensions: int | None = None
    user: str | None = None


_BODY: Final[msgspec.json.Decoder[_Body]] = msgspec.json.Decoder(_Body)
_ANY: Final[msgspec.json.Decoder[Json]] = msgspec.json.Decoder()
_KNOWN: Final = frozenset(_Body.__struct_fields__)
_ENCODINGS: Final[Mapping[str, Literal["float", "base64"]]] = {"float": "float", "base64": "base64"}

Inputs = list[str] | list[list[int]]


def outline(body: bytes) -> Outline:
    """What routing needs. Raises `InvalidRequest` for a body that is not this dialect's."""
    request = _checked_body(body)
    inputs, _ = _inputs(request)
    first = inputs[0] if isinstance(inputs[0], str) else ""
    return Outline(
        model=request.model or "",
        first_user=first[:LEADING_CHARS],
        last_user=first[:LEADING_CHARS],
        message_count=len(inputs),
        needs=int(Need.EMBEDDING),
        context_tokens=max([_tokens(each) for each in inputs]),
        user=request.user,
    )


def _checked_body(body: bytes) -> _Body:
    request = checked(_BODY, body)
    if not request.model:
        raise missing("model")
    return request


def _tokens(each: str | list[int]) -> int:
    """The size of one input. The longest one must fit the window: each is embedded by itself."""
    return len(each.encode()) // _BYTES_PER_TOKEN if isinstance(each, str) else len(each)


def _inputs(request: _Body) -> tuple[Inputs, bool]:
    """The inputs as a list, and whether the client sent a single one outside a list."""
    given = request.input
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        return [given], True
    texts = [each for each in given if isinstance(each, str)]
    prompts = [each for each in given if isinstance(each, list)]
    tokens = [each for each in given if isinstance(each, int)]
    if not given or len(given) not in (len(texts), len(prompts), len(tokens)):
        message = "`input` must be a text, token ids, or a list of either, and not empty."
        raise InvalidRequest(message, code="invalid_type", param="input")
    if tokens:
        return [tokens], True
    return texts or prompts, False


def decode_request(body: bytes) -> EmbedRequest:
    """The canonical request. Raises `InvalidRequest` for a misfit and for an unknown encoding."""
    request = _checked_body(body)
    inputs, single = _inputs(request)
    wanted = request.encoding_format or "float"
    if wanted not in _ENCODINGS:
        message = f"Unknown encoding `{wanted}`: the vectors can be had as `float` or `base64`."
        raise InvalidRequest(message, code="invalid_value", param="encoding_format")
    fields = FIELDS.decode(body)
    extra = {name: checked(_ANY, raw, name) for name, raw in fields.items() if name not in _KNOWN}
    return EmbedRequest(
        model=request.model or "",
        inputs=inputs,
        dimensions=request.dimensions,
        encoding=_ENCODINGS[wanted],
        single=single,
        user=request.user,
        extra={name: value for name, value in extra.items() if value is not None},
    )


def encode_request(request: EmbedRequest, losses: Losses) -> bytes:
    """The body for a provider. The vectors are asked for as plain numbers, which every server writes."""
    for name in request.extra:
        losses.drop(name)
    body: dict[str, Any] = {
        "model": request.model,
        "input": request.inputs[0] if request.single else request.inputs,
    }
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    if request.user is not None:
        body["user"] = request.user
    return msgspec.json.encode(body)
