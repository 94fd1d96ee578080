"""The five tests of seed D, with the numbers it gives."""

import math

import msgspec
import pytest
from tests.plain_control import BEARER, PlainControl, client_of

from pointsman.core.snapshot import AdaptiveConfig, AgentProfile, Model, Performance, PolicySnapshot, Target
from pointsman.routing.assignment import assign
from pointsman.routing.scorers.adaptive import adaptive_score, latency_points

CONFIG = AdaptiveConfig()


def seen(success_rate, latency_ms, requests=100):
    return Performance(requests=requests, success_rate=success_rate, latency_ms=latency_ms)


def test_1_score_with_performance_feedback():
    score = adaptive_score(85.0, seen(0.99, 120.0), CONFIG)
    assert [term.value for term in score.terms] == pytest.approx([51.0, 24.75, 13.2])
    assert score.value == score.performance_score == pytest.approx(88.95)
    assert score.performance_adjustment == pytest.approx(3.95)
    assert (score.capability_score, score.has_performance_data) == (85.0, True)
    assert (score.success_rate, score.avg_latency_ms) == (0.99, 120.0)


def test_1_with_fewer_than_10_requests_the_capability_is_the_score():
    score = adaptive_score(85.0, seen(0.1, 5000.0, requests=9), CONFIG)
    assert (score.value, score.has_performance_data, score.performance_adjustment) == (85.0, False, 0.0)
    assert (score.success_rate, score.avg_latency_ms) == (None, None)
    assert adaptive_score(85.0, seen(0.1, 5000.0, requests=10), CONFIG).has_performance_data


def test_2_penalty_for_poor_performance():
    score = adaptive_score(88.0, seen(0.60, 450.0), CONFIG)
    assert score.value == pytest.approx(38.025)
    assert score.performance_adjustment == pytest.approx(-49.975)  # the seed rounds to -49.98


def test_2_high_latency_takes_20_percent():
    whole = 0.60 * 80.0 + 25.0 + 0.15 * (100.0 - 60.0)
    assert adaptive_score(80.0, seen(1.0, 600.0), CONFIG).value == pytest.approx(whole * 0.8)


def test_2_both_penalties_take_60_percent():
    whole = 0.60 * 80.0 + 12.5 + 0.15 * (100.0 - 60.0)
    assert adaptive_score(80.0, seen(0.5, 600.0), CONFIG).value == pytest.approx(whole * 0.4)


def test_2_at_the_thresholds_there_is_no_penalty():
    assert len(adaptive_score(80.0, seen(0.90, 500.0), CONFIG).terms) == 3


@pytest.mark.parametrize(
    ("latency_ms", "points"), [(0, 100), (120, 88), (250, 75), (450, 55), (500, 50), (1000, 0), (2000, 0)]
)
def test_3_latency_score_calculation(latency_ms, points):
    assert latency_points(latency_ms, 500.0) == pytest.approx(points)


SCORES = {"A": 92.0, "B": 83.0, "C": 86.0}
SEEN = {
    "agent_1": {"A": seen(0.99, 120.0), "B": seen(0.95, 300.0), "C": seen(0.92, 400.0)},
    "agent_2": {"A": seen(0.97, 120.0), "B": seen(0.90, 400.0), "C": seen(0.98, 95.0)},
    "agent_3": {"A": seen(0.97, 150.0), "B": seen(0.97, 110.0), "C": seen(0.92, 300.0)},
}
EXAMPLE = PolicySnapshot(
    version=1,
    targets={
        name: Target(
            id=name,
            provider="shop",
            model=Model(name=name, capability={"general": capability}),
            upstream_model=name,
            dialects=("openai_chat",),
        )
        for name, capability in SCORES.items()
    },
    names={},
    aliases={},
    agents={},
    default_agent=AgentProfile(id="default"),
    performance=SEEN,
)
SPREAD = [("agent_1", "A"), ("agent_2", "C"), ("agent_3", "B")]


