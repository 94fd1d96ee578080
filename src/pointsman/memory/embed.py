"""Texts to vectors, in a fraction of a millisecond and without a network.

An embedding is the mean of the token vectors that the package `wordllama` brings (256 dimensions, MIT; read
straight from its files, because its own loader looks for them in the wrong folder and then goes online).
A task's vector, which decisions are made from, is that embedding on its table's first 32 principal axes,
and 14 figures about the text's surface: what kind of text it is shows there as much as in its words.
The axes hang only on the table, so they are the same everywhere and need no corpus: on public routing data
they did as well as axes fitted to the very prompts.
"""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

DIMENSIONS: Final = 256
EMBEDDING: Final = 32
SURFACE: Final = 14
"""Sizes of an embedding, and of the two parts of a task's vector."""
NAME: Final = "wordllama-l2-supercat-256"
"""Changes when vectors of old and new texts can no longer be compared."""

_HEAD: Final = 300
_TAIL: Final = 400
"""Of a long text its begin and end are read: what it is, and what is asked."""
_TABLE: Final = "weights/l2_supercat_256.safetensors"
_TOKENIZER: Final = "tokenizers/l2_supercat_tokenizer_config.json"
_OPTIONS: Final = re.compile(r"(?:^|\n)\s*\(?[A-J1-9][.)]\s")
_CODE: Final = re.compile(r"```|\b(?:def|class|return|import|function|select|public|void|const)\b")
_BLANK: Final = re.compile(r"_{3,}| _ ")

Floats = npt.NDArray[np.float32]


class NoEmbedder(Exception):
    """The embedder's files are not installed; requests are decided without knowing their text."""


class Embedder:
    """Texts to vectors; the same text always gives the same bytes. Threads may share one."""

    __slots__ = ("_axes", "_table", "_tokenizer")

    def __init__(self, table: Floats, tokenizer: Tokenizer) -> None:
        self._table = table
        self._tokenizer = tokenizer
        self._axes = _principal_axes(table, EMBEDDING)

    @classmethod
    def load(cls) -> "Embedder":
        """Reads the bundled weights (0.4 s, 35 MB). Raises `NoEmbedder` if they are not there."""
        found = find_spec("wordllama")
        if found is None or found.origin is None:
            raise NoEmbedder("the package wordllama is not installed")
        folder = Path(found.origin).parent
        try:
            weights = load_file(folder / _TABLE)
            tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        except (OSError, ValueError) as error:
            raise NoEmbedder(f"wordllama's files cannot be read: {error}") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(next(iter(weights.values())).astype(np.float32), tokenizer)

    def embedding(self, text: str) -> Floats:
        """The text's direction, 256 numbers of length 1 (all 0 for a text without a known token)."""
        ends = _ends(text)
        if not ends.isascii():
            ends = ends.encode("utf-8", "replace").decode()  # halves of surrogate pairs have no tokens
        ids = self._tokenizer.encode(ends, add_special_tokens=False).ids
        if not ids:
            return np.zeros(self._table.shape[1], np.float32)
        total: Floats = self._table.take(ids, axis=0).sum(axis=0)
        length = float(np.sqrt(total @ total))
        return total / np.float32(length) if length > 0 else total

    def embed(self, texts: Sequence[str]) -> Floats:
        """The embeddings of several texts, one a row."""
        rows = [self.embedding(text) for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), self._table.shape[1])

    def vector(self, text: str) -> bytes:
        """A task's vector from its text: 46 float32 numbers."""
        return self.vector_of(self.embedding(text), text)

    def vector_of(self, embedding: Floats, text: str) -> bytes:
        """The same, when the embedding is there already."""
        return (self._axes @ embedding).astype("<f4").tobytes() + surface_of(text).tobytes()


def surface_of(text: str) -> Floats:
    """14 figures about a text's surface, each about between -1 and 1: its length and lines, the shares of
    kinds of characters, and whether it has options to choose from, code, formulas, or a blank to fill.

    >>> [round(float(figure), 2) for figure in surface_of("What is 2 + 2?")][:4]
    [-0.6, -0.78, -0.18, 1.14]
    """
    ends = _ends(text)
    counts = np.bincount(_KIND[np.frombuffer(ends.encode("latin-1", "replace"), np.uint8)], minlength=9)
    lower, upper, digits, spaces, lines, sums, code, questions, rest = counts.tolist()
    size = max(len(ends), 1)
    return np.array(
        [
            np.log1p(len(text)) / 3.0 - 1.5,
            np.log1p(lines) / 2.0 - 0.78,
            size / (spaces + lines + 1) / 10.0 - 0.46,
            digits / size * 8.0,
            upper / size * 8.0 - 0.4,
            sums / size * 16.0,
            code / size * 16.0,
            rest / size * 8.0,
            (lower / size - 0.75) * 4.0,
            min(questions, 4) / 2.0 - 0.5,
            1.0 if _OPTIONS.search(ends) else 0.0,
            1.0 if _CODE.search(ends) else 0.0,
            1.0 if "\\" in ends or "$" in ends else 0.0,
            1.0 if _BLANK.search(ends) else 0.0,
        ],
        dtype="<f4",
    )


def _ends(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


def _kinds() -> npt.NDArray[np.uint8]:
    """The kind of each byte: lower case, upper case, digit, space, line end, sum, code, question, rest."""
    kinds = np.full(256, 8, np.uint8)
    members = {3: " \t", 4: "\n", 5: "+-*/=<>^%\\$", 6: "{}()[];_`|&#@", 7: "?"}
    for kind, characters in members.items():
        kinds[[ord(one) for one in characters]] = kind
    kinds[ord("a") : ord("z") + 1] = 0
    kinds[ord("A") : ord("Z") + 1] = 1
    kinds[ord("0") : ord("9") + 1] = 2
    return kinds


_KIND: Final = _kinds()


def _principal_axes(table: Floats, count: int) -> Floats:
    """The directions in which the table's vectors differ most, one a row. The sign is that which makes the
    largest component positive, so that every machine finds the same."""
    rows = table.astype(np.float64)
    centred = rows - rows.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :count].T
    largest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(count), largest])
    return np.ascontiguousarray(axes * signs[:, None], dtype=np.float32)
