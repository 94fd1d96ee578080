"""Sends calls to the gateway and tries again what may succeed later."""

import http.client
import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from pointsman import __version__
from pointsman.client.answers import Answer
from pointsman.client.calls import Call

DEFAULT_URL: Final = "http://127.0.0.1:8484"
URL_VARIABLE: Final = "POINTSMAN_URL"
KEY_VARIABLE: Final = "POINTSMAN_API_KEY"
TRY_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
PAUSE_S: Final = 0.2
MAX_PAUSE_S: Final = 5.0
MAX_ANSWER_BYTES: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Wire:
    """The way to one gateway. `timeout_s` bounds each wait of a try, `retries` are further tries."""

    base_url: str
    api_key: str | None
    timeout_s: float
    retries: int
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Raises ValueError for an address that is none."""
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{self.base_url!r} is not the address of a gateway: http://HOST:PORT")

    def send(self, call: Call, *, retries: int | None = None) -> Answer:
        """The gateway's answer, after as many tries as it takes and are allowed. Raises nothing."""
        last = self.retries if retries is None else retries
        for number in range(last + 1):
            answer, retry_after_s = self._try(call)
            if answer or number == last or answer.status not in (None, *TRY_LATER):
                break
            self.sleep(max(_pause_s(number), min(retry_after_s, MAX_PAUSE_S)))
        return answer

    def _try(self, call: Call) -> tuple[Answer, float]:
        """One try, and how many seconds the gateway asks to wait before the next."""
        parts = urlsplit(self.base_url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout_s)
        try:
            connection.request(
                call.method, parts.path.rstrip("/") + call.path, call.body, self._headers(call)
            )
            response = connection.getresponse()
            text = response.read(MAX_ANSWER_BYTES)
            return _answer(response.status, text), _seconds(response.headers.get("retry-after"))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(error=f"the gateway at {self.base_url} did not answer: {_words(error)}"), 0.0
        finally:
            connection.close()

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"user-agent": f"pointsman-client/{__version__}", "connection": "close"}
        if call.body is not None:
            headers["content-type"] = "application/json"
        if call.key is not None:
            headers["idempotency-key"] = call.key
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        return headers


def wire_of(base_url: str | None, api_key: str | None, timeout_s: float, retries: int) -> Wire:
    """The way to the gateway at `base_url`, or where POINTSMAN_URL says; likewise with the key."""
    return Wire(
        base_url=base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL,
        api_key=api_key or os.environ.get(KEY_VARIABLE),
        timeout_s=timeout_s,
        retries=retries,
    )


def _answer(status: int, text: bytes) -> Answer:
    body = _object(text)
    if 200 <= status < 300:
        return Answer(status=status, body=body)
    told = body.get("error")
    message = told.get("message") if isinstance(told, Mapping) else None
    return Answer(status=status, body=body, error=str(message or f"the gateway answered {status}"))


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pause_s(number: int) -> float:
    """Full jitter, doubling."""
    return random.uniform(0, PAUSE_S * 2**number)  # noqa: S311 - no secret hangs on it


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 9 else 0.0


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
