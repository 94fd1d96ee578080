"""The default objective tries, in a small share of requests, a cheaper model that may be reliable enough."""

from msgspec.structs import replace
from tests.unit.routing.evidence.evidence_world import FRAME, counted, outcomes
from tests.unit.routing.routing_world import asks, model, target, world

from pointsman.core.snapshot import AgentProfile, Alias
from pointsman.routing.engine import Router, decide
from pointsman.routing.evidence import fit

SEEN = [*outcomes("dear", 40, 2), *outcomes("unsure", 4, 2), *outcomes("bad", 3, 60)]
LEARNED = fit(counted(SEEN), FRAME)
SHOPS = [target("shop", model(name, 60.0, usd)) for name, usd in (("bad", 1), ("unsure", 2), ("dear", 9))]


def a_world(exploration=0.1, evidence=LEARNED, requests=9_000):
    """Of a gateway that has seen so many requests."""
    profile = AgentProfile(id="a", gate=0.8, exploration=exploration)
    shop = world(*SHOPS, agents=(profile,), aliases=(Alias(name="auto"),))
    return replace(shop, evidence=evidence, answered=requests)


def choices(snapshot, count=2000, **features):
    router = Router(snapshot)
    return [router.decide(asks("auto", agent="a", seed=seed, **features)) for seed in range(count)]


def test_only_the_share_goes_to_what_may_meet_the_gate_and_nothing_to_what_is_ruled_out():
    chosen = [one.target for one in choices(a_world())]
    assert 150 <= chosen.count("shop/unsure") <= 250
    assert chosen.count("shop/dear") == len(chosen) - chosen.count("shop/unsure")


def test_a_new_gateway_tries_more():
    found = {one.propensity for one in choices(a_world(requests=1_000), 300) if one.reason_code == "explored"}
    assert found == {0.2}


def test_the_chance_of_each_choice_is_on_record_and_its_reason():
    found = {(one.target, round(one.propensity, 6), one.reason_code) for one in choices(a_world())}
    assert found == {("shop/dear", 0.9, "cheapest_reliable"), ("shop/unsure", 0.1, "explored")}


def test_the_decision_tells_what_is_believed_not_what_is_hoped():
    tried = next(one for one in choices(a_world()) if one.reason_code == "explored")
    assert tried.confidence < 0.8
    assert "may meet gate 0.80" in tried.reason


def test_nothing_is_tried_without_a_share_without_evidence_or_within_a_turn():
    assert {one.target for one in choices(a_world(0.0), 300)} == {"shop/dear"}
    assert len({one.target for one in choices(a_world(evidence=None), 300)}) == 1
    assert {one.target for one in choices(a_world(), 300, held="shop/dear")} == {"shop/dear"}


def test_an_agent_without_a_profile_explores_three_in_a_hundred():
    assert AgentProfile(id="anybody").exploration == 0.03


def test_router_and_decide_agree_on_what_is_tried():
    snapshot, router = a_world(), Router(a_world())
    asked = [asks("auto", agent="a", seed=seed) for seed in range(100)]
    assert [router.decide(one) for one in asked] == [decide(one, snapshot) for one in asked]
