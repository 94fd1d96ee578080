"""The codec and the paths of the Anthropic Messages dialect."""

import msgspec

from pointsman.core.chat import ChatRequest, ChatResponse, Outline
from pointsman.core.errors import PointsmanError, UpstreamFault
from pointsman.gateway.dialects.anthropic import errors, pages
from pointsman.gateway.dialects.anthropic.decode import decode_request
from pointsman.gateway.dialects.anthropic.encode import encode_request
from pointsman.gateway.dialects.anthropic.outline import outline
from pointsman.gateway.dialects.anthropic.rename import with_model
from pointsman.gateway.dialects.anthropic.response import decode_response, encode_response
from pointsman.gateway.dialects.anthropic.stream_decoder import AnthropicStreamDecoder
from pointsman.gateway.dialects.anthropic.stream_encoder import AnthropicStreamEncoder
from pointsman.gateway.dialects.base import Headers, Losses, Route, StreamDecoder, StreamEncoder


class AnthropicCodec:
    """The dialect's chat form (`ChatCodec`)."""

    name = "anthropic"
    upstream_path = "/messages"
    stream_type = b"text/event-stream"
    forward_headers = (b"anthropic-*",)
    return_headers = (
        b"request-id",
        b"retry-after",
        b"x-should-retry",
        b"anthropic-ratelimit-*",
    )

    def outline(self, body: bytes) -> Outline:
        """See `outline.outline`."""
        return outline(body)

    def with_model(self, body: bytes, model: str) -> bytes:
        """See `rename.with_model`."""
        return with_model(body, model)

    def render_error(self, error: PointsmanError, request_id: str) -> tuple[int, bytes]:
        """See `errors.render`."""
        return errors.render(error, request_id)

    def read_error(self, status: int, headers: Headers, body: bytes) -> UpstreamFault:
        """See `errors.read`."""
        return errors.read(status, headers, body)

    def decode_request(self, body: bytes) -> ChatRequest:
        """See `decode.decode_request`."""
        return decode_request(body)

    def encode_request(self, request: ChatRequest, losses: Losses) -> bytes:
        """See `encode.encode_request`."""
        return encode_request(request, losses)

    def decode_response(self, body: bytes) -> ChatResponse:
        """See `response.decode_response`."""
        return decode_response(body)

    def encode_response(self, response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
        """See `response.encode_response`."""
        return encode_response(response, request, losses)

    def stream_decoder(self) -> StreamDecoder:
        """A reader for one provider's stream."""
        return AnthropicStreamDecoder()

    def stream_encoder(self, request: ChatRequest, request_id: str, losses: Losses) -> StreamEncoder:
        """A writer of one stream to a client."""
        return AnthropicStreamEncoder(request, request_id, losses)

    def stream_error(self, error: PointsmanError, request_id: str) -> bytes:
        """See `errors.stream_error`."""
        return errors.stream_error(error, request_id)

    def encode_count(self, tokens: int) -> bytes:
        """The answer of the token counter."""
        return msgspec.json.encode({"input_tokens": tokens})

    def immediate(self, body: bytes) -> bytes | None:
        """None: every request of this dialect is for a model."""
        return None


CODEC = AnthropicCodec()

ROUTES = (
    Route(method="POST", path="/messages", kind="chat", codec=CODEC.name),
    Route(method="POST", path="/messages/count_tokens", kind="count", codec=CODEC.name),
    Route(method="GET", path="/models", kind="page", codec=CODEC.name, page=pages.models),
    Route(method="GET", path="/models/*", kind="page", codec=CODEC.name, page=pages.model),
    Route(method="HEAD", path="/api/hello", kind="page", codec=CODEC.name, page=pages.hello, open=True),
    Route(method="GET", path="/api/hello", kind="page", codec=CODEC.name, page=pages.hello, open=True),
)
