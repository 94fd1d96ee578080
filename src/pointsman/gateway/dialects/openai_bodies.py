"""How bodies of OpenAI's dialects are read: how a misfit becomes an error, and the change of a model."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Raw

from pointsman.core.errors import InvalidRequest

Decoded = TypeVar("Decoded")

FIELDS: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw])
"""A body's fields, their values unread."""
_TEXT: msgspec.json.Decoder[str] = msgspec.json.Decoder(str)

_PLACE = re.compile(r" - at `\$\.?(.*)`$")


def checked(decoder: msgspec.json.Decoder[Decoded], data: bytes | Raw, at: str = "") -> Decoded:
    """The value of `data`, which stands at the path `at` of a request's body. Raises `InvalidRequest`
    naming the field that does not fit."""
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError) as error:
        raise misfit(error, at) from None


def misfit(error: Exception, at: str = "") -> InvalidRequest:
    """What a decoder's complaint means for the client; `at` is prefixed to the field's path."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return InvalidRequest(f"The request body is not valid JSON: {text}", code="invalid_json")
    place = _PLACE.search(text)
    inner = place[1] if place else ""
    dot = "." if at and inner and not inner.startswith("[") else ""
    param = f"{at}{dot}{inner}" or None
    reason = text[: place.start()] if place else text
    where = f" for `{param}`" if param else ""
    return InvalidRequest(f"Invalid type{where}: {reason}.", code="invalid_type", param=param)


def missing(field: str) -> InvalidRequest:
    """That a required field is not there."""
    return InvalidRequest(f"Missing required parameter: `{field}`.", code="missing_field", param=field)


def with_model(body: bytes, model: str) -> bytes:
    """The body asking for `model`, every other value byte for byte."""
    fields = FIELDS.decode(body)
    fields["model"] = Raw(msgspec.json.encode(model))
    return msgspec.json.encode(fields)


def data_url(url: str) -> tuple[str | None, str | None]:
    """Media type and base64 of a `data:` URL; (None, None) for any other.

    >>> data_url("data:image/gif;base64,R0lG"), data_url("https://x.example/a.gif")
    (('image/gif', 'R0lG'), (None, None))
    """
    if not url.startswith("data:"):
        return None, None
    head, comma, data = url[5:].partition(",")
    if not comma or not head.endswith(";base64"):
        return None, None
    return head[: -len(";base64")].partition(";")[0] or None, data


def agent_of(metadata: Mapping[str, Raw] | None) -> str | None:
    """The agent's id that a body's metadata tells, None without one. Raises `InvalidRequest` if that is no
    text."""
    raw = metadata.get("agent_id") if metadata else None
    return checked(_TEXT, raw, "metadata.agent_id") if raw is not None else None
