"""Exploring: within the budget, never below the gate, and with its chances on record."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.routing.evidence.evidence_world import FRAME, counted, outcomes
from tests.unit.routing.routing_world import asks, model, target, world

from pointsman.core.snapshot import AgentProfile, Alias
from pointsman.routing.confidence import Belief
from pointsman.routing.engine import Router, decide
from pointsman.routing.evidence import Estimator, fit
from pointsman.routing.scorers.explore import boldness, chances_of_most

SEEN = [*outcomes("good", 40, 4), *outcomes("fair", 8, 2), *outcomes("dear", 3, 0), *outcomes("bad", 1, 40)]
LEARNED = fit(counted(SEEN), FRAME)
SHOPS = [target("shop", model(name, 50.0, usd)) for name, usd in (("good", 1), ("fair", 2), ("dear", 3))]


def a_world(exploration, gate=0.6):
    profile = AgentProfile(id="a", objective="explore", exploration=exploration, gate=gate)
    shops = [*SHOPS, target("shop", model("bad", 50.0, 0))]
    auto = Alias(name="try", objective="explore")
    shop = world(*shops, agents=(profile,), aliases=(auto,))
    return replace(shop, evidence=LEARNED, answered=9_000)


def choices(snapshot, count=2000):
    router = Router(snapshot)
    return [router.decide(asks("try", agent="a", seed=seed)) for seed in range(count)]


def test_without_a_budget_nothing_is_tried():
    assert {(one.target, one.propensity) for one in choices(a_world(0.0), 50)} == {("shop/good", 1.0)}


def test_the_budget_is_kept_and_the_gate_too():
    chosen = [one.target for one in choices(a_world(0.2))]
    assert "shop/bad" not in chosen
    assert {"shop/fair", "shop/dear"} < set(chosen)
    assert chosen.count("shop/good") / len(chosen) >= 0.8


def test_the_chances_on_record_are_those_of_the_choices():
    made = choices(a_world(1.0), 6000)
    for name in ("shop/good", "shop/fair", "shop/dear"):
        mine = [one for one in made if one.target == name]
        assert len(mine) / len(made) == pytest.approx(mine[0].propensity, abs=0.03)


def test_the_chances_of_all_candidates_add_up():
    trace = decide(asks("try", agent="a", seed=3), a_world(0.3), trace=True).trace
    assert sum(one.propensity for one in trace) == pytest.approx(1.0)
    assert {one.target for one in trace if one.propensity == 0.0} == {"shop/bad"}


def test_below_the_gate_all_are_candidates_and_it_is_said():
    decision = decide(asks("try", agent="a", seed=1), a_world(1.0, gate=1.0))
    assert decision.reason_code == "gate_unmet"


def spread_of(level, deviation, newness):
    return boldness(Belief(0.5, deviation, 0.5, level_deviation=level, newness=newness))


def test_doubt_of_the_very_task_widens_draws_of_new_models_only():
    assert spread_of(0.1, 0.2, 0.0) == pytest.approx(0.05)
    assert spread_of(0.1, 0.2, 0.0) < spread_of(0.1, 0.2, 0.5) < spread_of(0.1, 0.2, 1.0)
    assert spread_of(0.1, 0.2, 1.0) == pytest.approx(0.1)


def test_a_task_that_is_better_known_than_the_average_one_is_drawn_no_narrower():
    assert spread_of(0.1, 0.02, 1.0) == pytest.approx(spread_of(0.1, 0.1, 1.0))


def test_a_model_that_failed_at_one_kind_of_task_is_drawn_wider_at_others():
    seen = outcomes("good", 30, 10) + outcomes("good", 30, 10, x=-1.0) + outcomes("fair", 0, 3, x=-1.0)
    estimator = Estimator(fit(counted(seen), FRAME))

    def spread(x):
        found = estimator.estimate("a", np.array([1.0, x, 0.0], "<f4"), ["fair"], [])
        return spread_of(found.level_deviation[0], found.deviation[0], found.newness[0])

    assert spread(1.0) > spread(-1.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1e-3, 0.5)), min_size=1, max_size=6), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_chances_agree_with_drawing(figures, seed):
    means, deviations = zip(*figures, strict=True)
    draws = np.random.default_rng(seed).normal(means, deviations, size=(20_000, len(means)))
    counted_ = np.bincount(draws.argmax(axis=1), minlength=len(means)) / len(draws)
    assert chances_of_most(means, deviations) == pytest.approx(counted_.tolist(), abs=0.05)
