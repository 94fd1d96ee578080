"""The stand-in's HTTP side: routes, the record, and faults."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import uvicorn
from tests.standin import embeddings, listings
from tests.standin.anthropic import Messages
from tests.standin.chat import Chat
from tests.standin.completions import Completions
from tests.standin.delivery import Delivery
from tests.standin.ledger import Entry, Ledger
from tests.standin.ollama import OllamaChat, OllamaGenerate
from tests.standin.proofs import new_id
from tests.standin.refusal import Refused
from tests.standin.responses import Responses
from tests.standin.surface import Surface

ANSWERED: dict[str, Surface] = {
    "/v1/chat/completions": Chat(),
    "/v1/responses": Responses(),
    "/v1/completions": Completions(),
    "/v1/messages": Messages(),
    "/api/chat": OllamaChat(),
    "/api/generate": OllamaGenerate(),
}
COMPUTED: dict[str, Callable[[dict[str, Any], dict[str, str]], dict[str, Any]]] = {
    "/v1/embeddings": embeddings.openai_embeddings,
    "/v1/responses/input_tokens": listings.count_input,
    "/v1/messages/count_tokens": listings.count_tokens,
    "/api/embed": embeddings.ollama_embed,
    "/api/embeddings": embeddings.ollama_embeddings,
    "/api/show": listings.show,
}
PAGES: dict[str, Callable[[], Any]] = {
    "/api/tags": listings.tags,
    "/api/ps": lambda: {"models": []},
    "/api/version": lambda: {"version": "0.12.6"},
}


class StandInServer:
    """The ASGI application."""

    def __init__(self) -> None:
        self.ledger = Ledger()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        delivery = Delivery(receive, send)
        provider, path = _split(unquote(scope["path"]))
        body = await delivery.read()
        if path == "/__requests":
            await self._control(scope["method"], delivery)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        entry = Entry(provider, scope["method"], path, scope["query_string"].decode(), headers)
        self.ledger.entries.append(entry)
        delivery.begin(entry)
        value = entry.body = _parsed(body)
        surface = ANSWERED.get(path) or _family(path, headers)
        try:
            await self._serve(entry, surface, value, delivery)
        except Refused as refused:
            await _refuse(refused, surface, delivery)
        finally:
            delivery.end()

    async def _serve(self, entry: Entry, surface: Surface, body: Any, delivery: Delivery) -> None:
        page = _page(entry) if entry.method in ("GET", "HEAD") else None
        if page is not None:
            await delivery.json(page)
            return
        if entry.method != "POST" or entry.path not in {**ANSWERED, **COMPUTED}:
            raise Refused(f"Unknown request URL: {entry.method} {entry.path}.", 404, code="unknown_url")
        if not isinstance(body, dict):
            raise Refused("We could not parse the JSON body of your request.")
        if entry.path in COMPUTED:
            await delivery.json(COMPUTED[entry.path](body, entry.headers))
            return
        prompt = surface.read(body, entry.headers)
        await delivery.answer(surface, prompt, self.ledger)

    async def _control(self, method: str, delivery: Delivery) -> None:
        rows = self.ledger.rows()
        if method == "DELETE":
            self.ledger.clear()
        await delivery.json(rows if method == "GET" else {})


def _split(path: str) -> tuple[str, str]:
    """Takes `/p/NAME` off the path."""
    if path.startswith("/p/"):
        _, _, name, rest = path.split("/", 3)
        return name, f"/{rest}"
    return "", path


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("latin-1")


def _family(path: str, headers: dict[str, str]) -> Surface:
    """Whose error shape a path has that has no answers of its own."""
    if path.startswith("/api/"):
        return ANSWERED["/api/chat"]
    anthropic = path.startswith("/v1/messages") or "anthropic-version" in headers
    return ANSWERED["/v1/messages" if anthropic else "/v1/chat/completions"]


def _page(entry: Entry) -> Any:
    if entry.path == "/":
        return "Ollama is running"
    if entry.path.startswith("/v1/models"):
        return listings.models(entry.headers, entry.path.removeprefix("/v1/models").strip("/") or None)
    return PAGES[entry.path]() if entry.path in PAGES else None


async def _refuse(refused: Refused, surface: Surface, delivery: Delivery) -> None:
    request_id = new_id("req_")
    body = surface.error(refused, request_id)
    headers = {**refused.headers, "request-id": request_id, "x-request-id": request_id}
    await delivery.json(body, refused.status, headers)


def serve() -> None:
    """Serves until the process is ended; prints the port first."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    config = uvicorn.Config(
        StandInServer(),
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=0,
        server_header=False,
    )
    print(listener.getsockname()[1], flush=True)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
