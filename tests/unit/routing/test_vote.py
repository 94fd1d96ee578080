"""Similar tasks vote: reliability first, then price."""

import math

from hypothesis import given
from hypothesis import strategies as st

from pointsman.routing.vote import CLOSE, PRIOR_MEAN, Tried, standings, vote

PRICES = {"haiku": 1.0, "sonnet": 10.0, "opus": 100.0}
anything = st.floats(allow_nan=True, allow_infinity=True)
tried = st.builds(Tried, name=st.sampled_from([*PRICES, "stranger"]), success=anything, similarity=anything)


def did(name, success=1.0, similarity=0.9):
    return Tried(name=name, success=success, similarity=similarity)


def winner(*tasks):
    return vote(tasks, PRICES)[0].name


def test_failures_are_evidence_against_a_model():
    assert winner(did("haiku", 0.0), did("haiku", 0.0), did("opus")) == "opus"


def test_a_model_that_only_failed_stands_below_one_nobody_knows():
    assert standings([did("haiku", 0.0)])["haiku"].reliability < PRIOR_MEAN


def test_many_successes_of_a_cheap_model_beat_one_of_a_dear_one():
    assert winner(*[did("haiku") for _ in range(10)], did("opus")) == "haiku"


def test_a_cheap_model_that_fails_one_time_in_five_is_not_reliable():
    often = [did("haiku") for _ in range(8)] + [did("haiku", 0.0) for _ in range(2)]
    assert winner(*often, *[did("opus") for _ in range(10)]) == "opus"


def test_a_model_without_a_price_counts_as_the_dearest():
    assert winner(did("stranger"), did("opus")) == "opus"


def test_a_prior_is_what_stands_without_tasks():
    assert standings([], {"a": 0.8})["a"].reliability == 0.8
    assert standings([did("a", 0.0)], {"a": 0.8})["a"].reliability < 0.8


def test_nobody_tried_is_nobody_ranked():
    assert vote([], PRICES) == []


@given(st.lists(tried))
def test_the_ranking_is_finite_and_complete_whatever_the_evidence(tasks):
    ranked = vote(tasks, PRICES)
    assert {one.name for one in ranked} == {one.name for one in tasks}
    assert all(math.isfinite(one.reliability) and 0 <= one.reliability <= 1 for one in ranked)


@given(st.lists(tried, min_size=1), st.randoms())
def test_the_order_of_the_tasks_makes_no_difference_to_the_winner_beyond_rounding(tasks, random):
    first = vote(tasks, PRICES)
    random.shuffle(tasks)
    by_name = {one.name: one.reliability for one in first}
    assert abs(by_name[vote(tasks, PRICES)[0].name] - max(by_name.values())) <= CLOSE + 1e-9
