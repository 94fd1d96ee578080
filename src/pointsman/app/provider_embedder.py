"""Embeds the memory's texts with a model of a provider, for those who want a better one than the bundled.

Only for what is away from requests: each call goes over the network, and the provider sees the texts.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from pointsman.core.errors import UpstreamBroken
from pointsman.core.snapshot import Target
from pointsman.gateway.dialects.openai_embeddings.response import decode_response
from pointsman.gateway.http.client import Upstream
from pointsman.memory.texts import Floats

DIALECT: Final = "openai_embeddings"
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
TIMEOUT_S: Final = 60.0
MAX_CHARS: Final = 8000
"""Of a text; models take about 8,000 tokens and refuse more."""
AT_ONCE: Final = 64
PROBE: Final = "How many numbers does an embedding of this have?"


class ProviderEmbedder:
    """An embedding model in the form the memory wants (`memory.texts.TextEmbedder`). `upstream` gives the
    way to the provider at this moment, None while there is none. Made by `connected`."""

    def __init__(self, target: Target, upstream: Callable[[], Upstream | None]) -> None:
        self.name = target.id
        self.dimensions = 0
        self._model = target.upstream_model
        self._upstream = upstream
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def connected(cls, target: Target, upstream: Callable[[], Upstream | None]) -> "ProviderEmbedder":
        """One that has been tried, and knows its dimensions. Raises `UpstreamFault`."""
        embedder = cls(target, upstream)
        embedder.dimensions = (await embedder.ask([PROBE])).shape[1]
        return embedder

    def embed(self, texts: Sequence[str]) -> Floats:
        """See `TextEmbedder`. Not for the event loop's own thread. Raises `UpstreamFault`."""
        parts = [
            asyncio.run_coroutine_threadsafe(self.ask(texts[start : start + AT_ONCE]), self._loop).result()
            for start in range(0, len(texts), AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.dimensions), np.float32)

    async def ask(self, texts: Sequence[str]) -> Floats:
        """The embeddings of at most AT_ONCE texts. Raises `UpstreamFault`."""
        upstream = self._upstream()
        if upstream is None:
            raise UpstreamBroken(f"nothing serves {self.name} at this moment")
        cut = [text[:MAX_CHARS] or " " for text in texts]  # an empty text is refused
        body = msgspec.json.encode({"model": self._model, "input": cut, "encoding_format": "float"})
        path = upstream.endpoint.provider.dialects[DIALECT]
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await upstream.send(path, b"", body)
                read = await answer.read(MAX_ANSWER_BYTES)
        except TimeoutError:
            raise UpstreamBroken(f"{self.name} did not answer within {TIMEOUT_S:g} s") from None
        if answer.status != 200:
            raise UpstreamBroken(f"{self.name} answered with status {answer.status}")
        return self._checked(decode_response(read).vectors, len(texts))

    def _checked(self, vectors: Sequence[Sequence[float]], count: int) -> Floats:
        """The vectors at length 1. Raises `UpstreamBroken` when they do not fit."""
        if len(vectors) != count or len({len(vector) for vector in vectors}) != 1:
            raise UpstreamBroken(f"{self.name} did not answer with one vector a text")
        rows = np.asarray(vectors, np.float32)
        if self.dimensions not in (0, rows.shape[1]) or not np.isfinite(rows).all():
            raise UpstreamBroken(f"{self.name} answered with vectors of another form than before")
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        normed: Floats = rows / np.maximum(lengths, 1e-12)
        return normed
