"""Asks a model through the running gateway, under the calibration's own name."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from pointsman.core.calibration import CALIBRATION_AGENT

PATH: Final = "/v1/chat/completions"
PATIENCE_S: Final = 600.0
MAX_WAIT_S: Final = 30
TRIES: Final = 3
LATER: Final = frozenset({429, 503, 529})
REFUSED: Final = frozenset({401, 403})


class Refused(Exception):
    """The gateway does not let the calibration ask at all."""


class NoAnswer(Exception):
    """A model gave no answer; the first argument is a short code for why."""


class Said(Struct, frozen=True, kw_only=True):
    """An answer. `cut` says that it reached its limit of tokens."""

    text: str
    request_id: str | None
    cost_usd_micros: int
    latency_ms: float
    cut: bool


class Asker:
    """One gateway. `key` is an API key of it, where it wants one. Safe to use from several threads."""

    def __init__(self, url: str, key: str | None, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._parts = urlsplit(url)
        self._key = key
        self._pause = pause

    def ask(
        self,
        model: str,
        messages: list[dict[str, str]],
        max_tokens: int,
        labels: Mapping[str, str] | None = None,
    ) -> Said:
        """The answer of `model`; `labels` (domain, complexity) tell what kind of task it is. Raises
        `NoAnswer` and `Refused`."""
        body = {"model": model, "messages": messages, "max_tokens": max_tokens}
        headers = self._headers(labels or {})
        for tried in range(TRIES):
            started_s = time.monotonic()
            status, told, raw = self._exchange(body, headers)
            if status == 200:
                return _said(told, raw, (time.monotonic() - started_s) * 1000)
            if status in REFUSED:
                raise Refused(_message(raw) or f"the gateway answered {status}")
            if status == 400 and "max_tokens" in body and b"max_completion_tokens" in raw:
                body["max_completion_tokens"] = body.pop("max_tokens")
            elif status in LATER and tried + 1 < TRIES:
                self._pause(_wait_s(told, tried))
            else:
                break
        raise NoAnswer(f"status_{status}")

    def _headers(self, labels: Mapping[str, str]) -> dict[str, str]:
        headers = {"content-type": "application/json", "x-agent-id": CALIBRATION_AGENT}
        headers |= {f"x-pointsman-{name}": value for name, value in labels.items() if value}
        return headers | ({"authorization": f"Bearer {self._key}"} if self._key else {})

    def _exchange(
        self, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=PATIENCE_S)
        try:
            target = self._parts.path.rstrip("/") + PATH
            connection.request("POST", target, json.dumps(body).encode(), dict(headers))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except TimeoutError:
            raise NoAnswer("timed_out") from None
        except (OSError, http.client.HTTPException):
            raise NoAnswer("no_connection") from None
        finally:
            connection.close()


def _said(told: http.client.HTTPMessage, raw: bytes, latency_ms: float) -> Said:
    try:
        choice = json.loads(raw)["choices"][0]
        text = choice["message"].get("content") or ""
    except (ValueError, LookupError, AttributeError, TypeError):
        raise NoAnswer("unreadable") from None
    return Said(
        text=text if isinstance(text, str) else "",
        request_id=told.get("x-pointsman-request-id"),
        cost_usd_micros=_micros(told.get("x-pointsman-cost-usd")),
        latency_ms=latency_ms,
        cut=choice.get("finish_reason") == "length",
    )


def _micros(usd: str | None) -> int:
    try:
        return max(round(float(usd or 0) * 1_000_000), 0)
    except (ValueError, OverflowError):
        return 0


def _wait_s(told: http.client.HTTPMessage, tried: int) -> float:
    asked = told.get("retry-after", "")
    return min(int(asked), MAX_WAIT_S) if asked.isdigit() else 2.0**tried


def _message(raw: bytes) -> str:
    try:
        return str(json.loads(raw)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return ""
