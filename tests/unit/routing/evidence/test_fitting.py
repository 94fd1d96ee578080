"""What is believed, checked against sums done by hand and against the dense equations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.routing.evidence.evidence_world import (
    DAY_S,
    FRAME,
    OBSERVATIONS,
    counted,
    outcomes,
)

from pointsman.routing.evidence import Estimator, FitOptions, Statistics, checked, fit
from pointsman.routing.evidence.levels import STARTS

AS_IT_IS = FitOptions(steps=0)
AVERAGE = np.array([1.0, 0.0, 0.0], np.float32)


def estimate(posterior, agent, models, priors=0.5, kind="", inputs=AVERAGE):
    return Estimator(posterior).estimate(agent, inputs, models, [priors] * len(models), kind)


def rate(found, place=0):
    return found.common[place] + found.task[place] + found.agent[place]


def dense(observations, model, agent):
    """The success rate of a model for an agent at the average task, from one dense system of equations."""
    models, cells = ["m1", "m2", "m3"], [(a, m) for a in "ab" for m in ("m1", "m2", "m3")]
    slices = [(a, m, k) for a, m in cells for k in ("", "code")]
    rows, rewards, weights = [], [], []
    for one in observations:
        row = list(one.inputs)
        for name in models:
            row += list(one.inputs * (one.model == name))
        row += [float((one.agent, one.model) == cell) for cell in cells]
        row += [float((one.agent, one.model, one.slice) == cell) for cell in slices]
        rows.append(row)
        rewards.append(one.reward - 0.5)
        weights.append(one.weight / 0.2)
    parts = ("bias", "embedding", "surface")
    shared, own = [[STARTS[f"{level}.{part}"] for part in parts] for level in ("shared", "model")]
    prior = np.array([*shared, *own * 3, *[STARTS["agent"]] * 6, *[STARTS["slice"]] * 12])
    x, y, w = np.array(rows), np.array(rewards), np.array(weights)
    weight = np.linalg.solve((x * w[:, None]).T @ x + np.diag(1 / prior), (x * w[:, None]).T @ y)
    place = 3 + 3 * models.index(model)
    return 0.5 + weight[0] + weight[place] + weight[12 + cells.index((agent, model))]


@given(st.lists(OBSERVATIONS, min_size=1, max_size=15))
@settings(deadline=None)
def test_the_block_by_block_solution_is_that_of_the_dense_equations(observations):
    posterior = fit(counted(observations), FRAME, options=AS_IT_IS)
    model, agent = observations[0].model, observations[0].agent
    found = estimate(posterior, agent, [model], kind="unseen kind")
    assert rate(found) == pytest.approx(dense(observations, model, agent), abs=1e-4)


def test_without_evidence_the_capability_is_all_there_is_to_say():
    found = estimate(fit(Statistics(FRAME.size), FRAME), "a", ["m1", "m2"], priors=0.8)
    assert [rate(found, place) for place in (0, 1)] == pytest.approx([0.8, 0.8])
    assert min(found.deviation) > 0.2


def test_much_evidence_outweighs_the_capability_and_is_sure():
    posterior = fit(counted(outcomes("m1", 900, 100)), FRAME, options=FitOptions(priors={"m1": 0.2}))
    found = estimate(posterior, "a", ["m1"], priors=0.2)
    assert rate(found) == pytest.approx(0.9, abs=0.02)
    assert found.deviation[0] < 0.03


def test_an_agent_starts_from_the_baseline_and_outweighs_it():
    others = [one for agent in "bcdefg" for one in outcomes("m1", 90, 10, agent=agent)]
    before = fit(counted(others), FRAME, options=AS_IT_IS)
    after = fit(counted([*others, *outcomes("m1", 5, 45)]), FRAME, options=AS_IT_IS)
    new = estimate(before, "a", ["m1"])
    assert new.agent == [0.0]
    assert rate(new) == pytest.approx(0.9, abs=0.02)
    assert rate(estimate(after, "a", ["m1"])) < 0.25
    assert rate(estimate(after, "b", ["m1"])) > 0.85


def test_one_odd_agent_does_not_move_the_shared_level():
    others = [one for agent in "bcdefg" for one in outcomes("m1", 90, 10, agent=agent)]
    posterior = fit(counted([*others, *outcomes("m1", 0, 600)]), FRAME, options=FitOptions(steps=30))
    assert rate(estimate(posterior, "newcomer", ["m1"])) > 0.7


def test_two_agents_with_opposite_outcomes_are_told_apart():
    seen = [*outcomes("m1", 40, 0), *outcomes("m1", 0, 40, agent="b")]
    posterior = fit(counted(seen), FRAME)
    assert rate(estimate(posterior, "a", ["m1"])) > 0.85
    assert rate(estimate(posterior, "b", ["m1"])) < 0.15


def test_an_agents_kinds_of_task_are_told_apart():
    seen = [*outcomes("m1", 60, 0, kind="code"), *outcomes("m1", 0, 60, kind="writing")]
    posterior = fit(counted(seen), FRAME, options=AS_IT_IS)
    code, writing, other = (rate(estimate(posterior, "a", ["m1"], kind=k)) for k in ("code", "writing", "x"))
    assert code > other > writing
    assert code - writing > 0.6


def test_a_stale_agent_returns_to_the_baseline_as_computed_by_hand():
    seen = [*outcomes("m1", 0, 30, at_s=0.0), *outcomes("m1", 900, 100, agent="b", at_s=30 * DAY_S)]
    fresh, stale, gone = (
        estimate(fit(counted(seen), FRAME, now_s=days * DAY_S, options=AS_IT_IS), "a", ["m1"])
        for days in (0, 10, 300)
    )
    for found, days in ((fresh, 0), (stale, 10)):
        weight = 30 * 0.9**days
        weight *= (0.2 / STARTS["slice"]) / (weight + 0.2 / STARTS["slice"])
        by_hand = weight / (weight + 0.2 / STARTS["agent"]) * (0.0 - found.common[0])
        inherited = found.agent[0]
        kind = 30 * 0.9**days / (30 * 0.9**days + 0.2 / STARTS["slice"])
        by_hand += kind * (0.0 - found.common[0] - by_hand)
        assert inherited == pytest.approx(by_hand, abs=1e-4)
    assert gone.agent[0] == pytest.approx(0.0, abs=1e-6)


def test_an_agent_may_forget_slower():
    seen, never = outcomes("m1", 0, 30), FitOptions(steps=0, agent_keeps={"a": 1.0})
    fresh = fit(counted(seen), FRAME, now_s=0.0, options=AS_IT_IS)
    late = fit(counted(seen), FRAME, now_s=100 * DAY_S, options=never)
    assert estimate(late, "a", ["m1"]) == estimate(fresh, "a", ["m1"])


def test_a_level_that_explains_nothing_vanishes():
    random = np.random.default_rng(0)
    statistics = Statistics(FRAME.size)
    inputs = np.column_stack([np.ones(4000), np.rint(random.normal(size=(4000, 2)) * 512) / 1024])
    keys = [(f"a{n % 4}", f"m{n % 5}", "") for n in range(4000)]
    rates = np.array([0.2, 0.4, 0.5, 0.6, 0.8])
    statistics.add_rows(keys, inputs, (random.random(4000) < rates[np.arange(4000) % 5]).astype(float))
    learned = fit(statistics, FRAME, options=FitOptions(steps=60)).components
    assert learned["model.bias"] > 0.01
    assert max(learned["model.embedding"], learned["agent"], learned["slice"]) < 0.004


def test_a_level_that_explains_much_is_kept():
    random = np.random.default_rng(0)
    statistics = Statistics(FRAME.size)
    side = np.sign(random.normal(size=2000)) / 2
    inputs = np.column_stack([np.ones(2000), side, np.zeros(2000)])
    keys = [("a", f"m{n % 4}", "") for n in range(2000)]
    slope = np.array([0.8, -0.8, 0.6, -0.6])[np.arange(2000) % 4]
    statistics.add_rows(keys, inputs, (random.random(2000) < 0.5 + slope * side).astype(float))
    posterior = fit(statistics, FRAME, options=FitOptions(steps=30))
    assert posterior.components["model.embedding"] > 0.1
    upper = estimate(posterior, "a", ["m0", "m1"], inputs=np.array([1.0, 0.5, 0.0], np.float32))
    assert rate(upper, 0) > 0.8
    assert rate(upper, 1) < 0.2


def test_statistics_of_another_geometry_are_refused():
    with pytest.raises(ValueError, match="geometry"):
        fit(Statistics(FRAME.size, geometry=3), FRAME)


@given(st.lists(OBSERVATIONS, max_size=12), st.integers(1, 6))
@settings(deadline=None)
def test_whatever_was_seen_the_posterior_is_sound(observations, times):
    statistics = counted(observations).scaled(10.0**times)
    posterior = fit(statistics, FRAME, now_s=2e9)
    assert checked(posterior) == (posterior, ())
    found = estimate(posterior, "a", ["m1", "m2", "new"])
    assert np.isfinite([*found.common, *found.task, *found.agent, *found.deviation]).all()


@pytest.mark.parametrize("count", [1, 1000, 1_000_000])
@pytest.mark.parametrize("reward", [0.0, 1.0])
def test_outcomes_that_never_differ_are_believed_but_not_beyond_all_doubt(reward, count):
    (one,) = outcomes("m1", int(reward), 1 - int(reward))
    found = estimate(fit(counted([one]).scaled(count), FRAME), "a", ["m1"])
    assert -0.01 <= rate(found) <= 1.01
    assert found.deviation[0] > 0.0
