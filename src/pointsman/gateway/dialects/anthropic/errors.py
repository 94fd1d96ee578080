"""How this dialect says errors: `{"type": "error", "error": {"type", "message"}, "request_id"}`."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

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

OVERLOADED = 529
TOO_LONG = "prompt is too long: "
"""How a message begins by which clients know that they must compact."""

_TYPES: Mapping[Kind, str] = {
    "invalid_request": "invalid_request_error",
    "context_length": "invalid_request_error",
    "authentication": "authentication_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "too_large": "request_too_large",
    "timeout": "timeout_error",
    "rate_limit": "rate_limit_error",
    "quota": "rate_limit_error",
    "overloaded": "overloaded_error",
    "api_error": "api_error",
}
_STATUS_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    OVERLOADED: "overloaded_error",
}
_REJECTIONS: Mapping[str, tuple[int, Kind]] = {
    "invalid_request_error": (400, "invalid_request"),
    "authentication_error": (401, "authentication"),
    "billing_error": (402, "quota"),
    "permission_error": (403, "permission"),
    "not_found_error": (404, "not_found"),
    "request_too_large": (413, "too_large"),
}
_OURS = frozenset({"authentication_error", "billing_error", "permission_error", "not_found_error"})
"""Refusals of our account or of our configuration, where another provider may well say yes."""
_CONTEXT_WORDS = ("prompt is too long", "exceed context limit")
_CREDIT_WORDS = "credit balance is too low"


class _Error(Struct):
    type: str | None = None
    message: str | None = None


class _Envelope(Struct):
    error: _Error | None = None


_ENVELOPE: msgspec.json.Decoder[_Envelope] = msgspec.json.Decoder(_Envelope)


def render(error: PointsmanError, request_id: str) -> tuple[int, bytes]:
    """Status and JSON body for a client."""
    status = OVERLOADED if error.kind == "overloaded" else error.status
    kind = "billing_error" if status == 402 else _TYPES[error.kind]
    found: dict[str, Any] = {
        "type": "error",
        "error": {"type": kind, "message": _message(error)},
        "request_id": request_id,
    }
    return status, msgspec.json.encode(found)


def stream_error(error: PointsmanError, request_id: str) -> bytes:
    """The same object as an event inside a stream."""
    return b"event: error\ndata: %s\n\n" % render(error, request_id)[1]


def _message(error: PointsmanError) -> str:
    message = error.message
    if error.kind == "context_length" and not message.lower().startswith(TOO_LONG.strip(": ")):
        return TOO_LONG + message
    param = error.param
    if param and not message.startswith(f"{param}:") and f"`{param}`" not in message:
        return f"{param}: {message}"
    return message


def read(status: int, headers: Headers, body: bytes) -> UpstreamFault:
    """What a non-2xx answer of a provider means. Its own words are kept on the error if they are JSON:
    an HTML page would tell a client of this dialect nothing."""
    kept = True
    try:
        said = _ENVELOPE.decode(body).error or _Error()
    except (ValueError, RecursionError):
        said, kept = _Error(), False
    message = said.message or f"The provider answered with status {status}."
    if not kept and 400 <= status < 500 and status not in (408, 429):
        fault: UpstreamFault = UpstreamBroken(message)
    else:
        fault = _fault(_STATUS_TYPES.get(status) or _type_of(status, said.type), message, status)
    fault.retry_after_s = retry_after_s(headers)
    if kept:
        fault.body = body
        fault.content_type = dict(headers).get(b"content-type", b"application/json")
    return fault


def _type_of(status: int, said: str | None) -> str:
    """The error's type where the status does not settle it."""
    if 400 <= status < 500:
        return said if said is not None and said in _REJECTIONS else "invalid_request_error"
    return "overloaded_error" if said == "overloaded_error" else "api_error"


def fault_of(kind: str | None, message: str | None) -> UpstreamFault:
    """What an `error` event inside a provider's stream means."""
    return _fault(kind or "api_error", message or "The provider failed without saying why.", None)


def _fault(kind: str, message: str, status: int | None) -> UpstreamFault:
    """`status` is None inside a stream."""
    if kind == "rate_limit_error":
        return UpstreamLimited(message)
    if kind == "overloaded_error":
        return UpstreamOverloaded(message, status=status or OVERLOADED)
    if kind == "timeout_error":
        return UpstreamTimeout(message)
    if kind in _REJECTIONS:
        return _rejected(kind, message, status)
    return UpstreamBroken(message)


def _rejected(kind: str, message: str, status: int | None) -> UpstreamRejected:
    usual, meaning = _REJECTIONS[kind]
    rejected = UpstreamRejected(message, status=status or usual)
    rejected.kind = meaning
    rejected.try_next = kind in _OURS
    words = message.lower()
    if any(phrase in words for phrase in _CONTEXT_WORDS):
        rejected.kind, rejected.code, rejected.try_next = "context_length", "context_length_exceeded", True
    elif _CREDIT_WORDS in words:
        rejected.kind, rejected.try_next = "quota", True
    return rejected
