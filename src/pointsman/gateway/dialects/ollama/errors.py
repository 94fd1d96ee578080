"""How this dialect says errors: `{"error": "text"}`, with the status or as a line of a stream."""

from collections.abc import Mapping
from typing import Any

import msgspec

from pointsman.core.errors import (
    Kind,
    PointsmanError,
    UpstreamBroken,
    UpstreamFault,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
    UpstreamTimeout,
)
from pointsman.gateway.dialects.base import Headers
from pointsman.gateway.dialects.retry_after import retry_after_s

_REJECTIONS: Mapping[int, Kind] = {
    401: "authentication",
    402: "quota",
    403: "permission",
    404: "not_found",
    413: "too_large",
}
_MEND_ELSEWHERE = frozenset({401, 402, 403, 404})
"""Refusals of our account or of our configuration, where another provider may well say yes."""
_CONTEXT_WORDS = ("context length", "context window", "context size", "prompt too long")
_ABILITY_WORDS = "does not support"
_MESSAGE_CHARS = 2000


def render(error: PointsmanError, request_id: str) -> tuple[int, bytes]:
    """Status and JSON body for a client."""
    return error.status, msgspec.json.encode({"error": _message(error)})


def stream_error(error: PointsmanError, request_id: str) -> bytes:
    """The same object as a line of a stream."""
    return render(error, request_id)[1] + b"\n"


def _message(error: PointsmanError) -> str:
    param = error.param
    if param and param not in error.message:
        return f"{param}: {error.message}"
    return error.message


def read(status: int, headers: Headers, body: bytes) -> UpstreamFault:
    """What a non-2xx answer of a provider means. Its own words are kept on the error if they are JSON:
    an HTML page would tell a client of this dialect nothing."""
    said = _said(body)
    message = said or f"The provider answered with status {status}."
    fault = _fault(status, message)
    fault.retry_after_s = retry_after_s(headers)
    if said is not None:
        fault.body = body
        fault.content_type = dict(headers).get(b"content-type", b"application/json")
    return fault


def _said(body: bytes) -> str | None:
    """The message of a JSON body, None if it is no JSON object."""
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return message_of(found.get("error")) if isinstance(found, dict) else None


def message_of(error: Any) -> str:
    """The words of an `error`, which proxies in front of a server may write as an object.

    >>> message_of("no such model"), message_of({"message": "slow down"})
    ('no such model', 'slow down')
    """
    if isinstance(error, dict):
        error = error.get("message")
    return error[:_MESSAGE_CHARS] if isinstance(error, str) else ""


def fault_of(error: Any) -> UpstreamFault:
    """What an error line inside a provider's stream means."""
    message = message_of(error) or "The provider failed without saying why."
    return _rejected(400, message) if _is_about_context(message) else UpstreamBroken(message)


def _fault(status: int, message: str) -> UpstreamFault:
    if status == 429:
        return UpstreamLimited(message)
    if status in (408, 504):
        return UpstreamTimeout(message)
    if status in (503, 529):
        return UpstreamOverloaded(message, status=status)
    if _is_about_context(message):  # a server may say so with any status
        return _rejected(400, message)
    if status >= 500 or status < 400:
        return UpstreamBroken(message)
    return _rejected(status, message)


def _rejected(status: int, message: str) -> UpstreamRejected:
    rejected = UpstreamRejected(message, status=status)
    rejected.kind = _REJECTIONS.get(status, "invalid_request")
    rejected.try_next = status in _MEND_ELSEWHERE or _ABILITY_WORDS in message
    if _is_about_context(message):
        rejected.kind, rejected.code, rejected.try_next = "context_length", "context_length_exceeded", True
    return rejected


def _is_about_context(message: str) -> bool:
    words = message.lower()
    return any(phrase in words for phrase in _CONTEXT_WORDS)
