"""Complaints about bodies whose paths are dotted (`messages.0.role`), as Anthropic and Ollama write them."""

import re
from typing import TypeVar

import msgspec
from msgspec import Raw

from pointsman.core.errors import InvalidRequest

Decoded = TypeVar("Decoded")

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")


def checked(decoder: msgspec.json.Decoder[Decoded], data: bytes | Raw, at: str = "") -> Decoded:
    """The value of `data`, which stands at the path `at` of a request's body. Raises `InvalidRequest`
    naming the field that does not fit."""
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError) as error:
        raise misfit(error, at) from None


def misfit(error: Exception, at: str = "") -> InvalidRequest:
    """What a decoder's complaint means for the client; paths are written as `messages.0.role`."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return InvalidRequest(f"The request body is not valid JSON: {text}", code="invalid_json")
    place = _PLACE.search(text)
    inner = _INDEX.sub(r".\1", place[1]).lstrip(".") if place else ""
    param = ".".join([piece for piece in (at, inner) if piece])
    reason = text[: place.start()] if place else text
    message = f"{param}: {reason}" if param else reason
    return InvalidRequest(message, code="invalid_type", param=param or None)
