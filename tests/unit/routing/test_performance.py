import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.routing.routing_world import model, seen, target, world

from pointsman.core.snapshot import Model, Performance
from pointsman.routing.performance import answer_rates, capability_of, domain_of, performance_of

TARGET = target("shop", model("m1", 80.0))


def snapshot(**cells):
    return world(TARGET, performance={who.strip("_"): {TARGET.id: cell} for who, cell in cells.items()})


def answers(**cells):
    return answer_rates(snapshot(**cells), "agent", TARGET.id)[0]


@pytest.mark.parametrize(
    ("task_type", "domain"),
    [("P0_infrastructure_complex", "infrastructure"), ("side_title", ""), ("", ""), ("P1_a_b_simple", "a_b")],
)
def test_the_domain_stands_between_priority_and_complexity(task_type, domain):
    assert domain_of(task_type) == domain


def test_the_agents_own_performance_is_used_when_it_is_enough():
    own, pooled = seen(10, 0.5), seen(500, 0.9)
    assert performance_of(snapshot(agent=own, _=pooled), "agent", TARGET.id) == own


def test_everyones_performance_is_used_until_then():
    own, pooled = seen(9, 0.5), seen(500, 0.9)
    assert performance_of(snapshot(agent=own, _=pooled), "agent", TARGET.id) == pooled


def test_too_few_requests_are_no_performance():
    assert performance_of(snapshot(agent=seen(9), _=seen(9)), "agent", TARGET.id) is None


def test_a_target_is_taken_to_answer_until_it_does_not():
    assert answers() == 1.0


def test_ten_requests_weigh_as_much_as_that():
    assert answers(agent=seen(10, 0.4)) == pytest.approx(0.7)


def test_an_agent_starts_from_the_global_baseline_and_outweighs_it():
    pooled = seen(1_000_000, 0.3)
    assert answers(_=pooled) == pytest.approx(0.3, abs=1e-4)
    assert answers(_=pooled, agent=seen(10, 0.9)) == pytest.approx(0.6, abs=1e-4)
    assert answers(_=pooled, agent=seen(10_000, 0.9)) == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_a_rate_that_cannot_be_true_falls_back_to_the_prior(rate):
    assert answers(agent=seen(100, rate)) == 1.0
    assert performance_of(snapshot(agent=seen(100, rate)), "agent", TARGET.id) is None


@pytest.mark.parametrize("latency_ms", [-1.0, math.nan, math.inf])
def test_a_latency_that_cannot_be_true_is_no_evidence(latency_ms):
    assert performance_of(snapshot(agent=seen(100, 0.9, latency_ms)), "agent", TARGET.id) is None


CELLS = st.builds(
    Performance, requests=st.integers(-5, 10**9), success_rate=st.floats(), latency_ms=st.floats()
)


@given(CELLS, CELLS)
def test_a_rate_is_a_probability_whatever_was_written(own, pooled):
    found = answer_rates(snapshot(agent=own, _=pooled), "agent", TARGET.id)
    assert all(0.0 <= rate <= 1.0 + 1e-12 for rate in found)


@pytest.mark.parametrize(("value", "expected"), [(120.0, 100.0), (-3.0, 0.0), (math.nan, 50.0), (70.0, 70.0)])
def test_a_capability_is_between_0_and_100(value, expected):
    assert capability_of(Model(name="m", capability={"general": value}), "code") == expected


def test_a_model_without_capabilities_is_unknown():
    assert capability_of(Model(name="m", capability={}), "code") == 50.0
