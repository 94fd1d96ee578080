"""The paths of the Ollama dialect."""

from collections.abc import Callable

from pointsman.gateway.dialects.base import Page, PageRequest, Route
from pointsman.gateway.dialects.ollama import pages
from pointsman.gateway.dialects.ollama.codec import CHAT, EMBED, EMBEDDINGS, GENERATE


def _page(method: str, path: str, page: Callable[[PageRequest], Page], *, is_open: bool = False) -> Route:
    return Route(method=method, path=path, kind="page", codec=CHAT.name, page=page, open=is_open)


ROUTES = (
    Route(method="POST", path="/api/chat", kind="chat", codec=CHAT.name),
    Route(method="POST", path="/api/generate", kind="chat", codec=GENERATE.name),
    Route(method="POST", path="/api/embed", kind="embed", codec=EMBED.name),
    Route(method="POST", path="/api/embeddings", kind="embed", codec=EMBEDDINGS.name),
    _page("GET", "/", pages.running, is_open=True),
    _page("HEAD", "/", pages.running, is_open=True),
    _page("GET", "/api/version", pages.version, is_open=True),
    _page("HEAD", "/api/version", pages.version, is_open=True),
    _page("GET", "/api/tags", pages.tags),
    _page("HEAD", "/api/tags", pages.tags),
    _page("GET", "/api/ps", pages.loaded),
    _page("POST", "/api/show", pages.show),
    _page("POST", "/api/pull", pages.refuse),
    _page("POST", "/api/push", pages.refuse),
    _page("POST", "/api/create", pages.refuse),
    _page("POST", "/api/copy", pages.refuse),
    _page("DELETE", "/api/delete", pages.refuse),
    _page("POST", "/api/blobs/*", pages.refuse),
    _page("HEAD", "/api/blobs/*", pages.no_blob),
)
