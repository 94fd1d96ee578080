"""Finds the vectors nearest to one, in memory, in a fraction of a millisecond.

A graph of half floats (HNSW): approximate, finding 99 of 100 true neighbours among real prompts. It is a
cache over the store: whatever happens to it, it can be made again.
"""

import time
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from usearch.index import Index

Key = TypeVar("Key", bound=Hashable)
Floats = NDArray[np.float32]

THREADS: Final = 1
"""The other cores belong to requests."""
AT_ONCE: Final = 4
BREATH_S: Final = 0.001
"""Adding to the graph stops all else in the process, so it is done in steps of a millisecond, with as much
between them."""


class VectorIndex(Generic[Key]):
    """Vectors of length 1 by key. One writer at a time, which may be another thread than the readers."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._graph = Index(ndim=dimensions, metric="ip", dtype="f16")
        self._keys: list[Key | None] = []
        self._numbers: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, key: Key) -> bool:
        return key in self._numbers

    def put(self, keys: Sequence[Key], vectors: Floats) -> None:
        """Adds vectors, one a row; a key that is there gets the new one. Takes about half a millisecond a
        vector: call it in a thread."""
        newest = {key: row for row, key in enumerate(keys)}
        self.remove(newest)
        if not newest:
            return
        start = len(self._keys)
        self._keys += newest
        rows = vectors[list(newest.values())]
        for done in range(0, len(rows), AT_ONCE):
            part = rows[done : done + AT_ONCE]
            self._graph.add(
                np.arange(len(part), dtype=np.uint64) + np.uint64(start + done), part, threads=THREADS
            )
            if done + AT_ONCE < len(rows):
                time.sleep(BREATH_S)
        self._numbers |= {key: start + place for place, key in enumerate(newest)}

    def remove(self, keys: Iterable[Key]) -> None:
        """Takes vectors out; keys that are not there are ignored. Their memory is used again by others."""
        for key in keys:
            number = self._numbers.pop(key, None)
            if number is not None:
                self._keys[number] = None
                self._graph.remove(number)

    def search(self, vector: Floats, count: int) -> list[tuple[Key, float]]:
        """At most `count` keys, nearest first, each with the cosine of its vector to `vector` (length 1)."""
        if not self._numbers:
            return []
        matches = self._graph.search(vector, count, threads=THREADS)
        found: list[tuple[Key, float]] = []
        for number, distance in zip(matches.keys.tolist(), matches.distances.tolist(), strict=True):
            key = self._keys[number]
            if key is not None:
                found.append((key, 1.0 - distance))
        return found

    def save(self, path: Path) -> list[Key | None]:
        """Writes the graph, whole or not at all, for this account only, and returns the keys that belong to
        it, for `restored`. Raises OSError."""
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        self._graph.save(fresh)
        fresh.replace(path)
        return list(self._keys)

    @classmethod
    def restored(cls, path: Path, dimensions: int, keys: Sequence[Key | None]) -> "VectorIndex[Key]":
        """The index that `save` wrote. Raises ValueError when the file is not that."""
        index = cls(dimensions)
        index._keys = list(keys)
        index._numbers = {key: number for number, key in enumerate(keys) if key is not None}
        try:
            index._graph.load(path)
        except (RuntimeError, OSError) as error:
            raise ValueError(f"{path} is no index: {error}") from error
        if index._graph.ndim != dimensions or len(index._graph) != len(index._numbers):
            raise ValueError(f"{path} does not hold what its keys say")
        return index
