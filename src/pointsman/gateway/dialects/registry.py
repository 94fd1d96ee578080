"""The table of dialects: every codec by name, every path. A new dialect is one line in `_DIALECTS`."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pointsman.gateway.dialects import (
    anthropic,
    ollama,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_models,
    openai_responses,
)
from pointsman.gateway.dialects.base import ChatCodec, EmbedCodec, Route
from pointsman.gateway.dialects.routes import RouteTable


class _Dialect(NamedTuple):
    codecs: Sequence[ChatCodec | EmbedCodec]
    routes: Sequence[Route]


_DIALECTS: Final = (
    _Dialect((openai_chat.CODEC,), openai_chat.ROUTES),
    _Dialect((openai_responses.CODEC,), openai_responses.ROUTES),
    _Dialect((openai_completions.CODEC,), openai_completions.ROUTES),
    _Dialect((openai_embeddings.CODEC,), openai_embeddings.ROUTES),
    _Dialect((), openai_models.ROUTES),
    _Dialect((anthropic.CODEC,), anthropic.ROUTES),
    _Dialect(ollama.CODECS, ollama.ROUTES),
)

CODECS: Final[dict[str, ChatCodec | EmbedCodec]] = {
    codec.name: codec for dialect in _DIALECTS for codec in dialect.codecs
}
"""Every codec under its wire form's name."""

ROUTES: Final[tuple[Route, ...]] = tuple(route for dialect in _DIALECTS for route in dialect.routes)

EMBEDDING_CODECS: Final = frozenset(route.codec for route in ROUTES if route.kind == "embed")
"""The wire forms that embed; all others chat."""

ROUTE_TABLE: Final = RouteTable(ROUTES, preferred=anthropic.CODEC.name)
"""Finds routes. `is_preferred` is true for clients that send `anthropic-version`: OpenAI's and Anthropic's
model lists stand at the same path."""
