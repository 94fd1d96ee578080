"""Who may use the control API.

The admin token opens everything, from everywhere. On a loopback listener, reading is open without it to
programs of this machine. Browsers run pages of strangers on this machine too, and names of strangers can
be made to resolve to it: so without the token the `Host` must be a loopback name, no other `Origin` may
have asked, and nobody may have forwarded the request. Whatever changes state needs the token always.
"""

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pointsman.core.addresses import is_loopback
from pointsman.web.errors import ForeignCaller, TokenNeeded

READING = frozenset({"GET", "HEAD"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
SAME_SITE = frozenset({"", "none", "same-origin"})
WHERE = "It is in POINTSMAN_ADMIN_TOKEN, or in the file admin.token of the gateway's home."


class Guard:
    """Lets requests through to `app`, or raises TokenNeeded or ForeignCaller."""

    def __init__(self, app: ASGIApp, *, admin_token: str, loopback_only: bool) -> None:
        self._app = app
        self._token = admin_token.encode()
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Checks HTTP requests; nothing else passes."""
        if scope["type"] != "http":
            raise TokenNeeded("The control API speaks HTTP only.")
        self._check(scope, Headers(scope=scope))
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        sent = headers.get("authorization")
        if sent is not None:
            if not opens(sent, self._token):
                raise TokenNeeded(f"This is not the admin token. {WHERE}")
        elif not self._loopback_only:
            raise TokenNeeded(f"Send `Authorization: Bearer` and the admin token. {WHERE}")
        elif scope["method"] not in READING:
            raise TokenNeeded(f"Changes need `Authorization: Bearer` and the admin token. {WHERE}")
        elif why := foreign(scope, headers):
            raise ForeignCaller(f"{why}: send `Authorization: Bearer` and the admin token. {WHERE}")


def opens(sent: str, admin_token: bytes) -> bool:
    """Whether an `Authorization` header carries the admin token."""
    scheme, _, token = sent.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        token.strip().encode("latin-1", "replace"), admin_token
    )


def foreign(scope: Scope, headers: Headers) -> str | None:
    """Why a caller without a token cannot be taken for a program of this machine, or None."""
    client = scope.get("client")
    if client and not is_loopback(client[0]):
        return "The caller is not on this machine"
    host = headers.get("host", "")
    if not is_loopback(_name(host)):
        return f"The host {host!r} is not a name of this machine"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return f"A page of {origin!r} asked"
    if headers.get("sec-fetch-site", "") not in SAME_SITE:
        return "A page of another site asked"
    if any(name in headers for name in FORWARDED):
        return "The request was forwarded"
    return None


def _name(host: str) -> str:
    """The host without its port.

    >>> _name("[::1]:4000"), _name("localhost:4000"), _name("a b")
    ('::1', 'localhost', 'a b')
    """
    try:
        return urlsplit("//" + host).hostname or ""
    except ValueError:
        return ""
