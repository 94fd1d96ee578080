"""From vectors to inputs."""

import numpy as np
import pytest

from pointsman.routing.evidence import Frame, fit_geometry, plain_geometry
from pointsman.routing.evidence.geometry import GRID

RANDOM = np.random.default_rng(0)
GROUPS = np.repeat(np.array([[4.0, 0, 0, 0], [0, 4.0, 0, 0], [0, 0, 4.0, 0]]), 100, axis=0)
VECTORS = (GROUPS + RANDOM.normal(size=(300, 4)) * 0.2).astype(np.float32).astype(np.float64)


def raw(row):
    return row.astype("<f4").tobytes()


def test_the_plain_geometry_takes_components_as_they_come():
    inputs = Frame(plain_geometry(2, 1)).inputs(raw(np.array([0.5, -0.25, 1.0])))
    assert inputs.tolist() == [1.0, 0.5, -0.25, 1.0]


def test_one_vector_gives_the_same_inputs_as_many():
    frame = Frame(fit_geometry(VECTORS, 3, version=1))
    many = frame.inputs_of(VECTORS)
    assert all(
        np.array_equal(frame.inputs(raw(row)), inputs) for row, inputs in zip(VECTORS, many, strict=True)
    )


def test_inputs_lie_on_the_grid_that_sums_are_exact_on():
    inputs = Frame(fit_geometry(VECTORS, 3, version=1)).inputs_of(VECTORS * 1e6)
    assert (inputs * GRID == np.rint(inputs * GRID)).all()
    assert np.abs(inputs).max() <= 4.0


def test_both_parts_of_a_vector_weigh_alike():
    uneven = VECTORS * np.array([1.0, 1.0, 1.0, 1000.0])
    frame = Frame(fit_geometry(uneven, 3, version=1))
    spread = ((uneven - frame.mean) * frame.scale).var(axis=0)
    assert spread[:3].sum() == pytest.approx(1.0)
    assert spread[3] == pytest.approx(1.0)


def test_kinds_of_task_get_clusters_of_their_own():
    frame = Frame(fit_geometry(VECTORS, 3, version=1))
    clusters = frame.inputs_of(VECTORS)[:, 5:].argmax(axis=1)
    assert not set(clusters[:100]) & set(clusters[100:200])
    assert not set(clusters[100:200]) & set(clusters[200:])


def test_an_unfamiliar_task_keeps_only_the_common_part():
    frame = Frame(fit_geometry(VECTORS, 3, version=1))
    familiar, strange = frame.inputs(raw(VECTORS[0])), frame.inputs(raw(np.array([-40.0, 40.0, 9.0, 9.0])))
    assert familiar[5:].sum() == pytest.approx(1.0, abs=0.1)
    assert np.abs(strange[1:]).max() < 0.3
    assert strange[0] == 1.0


def test_the_same_vectors_and_seed_give_the_same_bytes():
    assert fit_geometry(VECTORS, 3, version=1) == fit_geometry(VECTORS.copy(), 3, version=1)


@pytest.mark.parametrize(
    "vector", [b"", b"odd", np.full(4, np.nan, "<f4").tobytes(), np.full(4, np.inf, "<f4").tobytes()]
)
def test_a_vector_that_cannot_be_read_tells_nothing(vector):
    frame = Frame(fit_geometry(VECTORS, 3, version=1))
    inputs = frame.inputs(vector)
    assert (inputs[0], np.abs(inputs[1:]).max()) == (1.0, 0.0)


@pytest.mark.parametrize("count", [0, 1, 5, 39])
def test_a_few_tasks_make_no_clusters(count):
    geometry = fit_geometry(VECTORS[:count], 3, version=1)
    assert geometry.clusters == 0
    assert np.isfinite(Frame(geometry).inputs_of(VECTORS)).all()


def test_components_that_never_change_are_left_out():
    flat = VECTORS.copy()
    flat[:, 3] = 7.0
    inputs = Frame(fit_geometry(flat, 3, version=1)).inputs_of(flat)
    assert not inputs[:, 4].any()


def test_a_kind_by_name_is_an_input_of_its_own_from_the_first_request_on():
    for geometry in (
        plain_geometry(3, 1, ("code", "data")),
        fit_geometry(VECTORS, 3, 1, kinds=("code", "data")),
    ):
        frame = Frame(geometry)
        assert frame.blocks[-1] == ("kind", frame.size - 2, frame.size)
        assert frame.inputs(raw(VECTORS[0]), "data")[-2:].tolist() == [0.0, 1.0]
        assert frame.inputs(raw(VECTORS[0]), "poetry")[-2:].tolist() == [0.0, 0.0]
        many = frame.inputs_of(VECTORS[:2], ["code", ""])
        assert many[:, -2:].tolist() == [[1.0, 0.0], [0.0, 0.0]]
        assert np.array_equal(many[0], frame.inputs(raw(VECTORS[0]), "code"))
