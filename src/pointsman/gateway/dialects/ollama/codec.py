"""The four wire forms of the Ollama dialect."""

from abc import ABC, abstractmethod

import msgspec

from pointsman.core.chat import (
    ChatRequest,
    ChatResponse,
    EmbedRequest,
    EmbedResponse,
    Outline,
)
from pointsman.core.errors import PointsmanError, UpstreamFault
from pointsman.gateway.dialects import bodies
from pointsman.gateway.dialects.base import (
    ChatCodec,
    EmbedCodec,
    Headers,
    Losses,
    StreamDecoder,
    StreamEncoder,
)
from pointsman.gateway.dialects.ollama import chat, embed, errors, generate, probe
from pointsman.gateway.dialects.ollama import response as whole
from pointsman.gateway.dialects.ollama.outline import outline_chat, outline_generate
from pointsman.gateway.dialects.ollama.stream_decoder import GenerateStreamDecoder, OllamaStreamDecoder
from pointsman.gateway.dialects.ollama.stream_encoder import GenerateStreamEncoder, OllamaStreamEncoder
from pointsman.gateway.dialects.ollama.wire import NDJSON


class _OllamaCodec(ABC):
    """What the four forms have in common."""

    stream_type = NDJSON
    forward_headers: tuple[bytes, ...] = ()
    return_headers: tuple[bytes, ...] = (b"retry-after",)

    @abstractmethod
    def outline(self, body: bytes) -> Outline:
        """What routing needs of a body."""

    def with_model(self, body: bytes, model: str) -> bytes:
        """See `bodies.with_model`."""
        return bodies.with_model(body, model)

    def render_error(self, error: PointsmanError, request_id: str) -> tuple[int, bytes]:
        """See `errors.render`."""
        return errors.render(error, request_id)

    def read_error(self, status: int, headers: Headers, body: bytes) -> UpstreamFault:
        """See `errors.read`."""
        return errors.read(status, headers, body)


class OllamaChatCodec(_OllamaCodec):
    """`/api/chat` (`ChatCodec`)."""

    name = "ollama_chat"
    upstream_path = "/api/chat"

    def outline(self, body: bytes) -> Outline:
        """See `outline.outline_chat`."""
        return outline_chat(body)

    def decode_request(self, body: bytes) -> ChatRequest:
        """See `chat.decode_request`."""
        return chat.decode_request(body)

    def encode_request(self, request: ChatRequest, losses: Losses) -> bytes:
        """See `chat.encode_request`."""
        return chat.encode_request(request, losses)

    def decode_response(self, body: bytes) -> ChatResponse:
        """See `response.decode_chat`."""
        return whole.decode_chat(body)

    def encode_response(self, response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
        """See `response.encode_chat`."""
        return whole.encode_chat(response, request, losses)

    def stream_decoder(self) -> StreamDecoder:
        """A reader for one provider's stream."""
        return OllamaStreamDecoder()

    def stream_encoder(self, request: ChatRequest, request_id: str, losses: Losses) -> StreamEncoder:
        """A writer of one stream to a client."""
        return OllamaStreamEncoder(request, request_id, losses)

    def stream_error(self, error: PointsmanError, request_id: str) -> bytes:
        """See `errors.stream_error`."""
        return errors.stream_error(error, request_id)

    def encode_count(self, tokens: int) -> bytes:
        """A count under the dialect's name for it; Ollama itself serves no counter."""
        return msgspec.json.encode({"prompt_eval_count": tokens})

    def immediate(self, body: bytes) -> bytes | None:
        """See `probe.answer_chat`."""
        return probe.answer_chat(body)


class OllamaGenerateCodec(OllamaChatCodec):
    """`/api/generate` (`ChatCodec`)."""

    name = "ollama_generate"
    upstream_path = "/api/generate"

    def outline(self, body: bytes) -> Outline:
        """See `outline.outline_generate`."""
        return outline_generate(body)

    def decode_request(self, body: bytes) -> ChatRequest:
        """See `generate.decode_request`."""
        return generate.decode_request(body)

    def encode_request(self, request: ChatRequest, losses: Losses) -> bytes:
        """See `generate.encode_request`."""
        return generate.encode_request(request, losses)

    def decode_response(self, body: bytes) -> ChatResponse:
        """See `response.decode_generate`."""
        return whole.decode_generate(body)

    def encode_response(self, response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
        """See `response.encode_generate`."""
        return whole.encode_generate(response, request, losses)

    def stream_decoder(self) -> StreamDecoder:
        """A reader for one provider's stream."""
        return GenerateStreamDecoder()

    def stream_encoder(self, request: ChatRequest, request_id: str, losses: Losses) -> StreamEncoder:
        """A writer of one stream to a client."""
        return GenerateStreamEncoder(request, request_id, losses)

    def immediate(self, body: bytes) -> bytes | None:
        """See `probe.answer_generate`."""
        return probe.answer_generate(body)


class OllamaEmbedCodec(_OllamaCodec):
    """`/api/embed` (`EmbedCodec`)."""

    name = "ollama_embed"
    upstream_path = "/api/embed"

    def outline(self, body: bytes) -> Outline:
        """See `embed.outline`."""
        return embed.outline(body)

    def decode_request(self, body: bytes) -> EmbedRequest:
        """See `embed.decode_embed`."""
        return embed.decode_embed(body)

    def encode_request(self, request: EmbedRequest, losses: Losses) -> bytes:
        """See `embed.encode_embed`."""
        return embed.encode_embed(request, losses)

    def decode_response(self, body: bytes) -> EmbedResponse:
        """See `embed.read_embed`."""
        return embed.read_embed(body)

    def encode_response(self, response: EmbedResponse, request: EmbedRequest) -> bytes:
        """See `embed.write_embed`."""
        return embed.write_embed(response, request)


class OllamaEmbeddingsCodec(OllamaEmbedCodec):
    """`/api/embeddings` (`EmbedCodec`)."""

    name = "ollama_embeddings"
    upstream_path = "/api/embeddings"

    def decode_request(self, body: bytes) -> EmbedRequest:
        """See `embed.decode_embeddings`."""
        return embed.decode_embeddings(body)

    def encode_request(self, request: EmbedRequest, losses: Losses) -> bytes:
        """See `embed.encode_embeddings`."""
        return embed.encode_embeddings(request, losses)

    def decode_response(self, body: bytes) -> EmbedResponse:
        """See `embed.read_embeddings`."""
        return embed.read_embeddings(body)

    def encode_response(self, response: EmbedResponse, request: EmbedRequest) -> bytes:
        """See `embed.write_embeddings`."""
        return embed.write_embeddings(response, request)


CHAT = OllamaChatCodec()
GENERATE = OllamaGenerateCodec()
EMBED = OllamaEmbedCodec()
EMBEDDINGS = OllamaEmbeddingsCodec()

CODECS: tuple[ChatCodec | EmbedCodec, ...] = (CHAT, GENERATE, EMBED, EMBEDDINGS)