def test_4_adaptive_assignment_spreads_three_agents_over_three_models():
    """Everyone scores model A highest; the seed's later table gives 1 A, 2 C and 3 B."""
    result = assign(["agent_1", "agent_2", "agent_3"], ["A", "B", "C"], EXAMPLE)
    assert [(one.agent_id, one.model_id) for one in result.assignments] == SPREAD
    assert all(
        max(SCORES, key=lambda name: adaptive_score(SCORES[name], seen_of[name], CONFIG).value) == "A"
        for seen_of in SEEN.values()
    )


def test_4_the_answer_has_the_fields_of_the_seed():
    model = Model(name="llama3-70b", capability={"general": 85.0})
    target = Target(id="llama3-70b", provider="p", model=model, upstream_model="m", dialects=("openai_chat",))
    snapshot = PolicySnapshot(
        version=1,
        targets={target.id: target},
        names={},
        aliases={},
        agents={},
        default_agent=AgentProfile(id="default"),
        performance={"": {target.id: seen(0.99, 120.0)}},
    )
    told = msgspec.to_builtins(assign(["agent_gpu_1"], [target.id], snapshot))["assignments"][0]
    assert told == {
        "agent_id": "agent_gpu_1",
        "model_id": "llama3-70b",
        "capability_score": 85.0,
        "performance_score": pytest.approx(88.95),
        "performance_adjustment": pytest.approx(3.95),
        "has_performance_data": True,
        "success_rate": 0.99,
        "avg_latency_ms": 120.0,
    }


def test_5_the_defaults_are_those_of_the_seed():
    assert msgspec.to_builtins(CONFIG) == {
        "capability_weight": 0.60,
        "success_rate_weight": 0.25,
        "latency_weight": 0.15,
        "min_acceptable_success_rate": 0.90,
        "max_acceptable_latency_ms": 500.0,
        "min_requests_for_performance": 10,
    }


@pytest.mark.parametrize("capability_weight", [0.59, 0.60, 0.61])
def test_5_weights_may_miss_one_by_a_hundredth(capability_weight):
    assert AdaptiveConfig(capability_weight=capability_weight).capability_weight == capability_weight


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capability_weight", 0.62),
        ("capability_weight", 0.58),
        ("capability_weight", math.nan),
        ("min_acceptable_success_rate", 0.0),
        ("min_acceptable_success_rate", -0.5),
        ("min_acceptable_success_rate", 90.0),
        ("max_acceptable_latency_ms", 0.0),
        ("max_acceptable_latency_ms", math.nan),
        ("min_requests_for_performance", 0),
    ],
)
def test_5_a_configuration_that_makes_no_sense_is_refused(field, value):
    with pytest.raises(ValueError, match="must"):
        AdaptiveConfig(**{field: value})


def test_5_negative_weights_are_refused_even_if_they_sum_to_one():
    with pytest.raises(ValueError, match="negative"):
        AdaptiveConfig(capability_weight=1.1, success_rate_weight=-0.25, latency_weight=0.15)


def test_5_a_configuration_read_from_json_is_held_to_the_same_rules():
    with pytest.raises(msgspec.ValidationError, match=r"sum to 1\.0"):
        msgspec.json.decode(b'{"capability_weight": 0.9}', type=AdaptiveConfig)


async def test_4_the_api_spreads_the_agents_of_the_example_and_answers_in_the_fields_of_the_seed():
    control = PlainControl(policy=EXAMPLE)
    async with client_of(control, headers=BEARER) as client:
        answer = await client.post("/api/v1/assign", json={"agents": ["agent_1", "agent_2", "agent_3"]})
    told = answer.json()["assignments"]
    assert [(one["agent_id"], one["model_id"]) for one in told] == SPREAD
    assert list(told[0]) == [
        *("agent_id", "model_id", "capability_score", "performance_score", "performance_adjustment"),
        *("has_performance_data", "success_rate", "avg_latency_ms"),
    ]
