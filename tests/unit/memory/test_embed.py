"""The embedder, on its bundled weights."""

import numpy as np
import pytest

from pointsman.memory.embed import DIMENSIONS, EMBEDDING, SURFACE, Embedder, surface_of


@pytest.fixture(scope="module")
def embedder():
    return Embedder.load()


def test_similar_texts_are_nearer_than_unlike_ones(embedder):
    code, same, other = embedder.embed(
        ["Fix the failing unit test", "Repair the broken unit tests", "Write a poem about the sea"]
    )
    assert code @ same > code @ other + 0.2


def test_embeddings_have_length_one_and_an_empty_text_none(embedder):
    some, nothing = embedder.embed(["hello there", ""])
    assert np.linalg.norm(some) == pytest.approx(1.0, abs=1e-6)
    assert not nothing.any()
    assert embedder.embed([]).shape == (0, DIMENSIONS)


def test_the_same_text_gives_the_same_bytes(embedder):
    text = "How many legs has a spider? \U0001f577 été"
    again = Embedder.load()
    assert embedder.vector(text) == again.vector(text)
    assert len(embedder.vector(text)) == 4 * (EMBEDDING + SURFACE)


def test_of_a_long_text_begin_and_end_count(embedder):
    start, end = "Please translate this. " * 30, "Answer with one letter. " * 30
    middle = "x y z " * 50_000
    assert np.allclose(embedder.embedding(start + middle + end), embedder.embedding(start + end))


def test_half_a_surrogate_pair_is_read_over(embedder):
    assert len(embedder.vector("a \udc80 b")) == 4 * (EMBEDDING + SURFACE)


@pytest.mark.parametrize("text", ["", "\x00", "\udc80", "ü" * 10_000, "A" * 2000, "\n" * 500])
def test_every_surface_has_finite_figures(text):
    found = surface_of(text)
    assert found.shape == (SURFACE,)
    assert np.isfinite(found).all()


def test_the_surface_tells_code_options_formulas_and_blanks():
    flags = {
        text: surface_of(text)[-4:].tolist()
        for text in ("1. yes\n2. no", "def f(): return 1", "$x^2$", "He _ it")
    }
    assert list(flags.values()) == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
