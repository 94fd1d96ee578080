"""How OpenAI's dialects say errors: `{"error": {"message", "type", "param", "code"}}`."""

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

_TYPES: dict[Kind, str] = {
    "invalid_request": "invalid_request_error",
    "context_length": "invalid_request_error",
    "authentication": "authentication_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "too_large": "invalid_request_error",
    "timeout": "timeout_error",
    "rate_limit": "rate_limit_error",
    "quota": "insufficient_quota",
    "overloaded": "server_error",
    "api_error": "server_error",
}
_REJECTIONS: dict[int, Kind] = {
    401: "authentication",
    402: "quota",
    403: "permission",
    404: "not_found",
    413: "too_large",
}
_OURS = frozenset({401, 402, 403, 404})
"""Refusals of our account or of our configuration, where another provider may well say yes."""
_CONTEXT_CODES = frozenset({"context_length_exceeded", "string_above_max_length"})
_MESSAGE_CHARS = 500
_STREAM_STATUS: dict[str, int] = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "insufficient_quota": 429,
    "overloaded": 503,
    "overloaded_error": 503,
    "service_unavailable": 503,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "timeout_error": 504,
}
"""What the words of an error inside a stream, which has no status, would mean as one."""


def render(error: PointsmanError, request_id: str) -> tuple[int, bytes]:
    """Status and JSON body for a client."""
    found = {
        "message": error.message,
        "type": _TYPES[error.kind],
        "param": error.param,
        "code": error.code,
    }
    return error.status, msgspec.json.encode({"error": found, "request_id": request_id})


def read(status: int, headers: Headers, body: bytes) -> UpstreamFault:
    """What a non-2xx answer of a provider means; its own words are kept on the error."""
    said = _said(body)
    code = said.get("code") or said.get("type")
    message = str(said.get("message") or f"The provider answered with status {status}.")
    fault = _fault(status, code if isinstance(code, str) else None, message)
    if isinstance(said.get("param"), str):
        fault.param = said["param"]
    fault.retry_after_s = retry_after_s(headers)
    fault.body = body
    fault.content_type = dict(headers).get(b"content-type", b"application/json")
    return fault


def stream_error(error: PointsmanError, request_id: str) -> bytes:
    """The error as an event inside a stream; nothing may follow it."""
    return b"data: %s\n\n" % render(error, request_id)[1]


def read_in_stream(data: bytes) -> UpstreamFault:
    """What an `error` object among a stream's events means. Its `code` may be a number, a status."""
    said = _said(data)
    code, kind = said.get("code"), said.get("type")
    words = [word for word in (code, kind) if isinstance(word, str)]
    status = next((_STREAM_STATUS[word] for word in words if word in _STREAM_STATUS), 502)
    if isinstance(code, int) and 400 <= code < 600:
        status = code
    message = str(said.get("message") or "The provider failed without saying why.")
    return _fault(status, words[0] if words else None, message)


def _fault(status: int, code: str | None, message: str) -> UpstreamFault:
    if status == 429:
        limited = UpstreamLimited(message, code=code)
        if code == "insufficient_quota":
            limited.kind = "quota"
        return limited
    if status in (408, 504):
        return UpstreamTimeout(message, code=code)
    if status in (503, 529):
        return UpstreamOverloaded(message, code=code, status=status)
    if status >= 500 or status < 400:
        return UpstreamBroken(message, code=code)
    rejected = UpstreamRejected(message, code=code, status=status)
    rejected.kind = "context_length" if code in _CONTEXT_CODES else _REJECTIONS.get(status, "invalid_request")
    rejected.try_next = status in _OURS or code in _CONTEXT_CODES
    return rejected


def _said(body: bytes) -> dict[str, Any]:
    """The `error` object, whatever of it there is."""
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    error = found.get("error", found) if isinstance(found, dict) else None
    if isinstance(error, str):
        return {"message": error[:_MESSAGE_CHARS]}
    return error if isinstance(error, dict) else {}
