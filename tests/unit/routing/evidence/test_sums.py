"""Sums of observations: the same set gives the same bytes, however it was put together."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.routing.evidence.evidence_world import FRAME, OBSERVATIONS, counted, outcomes

from pointsman.routing.evidence import Statistics, Sums, load, total_of

MANY = st.lists(OBSERVATIONS, max_size=12)


@given(MANY, st.randoms(use_true_random=False))
def test_the_order_of_observations_is_irrelevant(observations, random):
    shuffled = observations[:]
    random.shuffle(shuffled)
    assert counted(shuffled).sums() == counted(observations).sums()


@given(MANY, MANY, MANY)
def test_parts_made_apart_add_up_to_the_whole_in_any_order(one, two, three):
    whole = counted([*one, *two, *three]).sums()
    for parts in ([one, two, three], [three, one, two]):
        merged = Statistics(FRAME.size)
        for part in parts:
            merged.merge(counted(part))
        assert merged.sums() == whole


@given(MANY, MANY)
def test_what_is_taken_back_leaves_no_trace_but_when_its_agent_was_heard(kept, revised):
    statistics = counted([*kept, *revised])
    statistics.subtract(revised)
    assert replace(statistics.sums(), seen_s={}) == replace(counted(kept).sums(), seen_s={})


@given(MANY)
def test_many_rows_at_once_are_counted_as_one_by_one(observations):
    at_once = Statistics(FRAME.size)
    if observations:
        at_once.add_rows(
            [(one.agent, one.model, one.slice) for one in observations],
            np.array([one.inputs for one in observations]),
            np.array([one.reward for one in observations]),
            np.array([one.weight for one in observations]),
        )
    assert at_once.sums().models == counted(observations).sums().models


@given(MANY)
def test_sums_survive_their_way_through_json(observations):
    sums = counted(observations).sums()
    read, dropped = load(msgspec.json.decode(msgspec.json.encode(sums), type=Sums))
    assert (read.sums(), dropped) == (sums, ())


@pytest.mark.parametrize(
    "bad",
    [{"reward": 1.5}, {"reward": -0.1}, {"reward": float("nan")}, {"weight": -1.0}, {"weight": 1e9}]
    + [{"inputs": np.array(row)} for row in ([1.0, 2.0], [0.5, 0.0, 0.0], [1.0, float("inf"), 0.0])],
    ids=str,
)
def test_an_observation_that_cannot_be_true_is_refused_and_none_is_counted(bad):
    good = outcomes("m1", 1, 0)[0]
    statistics = counted([])
    with pytest.raises(ValueError):
        statistics.add([good, replace(good, **bad)])
    assert statistics.sums() == counted([]).sums()


def test_statistics_of_different_geometries_do_not_add_up():
    with pytest.raises(ValueError, match="geometries"):
        counted([]).merge(Statistics(FRAME.size, geometry=2))


@pytest.mark.parametrize("spoilt", [float("nan"), float("inf"), -5.0])
def test_a_bad_cell_costs_its_own_evidence_only(spoilt):
    statistics = counted([*outcomes("m1", 3, 1), *outcomes("m2", 2, 2), *outcomes("m2", 1, 0, agent="b")])
    statistics.models["m1"][0, 0] = spoilt
    statistics.cells["b", "m2", ""][0] = spoilt
    read, dropped = load(statistics.sums())
    assert dropped == ("m1", "b/m2/")
    assert sorted(read.models) == ["m2"]
    assert sorted(read.cells) == [("a", "m2", "")]


def test_sums_of_a_wrong_size_are_left_out():
    sums = counted(outcomes("m1", 3, 1)).sums()
    assert load(replace(sums, models={"m1": b"short"}))[1] == ("m1",)


def test_the_older_part_counts_less():
    today, yesterday = counted(outcomes("m1", 4, 0)), counted(outcomes("m1", 0, 4))
    both = total_of([(today, 1.0), (yesterday, 0.5)])
    assert both.models["m1"][0, 0] == 6.0
    assert both.models["m1"][0, -1] == 4.0
    assert total_of([(today.scaled(0.0, models=["m2"]), 1.0)]).sums() == today.sums()


def test_a_sum_of_nothing_is_refused():
    with pytest.raises(ValueError, match="nothing"):
        total_of([])


@given(st.lists(OBSERVATIONS, min_size=1, max_size=12), st.floats(0.0, 1.0))
def test_what_is_taken_out_of_a_cell_leaves_its_model_and_others_with_sums_that_are_possible(seen, share):
    statistics = counted(seen)
    cell, row = next(iter(statistics.cells.items()))
    before = statistics.models[cell[1]].copy()
    statistics.take_out(cell, row, share)
    left = statistics.models[cell[1]]
    assert statistics.cells[cell] == pytest.approx(row * (1.0 - share))
    assert left[0] == pytest.approx(before[0] - share * row)
    assert np.linalg.eigvalsh(left).min() > -1e-9 * max(before.max(), 1.0)
