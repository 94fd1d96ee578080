"""What the memory asks of an embedder, and the bundled one in that form."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pointsman.memory import embed
from pointsman.memory.embed import Embedder

Floats = npt.NDArray[np.float32]


class TextEmbedder(Protocol):
    """Texts to vectors of `dimensions` numbers and length 1. `name` changes whenever old and new vectors
    cannot be compared: then the memory embeds its texts anew."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row a text; a row of zeros for a text that says nothing. May be called in any thread."""
        ...


class Bundled:
    """The embedder that needs no network."""

    name = embed.NAME
    dimensions = embed.DIMENSIONS

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed(self, texts: Sequence[str]) -> Floats:
        """See `TextEmbedder`. About 0.1 ms a text."""
        rows = [self._embedder.embedding(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)
