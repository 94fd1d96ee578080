"""Finds the gateway's request id in whatever a client library returns."""

import re
from collections.abc import Mapping
from typing import Any, Final

HEADER: Final = "x-pointsman-request-id"
_HOLDERS: Final = ("response", "http_response", "_response")
"""Where client libraries keep the response of HTTP."""
_REQUEST_ID: Final = re.compile(r"req_[0-9a-hjkmnp-tv-z]{22}")


def request_id_of(response: Any) -> str | None:
    """The id of the request that `response` answers, or None.

    Knows an id itself, headers, and what has them: responses of httpx, requests, aiohttp and http.client,
    the raw responses and streams of the openai and anthropic libraries, and their parsed answers if the
    provider sent no id of its own.

    >>> request_id_of({"X-Pointsman-Request-Id": "req_0123456789abcdefghjkmn"})
    'req_0123456789abcdefghjkmn'
    """
    if isinstance(response, str):
        return _checked(response)
    for holder in (response, *[getattr(response, name, None) for name in _HOLDERS]):
        headers = holder if isinstance(holder, Mapping) else getattr(holder, "headers", None)
        found = _in_headers(headers)
        if found is not None:
            return found
    return _checked(getattr(response, "_request_id", None))


def _in_headers(headers: Any) -> str | None:
    """The id in something like a mapping, whose names may be in any case."""
    try:
        items = list(headers.items())
    except (AttributeError, TypeError):
        return None
    return next((_checked(value) for name, value in items if str(name).lower() == HEADER), None)


def _checked(text: Any) -> str | None:
    return text if isinstance(text, str) and _REQUEST_ID.fullmatch(text) else None
