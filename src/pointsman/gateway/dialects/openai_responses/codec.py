"""The codec and the paths of the OpenAI Responses dialect."""

import msgspec

from pointsman.core.chat import ChatRequest, ChatResponse, Outline
from pointsman.core.errors import PointsmanError, UpstreamFault
from pointsman.gateway.dialects import openai_errors
from pointsman.gateway.dialects.base import Headers, Losses, Route, StreamDecoder, StreamEncoder
from pointsman.gateway.dialects.openai_responses.decode import decode_request
from pointsman.gateway.dialects.openai_responses.encode import encode_request
from pointsman.gateway.dialects.openai_responses.outline import outline
from pointsman.gateway.dialects.openai_responses.rename import with_model
from pointsman.gateway.dialects.openai_responses.response import decode_response, encode_response
from pointsman.gateway.dialects.openai_responses.stream_decoder import ResponsesStreamDecoder
from pointsman.gateway.dialects.openai_responses.stream_encoder import (
    ResponsesStreamEncoder,
    stream_error,
)


class ResponsesCodec:
    """The dialect's chat form (`ChatCodec`)."""

    name = "openai_responses"
    upstream_path = "/responses"
    stream_type = b"text/event-stream"
    forward_headers = (
        b"openai-beta",
        b"originator",
        b"session-id",
        b"session_id",
        b"thread-id",
        b"conversation_id",
        b"x-client-request-id",
        b"x-codex-*",
        b"x-openai-subagent",
        b"idempotency-key",
    )
    return_headers = (
        b"x-request-id",
        b"openai-processing-ms",
        b"openai-version",
        b"openai-model",
        b"x-ratelimit-*",
        b"x-codex-*",
        b"x-models-etag",
        b"x-reasoning-included",
        b"retry-after",
        b"retry-after-ms",
        b"x-should-retry",
    )

    def outline(self, body: bytes) -> Outline:
        """See `outline.outline`."""
        return outline(body)

    def with_model(self, body: bytes, model: str) -> bytes:
        """See `rename.with_model`."""
        return with_model(body, model)

    def render_error(self, error: PointsmanError, request_id: str) -> tuple[int, bytes]:
        """Status and body in OpenAI's error shape."""
        return openai_errors.render(error, request_id)

    def read_error(self, status: int, headers: Headers, body: bytes) -> UpstreamFault:
        """What a provider's refusal means."""
        return openai_errors.read(status, headers, body)

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
        return ResponsesStreamDecoder()

    def stream_encoder(self, request: ChatRequest, request_id: str, losses: Losses) -> StreamEncoder:
        """A writer of one stream to a client. Canonical streams carry no log-probabilities."""
        if request.logprobs:
            losses.drop("top_logprobs")
        return ResponsesStreamEncoder(request, request_id)

    def stream_error(self, error: PointsmanError, request_id: str) -> bytes:
        """See `stream_encoder.stream_error`."""
        return stream_error(error, request_id)

    def encode_count(self, tokens: int) -> bytes:
        """The answer of the token counter."""
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})

    def immediate(self, body: bytes) -> bytes | None:
        """None: every request of this dialect is for a model."""
        return None


CODEC = ResponsesCodec()

ROUTES = (
    Route(method="POST", path="/responses", kind="chat", codec=CODEC.name),
    Route(method="POST", path="/responses/input_tokens", kind="count", codec=CODEC.name),
)
