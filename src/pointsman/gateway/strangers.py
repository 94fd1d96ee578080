"""Keeps web pages of strangers away from a gateway that needs no key.

A browser on this machine runs pages of anybody, which can send requests to loopback, and names of
strangers can be made to resolve to it. Both show in `Origin` and `Host`. A key of ours proves more, so
callers who have one are not asked.
"""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from pointsman.core.addresses import is_loopback
from pointsman.core.errors import NotPermitted


def refuse_strangers(headers: Mapping[bytes, bytes]) -> None:
    """Raises `NotPermitted` for a request of a foreign web page, or for a host name that is not this
    machine's."""
    if not _is_here(headers.get(b"host", b"")):
        raise NotPermitted(
            "without a key the gateway answers only as localhost; create one with `pointsman keys create`",
            code="foreign_host",
        )
    origin = headers.get(b"origin")
    if origin is not None and not _is_from_here(origin):
        raise NotPermitted(
            "a web page of another site asked; create a key for it with `pointsman keys create`",
            code="foreign_origin",
        )


@lru_cache(maxsize=256)
def _is_here(host: bytes) -> bool:
    return is_loopback(urlsplit("//" + host.decode("latin-1")).hostname) if host else True


@lru_cache(maxsize=256)
def _is_from_here(origin: bytes) -> bool:
    parts = urlsplit(origin.decode("latin-1"))
    return parts.scheme not in ("http", "https", "null", "") or is_loopback(parts.hostname)
