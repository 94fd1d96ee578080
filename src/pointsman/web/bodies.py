"""Reads requests' bodies: bounded, JSON, and of the declared type."""

from typing import TypeVar

import msgspec
from starlette.requests import Request

from pointsman.core.errors import BodyTooLarge, InvalidRequest

MAX_BODY_BYTES = 1_000_000

T = TypeVar("T")


async def read_as(request: Request, kind: type[T]) -> T:
    """The body as `kind`. Raises BodyTooLarge, or InvalidRequest saying which field is wrong."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise InvalidRequest("Send the body as JSON, with `content-type: application/json`.", status=415)
    try:
        return msgspec.json.decode(await _bounded(request), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a ValidationError is the former
        raise InvalidRequest(f"The body is not as it should be: {error}.") from error


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body is over {MAX_BODY_BYTES} bytes.")
    return bytes(body)
