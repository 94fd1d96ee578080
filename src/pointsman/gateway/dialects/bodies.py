"""JSON bodies of any dialect: decoding that complains as the dialect does, and the change of a model."""

import re
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec
from msgspec import Raw

from pointsman.core.errors import InvalidRequest

Decoded = TypeVar("Decoded")

FIELDS: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw])
"""A body's fields, their values unread."""

_PLACE = re.compile(r" - at `\$\.?(.*)`$")


class Checked(Protocol):
    """Decodes `data`, which stands at the path `at` of a request's body. Raises `InvalidRequest` naming the
    field that does not fit."""

    def __call__(
        self, decoder: msgspec.json.Decoder[Decoded], data: bytes | Raw, at: str = ""
    ) -> Decoded: ...


def checking(misfit: Callable[[Exception, str], InvalidRequest]) -> Checked:
    """What decodes, and words its complaints by `misfit`."""

    def checked(decoder: msgspec.json.Decoder[Decoded], data: bytes | Raw, at: str = "") -> Decoded:
        try:
            return decoder.decode(data)
        except (ValueError, RecursionError) as error:
            raise misfit(error, at) from None

    return checked


def parted(error: Exception) -> tuple[str, str]:
    """The path in a decoder's complaint, as in `messages[0].role`, and the complaint without it. Raises
    `InvalidRequest` when what it complains of is no JSON."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        raise InvalidRequest(f"The request body is not valid JSON: {text}", code="invalid_json") from None
    place = _PLACE.search(text)
    return (place[1], text[: place.start()]) if place else ("", text)


def with_model(body: bytes, model: str) -> bytes:
    """The body asking for `model`, every other value byte for byte."""
    fields = FIELDS.decode(body)
    fields["model"] = Raw(msgspec.json.encode(model))
    return msgspec.json.encode(fields)
