"""Talks to the running gateway's control API."""

import http.client
import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pointsman.app.paths import home
from pointsman.cli.figures import printable
from pointsman.cli.home import admin_token, gateway_url
from pointsman.cli.options import Failed
from pointsman.core.addresses import is_loopback

PREFIX = "/api/v1"
TIMEOUT_S = 30.0
START = "Start it with: pointsman up"
LOCKED_OUT = "Set POINTSMAN_ADMIN_TOKEN to the token in the file admin.token of the gateway's home."


class Unreachable(Failed):
    """Nobody answers where the gateway should be."""


class Gateway:
    """One gateway, by its URL. Every method returns decoded JSON or raises Failed with a remedy."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/")
        self._parts = urlsplit(self.url)
        self._token = token
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise Failed(f"{url!r} is no URL of a gateway.", "Set POINTSMAN_URL like http://127.0.0.1:8484")

    def get(self, path: str, **query: Any) -> Any:
        """Reads. Values of None are left out."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", f"{PREFIX}{path}{'?' + urlencode(asked) if asked else ''}")

    def post(self, path: str, body: Any = None) -> Any:
        """Changes something."""
        return self._call("POST", PREFIX + path, body)

    def put(self, path: str, body: Any) -> Any:
        """Sets something."""
        return self._call("PUT", PREFIX + path, body)

    def delete(self, path: str) -> Any:
        """Removes something."""
        return self._call("DELETE", PREFIX + path)

    def ready(self) -> Any:
        """The answer of `/readyz`, whatever its status."""
        return _decoded(self._exchange("GET", "/readyz", None)[1], self.url)

    def _call(self, method: str, target: str, body: Any = None) -> Any:
        status, raw = self._exchange(method, target, body)
        found = _decoded(raw, self.url)
        if status < 400:
            return found
        error = found.get("error") if isinstance(found, dict) else None
        message = error.get("message", "") if isinstance(error, dict) else ""
        raise Failed(
            printable(message) or f"{self.url} answered {status}.", LOCKED_OUT if status in (401, 403) else ""
        )

    def _exchange(self, method: str, target: str, body: Any) -> tuple[int, bytes]:
        headers = {"accept": "application/json"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, self._parts.path + target, data, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"No gateway answers at {self.url} ({error}).", START) from error
        finally:
            connection.close()


def running(environ: Mapping[str, str] = os.environ) -> Gateway:
    """The gateway of POINTSMAN_URL, or the one this home's `gateway.json` tells of."""
    url = environ.get("POINTSMAN_URL", "").strip() or gateway_url(environ)
    if url is None:
        raise Unreachable(f"No gateway runs for {home(environ)}.", START)
    return Gateway(url, token(environ))


def token(environ: Mapping[str, str]) -> str | None:
    """The admin token of POINTSMAN_ADMIN_TOKEN, or of this home's file; None when there is neither.

    The file's token is not sent to another machine, which POINTSMAN_URL may name.
    """
    written = environ.get("POINTSMAN_ADMIN_TOKEN", "").strip()
    if written:
        return written
    url = environ.get("POINTSMAN_URL", "").strip()
    if url and not is_loopback(urlsplit(url).hostname) and url.rstrip("/") != gateway_url(environ):
        return None
    return admin_token(environ)


def quoted(name: str) -> str:
    """A name as part of a path."""
    return quote(name, safe="")


def _decoded(raw: bytes, url: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError as error:
        raise Failed(
            f"Something answers at {url}, but it is not Pointsman's control API.",
            "Check POINTSMAN_URL, or which program uses that port.",
        ) from error
