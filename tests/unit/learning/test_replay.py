"""What another policy would have made of recent decisions."""

import pytest
from msgspec.structs import replace
from tests.unit.routing.routing_world import asks, model, seen, target, world

from pointsman.learning.changes import changes_between
from pointsman.learning.replay import Comparison, Expectation, Sample, compared
from pointsman.routing.evidence import Statistics

TARGETS = [target("shop", model("good", 80.0, 100)), target("shop", model("bad", 80.0, 100))]


def leading_to(name: str):
    """A policy under which everybody gets that model."""
    cells = {f"shop/{one}": seen(1000, 0.99 if one == name else 0.02) for one in ("good", "bad")}
    return world(*TARGETS, performance={"": cells})


def evidence(count: int = 200) -> Statistics:
    """Of so many requests each, `good` did well in nine of ten and `bad` in one of ten."""
    found = Statistics(1)
    for name, rate in (("good", 0.9), ("bad", 0.1)):
        rewards = [float(n < rate * count) for n in range(count)]
        found.add_rows([("someone", name, "")] * count, [[1.0]] * count, rewards)
    return found


def samples(name: str, rate: float, count: int = 100, propensity: float = 1.0) -> list[Sample]:
    return [
        Sample(
            features=asks(seed=n),
            agent_id="someone",
            model=name,
            reward=float(n < rate * count),
            weight=1.0,
            propensity=propensity,
        )
        for n in range(count)
    ]


def replayed(old: str, new: str, *, rate: float, logged: str = "good", count: int = 100) -> Comparison:
    policies = leading_to(old), leading_to(new)
    expectation = Expectation(evidence(), policies[0].targets)
    return compared(*policies, samples(logged, rate, count), expectation)


def test_a_change_to_what_is_known_to_be_worse_is_seen():
    found = replayed("good", "bad", rate=0.9)
    assert (found.verdict, found.changed) == ("worse", 100)
    assert found.difference == pytest.approx(-0.8, abs=0.02)


def test_a_change_to_what_is_known_to_be_better_is_seen():
    assert replayed("bad", "good", rate=0.1, logged="bad").verdict == "better"


def test_no_change_is_the_same():
    assert replayed("good", "good", rate=0.5).verdict == "same"


def test_few_samples_cannot_tell():
    assert replayed("good", "bad", rate=0.9, count=20).verdict == "undetermined"


def test_less_success_above_the_gates_that_saves_money_is_no_harm():
    worse = replayed("good", "bad", rate=0.9)
    allowed = replace(worse, success=0.8, gate=0.7, old_cost_usd_micros=10.0, new_cost_usd_micros=1.0)
    assert allowed.verdict == "cheaper"
    assert replace(allowed, gate=0.9).verdict == "worse"
    assert replace(allowed, new_cost_usd_micros=10.0).verdict == "worse"


def test_requests_that_a_policy_refuses_are_left_out():
    nobody = replace(leading_to("good"), targets={}, names={})
    expectation = Expectation(evidence(), {})
    assert compared(leading_to("good"), nobody, samples("good", 0.9), expectation).samples == 0


def test_two_policies_differ_in_what_was_changed():
    old, new = leading_to("good"), leading_to("bad")
    found = changes_between(old, replace(new, aliases={}))
    assert {(one.kind, one.name) for one in found} == {
        ("alias", "auto"),
        ("performance", "shop/good"),
        ("performance", "shop/bad"),
    }
    assert changes_between(old, old) == []
