"""The codec and the path of the embeddings dialect."""

from pointsman.core.chat import EmbedRequest, EmbedResponse, Outline
from pointsman.core.errors import PointsmanError, UpstreamFault
from pointsman.gateway.dialects import bodies, openai_errors
from pointsman.gateway.dialects.base import Headers, Losses, Route
from pointsman.gateway.dialects.openai_embeddings.request import decode_request, encode_request, outline
from pointsman.gateway.dialects.openai_embeddings.response import decode_response, encode_response


class EmbeddingsCodec:
    """The dialect's embedding form (`EmbedCodec`). There are no streams."""

    name = "openai_embeddings"
    upstream_path = "/embeddings"
    stream_type = b"application/json"
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
        """See `request.outline`."""
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

    def decode_request(self, body: bytes) -> EmbedRequest:
        """See `request.decode_request`."""
        return decode_request(body)

    def encode_request(self, request: EmbedRequest, losses: Losses) -> bytes:
        """See `request.encode_request`."""
        return encode_request(request, losses)

    def decode_response(self, body: bytes) -> EmbedResponse:
        """See `response.decode_response`."""
        return decode_response(body)

    def encode_response(self, response: EmbedResponse, request: EmbedRequest) -> bytes:
        """See `response.encode_response`."""
        return encode_response(response, request)


CODEC = EmbeddingsCodec()

ROUTES = (Route(method="POST", path="/embeddings", kind="embed", codec=CODEC.name),)
