"""Reads requests' bodies: bounded, JSON, and of the declared type."""

from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect
from starlette.requests import Request

from pointsman.core.errors import BodyTooLarge, InvalidRequest

MAX_BODY_BYTES = 1_000_000

T = TypeVar("T")
_PLACE: Final = " - at `$."


async def read_as(request: Request, kind: type[T]) -> T:
    """The body as `kind`. Raises BodyTooLarge, or InvalidRequest saying which field is wrong."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise InvalidRequest("Send the body as JSON, with `content-type: application/json`.", status=415)
    try:
        return msgspec.json.decode(await _bounded(request), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a ValidationError is the former
        words = _words(str(error), kind)
        raise InvalidRequest(f"The body is not as it should be: {error}{words}.") from error


def _words(message: str, kind: type[Any]) -> str:
    """What may stand where a message complains of a word that is none of those known; else nothing.

    >>> from pointsman.core.reports import FeedbackGiven
    >>> _words("Invalid enum value 'fine' - at `$.thumbs`", FeedbackGiven)
    "; it may be 'down' or 'up'"
    """
    complaint, found, path = message.partition(_PLACE)
    if not found or not complaint.startswith("Invalid enum value"):
        return ""
    place: Any = inspect.type_info(kind)
    for name in path.rstrip("`").split("."):
        fields = {one.encode_name: one.type for part in _parts(place) for one in getattr(part, "fields", ())}
        place = fields.get(name)
    known = [word for part in _parts(place) for word in _known(part)]
    *others, last = [repr(word) for word in known] or [""]
    return f"; it may be {', '.join(others)} or {last}" if others else ""


def _parts(place: Any) -> tuple[Any, ...]:
    return place.types if isinstance(place, inspect.UnionType) else (place,)


def _known(part: Any) -> list[str]:
    if isinstance(part, inspect.EnumType):
        return [str(one.value) for one in part.cls]
    return [str(one) for one in part.values] if isinstance(part, inspect.LiteralType) else []


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body is over {MAX_BODY_BYTES} bytes.")
    return bytes(body)
