"""The vectors nearest to one, in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.memory.index import VectorIndex

DRAW = np.random.default_rng(7)


def vectors(count, dimensions=32):
    rows = DRAW.standard_normal((count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filled(rows):
    index = VectorIndex[str](rows.shape[1])
    index.put([str(number) for number in range(len(rows))], rows)
    return index


def test_the_nearest_comes_first_with_its_cosine():
    rows = vectors(300)
    ((key, cosine), *_) = filled(rows).search(rows[7], 5)
    assert (key, cosine) == ("7", pytest.approx(1.0, abs=2e-3))


def test_it_finds_what_comparing_all_finds():
    rows, asked = vectors(1000), vectors(50)
    index, hits = filled(rows), 0
    for one in asked:
        best = set(np.argsort(-(rows @ one))[:8].tolist())
        hits += len(best & {int(key) for key, _ in index.search(one, 8)})
    assert hits >= 0.95 * 50 * 8


def test_an_empty_index_finds_nothing():
    assert VectorIndex[str](8).search(vectors(1, 8)[0], 3) == []


def test_a_removed_vector_is_not_found_and_strangers_are_ignored():
    rows = vectors(20)
    index = filled(rows)
    index.remove(["3", "nobody"])
    assert "3" not in [key for key, _ in index.search(rows[3], 20)]
    assert (len(index), "3" in index) == (19, False)


def test_a_key_put_again_has_its_new_vector_only():
    rows = vectors(20)
    index = filled(rows)
    index.put(["3"], rows[5:6])
    assert {key for key, _ in index.search(rows[5], 2)} == {"3", "5"}
    assert len(index) == 20


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["put", "remove"]), st.integers(0, 9)), max_size=40))
def test_it_holds_what_a_dictionary_would(steps):
    rows, index, model = vectors(10, 8), VectorIndex[int](8), {}
    for step, key in steps:
        if step == "put":
            index.put([key], rows[key : key + 1])
            model[key] = True
        else:
            index.remove([key])
            model.pop(key, None)
    found = {key for key, _ in index.search(rows[0], 10)}
    assert (len(index), found) == (len(model), set(model))


def test_it_comes_back_from_its_file(tmp_path):
    rows = vectors(50)
    index = filled(rows)
    index.remove(["3"])
    file = tmp_path / "tasks.index"
    again = VectorIndex[str].restored(file, 32, index.save(file))
    assert again.search(rows[9], 4) == index.search(rows[9], 4)
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 99])
def test_a_damaged_file_is_refused(tmp_path, damage):
    file = tmp_path / "tasks.index"
    keys = filled(vectors(50)).save(file)
    file.write_bytes(damage)
    with pytest.raises(ValueError):
        VectorIndex[str].restored(file, 32, keys)


def test_a_file_that_does_not_fit_its_keys_is_refused(tmp_path):
    file = tmp_path / "tasks.index"
    filled(vectors(5)).save(file)
    with pytest.raises(ValueError, match="keys"):
        VectorIndex[str].restored(file, 32, ["a"])
