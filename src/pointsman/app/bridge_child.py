"""Serves OpenAI's chat completions and embeddings on the loopback, answered through any-llm.

Run by `bridge` as `python -m pointsman.app.bridge_child`; it takes its settings from its input. Paths
are `/NAME/v1/...`, NAME being the provider's name in our configuration.
"""

import asyncio
import base64
import hmac
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import msgspec
import uvicorn
from any_llm import AnyLLM, AnyLLMError
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pointsman.app.bridge_errors import Failure, failure_of
from pointsman.app.bridge_settings import BridgeSettings, Source
from pointsman.app.lifeline import Lifeline, Report

_logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

GRACE_S: Final = 3
TOLD: Final = (AnyLLMError, NotImplementedError, ImportError, TimeoutError, Exception)
"""Whose words go to the caller. `Exception` alone is also traced in the log."""
CHAT_FIELDS: Final = frozenset(
    {
        *("frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "n"),
        *("parallel_tool_calls", "presence_penalty", "prompt_cache_key", "reasoning_effort"),
        *("response_format", "seed", "service_tier", "stop", "stream_options", "temperature"),
        *("tool_choice", "tools", "top_logprobs", "top_p", "user"),
    }
)
"""What of a chat request is handed to the library. Never anything by which a request could choose another
address or key."""
IGNORED_FIELDS: Final = frozenset({"metadata", "store", "safety_identifier"})
"""Bookkeeping at OpenAI, without effect on an answer."""
EMBED_FIELDS: Final = frozenset({"dimensions", "user"})


class Refused(Exception):
    """The request itself is at fault; `failure` says how."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.failure = Failure(status=status, code=code, message=message, param=param)


class Endpoints:
    """The routes. One client of the library is made for each provider, at its first request, and kept."""

    def __init__(self, settings: BridgeSettings) -> None:
        self._settings = settings
        self._clients: dict[str, AnyLLM] = {}

    def routes(self) -> list[Route]:
        """All that is served."""
        return [
            Route("/{name}/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/{name}/v1/embeddings", self.embed, methods=["POST"]),
            Route("/{name}/v1/models", self.models, methods=["GET"]),
        ]

    async def chat(self, request: Request) -> Response:
        """One chat completion, whole or as server-sent events."""
        body = await self._body(request, CHAT_FIELDS | {"model", "messages", "stream"})
        client = self._client(request)
        model, messages = _required(body, "model"), _required(body, "messages")
        if not body.pop("stream", None):
            answer = client.acompletion(model, messages, stream=False, **body)
            return _json(_dumped(await _unless_left(request, answer)))
        chunks = await client.acompletion(model, messages, stream=True, **body)
        first = await anext(chunks, None)  # an error that comes at once still gets its own status
        return StreamingResponse(_events(first, chunks), media_type="text/event-stream")

    async def embed(self, request: Request) -> Response:
        """Vectors for texts."""
        body = await self._body(request, EMBED_FIELDS | {"model", "input", "encoding_format"})
        client = self._client(request)
        as_base64 = body.pop("encoding_format", "float") == "base64"
        model, texts = _required(body, "model"), _required(body, "input")
        answer = _dumped(await _unless_left(request, client.aembedding(model, texts, **body)))
        for entry in answer["data"] if as_base64 else ():
            entry["embedding"] = _packed(entry["embedding"])
        return _json(answer)

    async def models(self, request: Request) -> Response:
        """What the provider serves, as far as it tells."""
        self._admit(request)
        listed = await self._client(request).alist_models()
        return _json({"object": "list", "data": [_dumped(model) for model in listed]})

    def _client(self, request: Request) -> AnyLLM:
        name = request.path_params["name"]
        source = self._settings.sources.get(name)
        if source is None:
            raise Refused(404, "unknown_provider", f"no provider {name} is bridged")
        if name not in self._clients:
            self._clients[name] = _make_client(source)
        return self._clients[name]

    async def _body(self, request: Request, known: frozenset[str]) -> dict[str, Any]:
        self._admit(request)
        try:
            body = msgspec.json.decode(await request.body(), type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise Refused(400, "invalid_json", f"the body is not a JSON object: {error}") from None
        kept = {name: value for name, value in body.items() if value is not None}
        for name in kept.keys() & IGNORED_FIELDS:
            del kept[name]
        if strange := sorted(kept.keys() - known):
            raise Refused(400, "unsupported_parameter", f"{strange[0]} cannot be bridged", strange[0])
        return kept

    def _admit(self, request: Request) -> None:
        shown = request.headers.get("authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {self._settings.token}".encode()):
            raise Refused(401, "invalid_api_key", "this bridge serves only the gateway that started it")


def app_of(settings: BridgeSettings, lifeline: Lifeline) -> Starlette:
    """The application. It reports when it is ready to serve."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        lifeline.report(Report(ready=True))
        yield

    return Starlette(
        routes=Endpoints(settings).routes(),
        lifespan=lifespan,
        exception_handlers=dict.fromkeys((Refused, *TOLD), _fail),
    )


def main() -> None:
    """Serves until the parent ends or says so."""
    lifeline = Lifeline()
    settings = lifeline.take_settings(BridgeSettings)
    lifeline.follow(settings.parent_pid)
    config = uvicorn.Config(
        app_of(settings, lifeline), log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    uvicorn.Server(config).run([socket.socket(fileno=settings.listener)])


def _make_client(source: Source) -> AnyLLM:
    key = os.environ.get(source.key_env) if source.key_env is not None else None
    if source.key_env is not None and not key:
        text = f"the environment variable {source.key_env} is not set"
        raise Refused(401, "missing_api_key", text)
    return AnyLLM.create(
        source.library_name, api_key=key, api_base=source.base_url, unified_exceptions=True, max_retries=0
    )


def _required(body: dict[str, Any], name: str) -> Any:
    if name not in body:
        raise Refused(400, "invalid_request", f"{name} is missing", name)
    return body.pop(name)


async def _unless_left(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """What `work` returns. If the caller hangs up first, the work is cancelled, so that the provider is
    not left answering nobody."""
    task = asyncio.create_task(work)
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait((task, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refused(499, "client_left", "the caller hung up")
        return task.result()
    finally:
        task.cancel()
        leaving.cancel()


def _dumped(answer: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = answer.model_dump(mode="json", exclude_none=True)
    return dumped


def _packed(vector: list[float]) -> str:
    """A vector as OpenAI's base64: 32-bit floats, the least significant byte first."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _json(answer: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


async def _events(first: BaseModel | None, rest: AsyncIterator[BaseModel]) -> AsyncIterator[bytes]:
    """The chunks as server-sent events. An error ends them without the closing `[DONE]`."""
    try:
        if first is not None:
            yield _event(first)
        async for chunk in rest:
            yield _event(chunk)
    except Exception as error:  # noqa: BLE001 - the answer has begun: it is told in the stream
        _logger.warning("A stream broke: %s", error)
        yield b"data: " + msgspec.json.encode(failure_of(error).body()) + b"\n\n"
    else:
        yield b"data: [DONE]\n\n"


def _event(chunk: BaseModel) -> bytes:
    return b"data: " + chunk.model_dump_json(exclude_none=True).encode() + b"\n\n"


async def _fail(_: Request, error: Exception) -> Response:
    failure = error.failure if isinstance(error, Refused) else failure_of(error)
    headers = {"retry-after": failure.retry_after} if failure.retry_after else None
    return JSONResponse(failure.body(), failure.status, headers)


if __name__ == "__main__":
    main()
