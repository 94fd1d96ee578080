"""What a dialect must offer. One folder a dialect; `dialects/__init__.py` is the table.

A dialect is served (clients speak it to us) and called (we speak it to providers). The pipeline uses
`outline` on every request. When client and upstream speak the same dialect the body passes through as
bytes (`with_model` swaps the model name) and `StreamDecoder` only watches. Otherwise: `decode_request`
-> canonical -> the other dialect's `encode_request`, and back.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from pointsman.core.chat import ChatRequest, ChatResponse, EmbedRequest, EmbedResponse, Outline
from pointsman.core.errors import PointsmanError, UpstreamFault
from pointsman.core.snapshot import Target
from pointsman.core.stream import StreamEvent

Headers = Sequence[tuple[bytes, bytes]]
"""Raw header pairs, names in lower case."""


class Losses:
    """Collects what an encoder cannot carry. `drop` reports a field that changes little; a codec raises
    `CannotCarry` itself where dropping would change the meaning."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: list[str] = []

    def drop(self, name: str) -> None:
        """Reports `name` (the source field's path) as not carried; each name once."""
        if name not in self.fields:
            self.fields.append(name)


class StreamDecoder(Protocol):
    """Reads one upstream stream. Never raises on bad input: it yields `StreamFailed`.

    `complete` turns true when the dialect's terminal event was seen; `pending_bytes` is the number of
    bytes at the end of what was fed that are not yet a whole event. `end` is called when the upstream
    closed the body cleanly and yields what was still buffered.
    """

    complete: bool
    pending_bytes: int

    def feed(self, data: bytes) -> list[StreamEvent]: ...

    def end(self) -> list[StreamEvent]: ...


class StreamEncoder(Protocol):
    """Writes one stream to a client. `encode` may hold back events it cannot write yet; `finish` writes
    the terminal events; `fail` writes the dialect's in-stream error, after which nothing may follow."""

    def encode(self, events: Sequence[StreamEvent]) -> bytes: ...

    def finish(self) -> bytes: ...

    def fail(self, error: PointsmanError) -> bytes: ...


class ModelCard(Struct, frozen=True, kw_only=True):
    """What a dialect's model listing shows: an alias or a target, under a name clients can ask for."""

    name: str
    target: Target | None = None
    abilities: int = 0
    context_window_tokens: int = 0
    created_s: int = 0
    kind: Literal["chat", "embedding"] = "chat"
    description: str = ""


class PageRequest(Struct, frozen=True, kw_only=True):
    """A request to a dialect's side endpoint (model lists, version, probes). `rest` is the part of the
    path that the route's trailing `*` matched."""

    method: str
    path: str
    rest: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    cards: Sequence[ModelCard]


class Page(Struct, frozen=True, kw_only=True):
    """The answer of a side endpoint."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"


class Route(Struct, frozen=True, kw_only=True):
    """One path a dialect serves, without a `/v1` (both forms are matched) and without `/a/AGENT`.

    `kind` is `chat`, `embed`, `count` (count the prompt's tokens) or `page`. `path` may end in `*`.
    `codec` names the codec in `CODECS` that reads and writes this path's bodies. `open` pages are
    answered without a key even where keys are required: they only say that the gateway is there.
    """

    method: str
    path: str
    kind: Literal["chat", "embed", "count", "page"]
    codec: str
    page: Callable[[PageRequest], Page] | None = None
    open: bool = False


class Codec(Protocol):
    """Common to chat and embedding codecs.

    `name` is the wire form (`openai_chat`); `upstream_path` where a provider's base URL serves it;
    `stream_type` the content type of a stream. `forward_headers` are the client's request headers that
    go upstream unchanged on same-dialect calls (exact names, or prefixes ending in `*`), and
    `return_headers` the upstream's response headers that go back.
    """

    name: str
    upstream_path: str
    stream_type: bytes

    @property
    def forward_headers(self) -> tuple[bytes, ...]: ...

    @property
    def return_headers(self) -> tuple[bytes, ...]: ...

    def outline(self, body: bytes) -> Outline:
        """Reads what routing needs. Raises `InvalidRequest` (naming the field) on bodies that are not
        this dialect's; unknown fields are no error."""
        ...

    def with_model(self, body: bytes, model: str) -> bytes:
        """The same body asking for `model`, every other byte of every value as it was."""
        ...

    def render_error(self, error: PointsmanError, request_id: str) -> tuple[int, bytes]:
        """Status and JSON body in this dialect's error shape."""
        ...

    def read_error(self, status: int, headers: Headers, body: bytes) -> UpstreamFault:
        """What an upstream of this dialect meant by a non-2xx answer; keeps `body` on the error."""
        ...


class ChatCodec(Codec, Protocol):
    """A dialect's chat form."""

    def decode_request(self, body: bytes) -> ChatRequest: ...

    def encode_request(self, request: ChatRequest, losses: Losses) -> bytes: ...

    def decode_response(self, body: bytes) -> ChatResponse: ...

    def encode_response(self, response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes: ...

    def stream_decoder(self) -> StreamDecoder: ...

    def stream_encoder(self, request: ChatRequest, request_id: str, losses: Losses) -> StreamEncoder: ...

    def stream_error(self, error: PointsmanError, request_id: str) -> bytes:
        """An in-stream error for a pass-through stream that broke (there is no encoder then)."""
        ...

    def encode_count(self, tokens: int) -> bytes:
        """The body of a count answer."""
        ...

    def immediate(self, body: bytes) -> bytes | None:
        """The answer to a request that needs no model (Ollama's load and unload probes), else None."""
        ...


class EmbedCodec(Codec, Protocol):
    """A dialect's embedding form."""

    def decode_request(self, body: bytes) -> EmbedRequest: ...

    def encode_request(self, request: EmbedRequest, losses: Losses) -> bytes: ...

    def decode_response(self, body: bytes) -> EmbedResponse: ...

    def encode_response(self, response: EmbedResponse, request: EmbedRequest) -> bytes: ...
