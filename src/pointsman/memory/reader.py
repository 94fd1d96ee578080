"""Reads what a request is about, on its way: its task type, its vector, and similar tasks.

A turn asks many times with the same words, so what was read is kept, by a hash of the words, until the
memory changes.
"""

from typing import Final

from msgspec import Struct
from xxhash import xxh3_128_intdigest

from pointsman.core.features import Neighbour
from pointsman.memory.classify import NOTHING_STATED, Classifier, TaskLabels
from pointsman.memory.embed import Embedder
from pointsman.memory.mirror import TaskMirror

MAX_KNOWN: Final = 2048
NEIGHBOURS: Final = 8
SAMPLE_EVERY_S: Final = 0.02
"""How often a text is read, at most, that only learning is curious about: 50 a second."""


class TaskRead(Struct, frozen=True, kw_only=True):
    """What a text is about. `vector` is what decisions are made from (`Embedder.vector`)."""

    task_type: str = ""
    vector: bytes = b""
    neighbours: tuple[Neighbour, ...] = ()


NOTHING_READ: Final = TaskRead()


class TaskReader:
    """Reads texts with the bundled embedder. `mirror` holds embeddings of the same one, or is None."""

    __slots__ = ("_classifier", "_embedder", "_generation", "_known", "_mirror", "_sampled_s")

    def __init__(self, embedder: Embedder, classifier: Classifier, mirror: TaskMirror | None) -> None:
        self._embedder = embedder
        self._classifier = classifier
        self._mirror = mirror
        self._known: dict[int, tuple[TaskLabels, TaskRead]] = {}
        self._generation = -1
        self._sampled_s = float("-inf")

    def sample(self, text: str, stated: TaskLabels, now_s: float) -> TaskRead:
        """The same as `read` for requests whose decision does not hang on it: one is read at most each
        `SAMPLE_EVERY_S` seconds, and of the others only what the client has `stated` is known."""
        if now_s - self._sampled_s < SAMPLE_EVERY_S:
            return NOTHING_READ if stated == NOTHING_STATED else TaskRead(task_type=stated.task_type)
        self._sampled_s = now_s
        return self.read(text, stated)

    def read(self, text: str, stated: TaskLabels = NOTHING_STATED) -> TaskRead:
        """What `text`, the task's words, is about; what the client has `stated` of it stays."""
        self._forget_old()
        key = xxh3_128_intdigest(text.encode("utf-8", "surrogatepass"))
        known = self._known.get(key)
        if known is not None and known[0] == stated:
            return known[1]
        found = self._read(text, stated)
        self._known[key] = (stated, found)
        return found

    def _forget_old(self) -> None:
        generation = self._mirror.generation if self._mirror is not None else 0
        if generation != self._generation or len(self._known) >= MAX_KNOWN:
            self._known.clear()
            self._generation = generation

    def _read(self, text: str, stated: TaskLabels) -> TaskRead:
        embedding = self._embedder.embedding(text)
        known = embedding.any()
        near = self._mirror.neighbours(embedding, NEIGHBOURS) if self._mirror is not None and known else []
        return TaskRead(
            task_type=self._classifier.labels(text, embedding, stated).task_type,
            vector=self._embedder.vector_of(embedding, text),
            neighbours=tuple(near),
        )
