"""The codec and the path of the completions dialect."""

import msgspec

from pointsman.core.chat import ChatRequest, ChatResponse, Outline
from pointsman.core.errors import PointsmanError, UpstreamFault
from pointsman.gateway.dialects import bodies, openai_errors
from pointsman.gateway.dialects.base import Headers, Losses, Route, StreamDecoder, StreamEncoder
from pointsman.gateway.dialects.openai_completions.outline import outline
from pointsman.gateway.dialects.openai_completions.request import decode_request, encode_request
from pointsman.gateway.dialects.openai_completions.response import decode_response, encode_response
from pointsman.gateway.dialects.openai_completions.stream_decoder import CompletionsStreamDecoder
from pointsman.gateway.dialects.openai_completions.stream_encoder import CompletionsStreamEncoder


class CompletionsCodec:
    """The dialect's chat form (`ChatCodec`): the prompt is the one message of a user."""

    name = "openai_completions"
    upstream_path = "/completions"
    stream_type = b"text/event-stream"
    forward_headers = (b"openai-beta", b"x-client-request-id", b"idempotency-key")
    return_headers = (
        b"x-request-id",
        b"openai-processing-ms",
        b"openai-version",
        b"openai-model",
        b"x-ratelimit-*",
        b"retry-after",
        b"retry-after-ms",
        b"x-should-retry",
    )

    def outline(self, body: bytes) -> Outline:
        """See `outline.outline`."""
        return outline(body)

    def with_model(self, body: bytes, model: str) -> bytes:
        """See `bodies.with_model`."""
        return bodies.with_model(body, model)

    def render_error(self, error: PointsmanError, request_id: str) -> tuple[int, bytes]:
        """Status and body in OpenAI's error shape."""
        return openai_errors.render(error, request_id)

    def read_error(self, status: int, headers: Headers, body: bytes) -> UpstreamFault:
        """What a provider's refusal means."""
        return openai_errors.read(status, headers, body)

    def decode_request(self, body: bytes) -> ChatRequest:
        """See `request.decode_request`."""
        return decode_request(body)

    def encode_request(self, request: ChatRequest, losses: Losses) -> bytes:
        """See `request.encode_request`."""
        return encode_request(request, losses)

    def decode_response(self, body: bytes) -> ChatResponse:
        """See `response.decode_response`."""
        return decode_response(body)

    def encode_response(self, response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
        """See `response.encode_response`."""
        return encode_response(response, request, losses)

    def stream_decoder(self) -> StreamDecoder:
        """A reader for one provider's stream."""
        return CompletionsStreamDecoder()

    def stream_encoder(self, request: ChatRequest, request_id: str, losses: Losses) -> StreamEncoder:
        """A writer of one stream to a client. Canonical streams carry no log-probabilities."""
        if request.logprobs:
            losses.drop("logprobs")
        return CompletionsStreamEncoder(request, request_id, losses)

    def stream_error(self, error: PointsmanError, request_id: str) -> bytes:
        """See `openai_errors.stream_error`."""
        return openai_errors.stream_error(error, request_id)

    def encode_count(self, tokens: int) -> bytes:
        """The token count as usage; the dialect itself has no counter."""
        return msgspec.json.encode({"usage": {"prompt_tokens": tokens, "total_tokens": tokens}})

    def immediate(self, body: bytes) -> bytes | None:
        """None: every request of this dialect is for a model."""
        return None


CODEC = CompletionsCodec()

ROUTES = (Route(method="POST", path="/completions", kind="chat", codec=CODEC.name),)
