"""The unit of decision is the turn."""

import pytest
from msgspec.structs import replace
from tests.unit.routing.routing_world import asks, model, target, world

from pointsman.core.features import Need
from pointsman.core.money import Price
from pointsman.core.snapshot import Alias, Model
from pointsman.routing import reasons
from pointsman.routing.engine import Router, decide

AUTO = (Alias(name="auto"),)
STORE = world(
    target("a", model("strong", 90.0, 5_000_000)),
    target("b", model("cheap", 80.0, 1_000_000)),
    target("c", model("weak", 40.0, 100_000)),
    aliases=AUTO,
)


def test_a_turn_goes_on_with_its_model_though_another_would_be_chosen_anew():
    decision = decide(asks(held="a/strong"), STORE)
    assert (decide(asks(), STORE).target, decision.target) == ("b/cheap", "a/strong")
    assert (decision.reason_code, decision.fallbacks[0]) == (reasons.TURN_KEPT, "b/cheap")


def test_a_turn_whose_model_fails_goes_on_with_the_best_other():
    assert decide(asks(held="b/cheap", unhealthy=("b/cheap",)), STORE).target == "a/strong"


def test_a_turn_whose_model_is_gone_is_decided_anew():
    assert decide(asks(held="gone/model"), STORE).target == "b/cheap"


def test_a_stalled_turn_goes_to_a_more_reliable_model():
    decision = decide(asks(held="b/cheap", stalled=True), STORE)
    assert (decision.target, decision.reason_code) == ("a/strong", reasons.ESCALATED)
    assert "b/cheap" in decision.fallbacks


def test_a_stalled_turn_goes_to_the_cheapest_that_fails_clearly_less():
    shop = world(
        target("a", model("best", 98.0, 9_000_000)),
        target("b", model("good", 90.0, 5_000_000)),
        target("c", model("same", 82.0, 2_000_000)),
        target("d", model("held", 80.0, 1_000_000)),
        aliases=(Alias(name="auto"),),
    )
    assert decide(asks(held="d/held", stalled=True), shop).target == "b/good"


def test_a_stalled_turn_with_the_most_reliable_model_has_to_go_on():
    decision = decide(asks(held="a/strong", stalled=True), STORE)
    assert (decision.target, decision.reason_code) == ("a/strong", reasons.TURN_KEPT)


def test_a_model_asked_for_by_name_is_not_kept_from_the_client():
    assert decide(asks("cheap", held="a/strong"), STORE).target == "b/cheap"


def test_the_router_says_the_same():
    for features in (asks(held="a/strong"), asks(held="b/cheap", stalled=True), asks()):
        assert Router(STORE).decide(features) == decide(features, STORE)


def alike(provider: str, name: str, usd: int):
    price = Price(input_usd_micros=usd, output_usd_micros=usd)
    able = Model(name=name, price=price, capability={"general": 90.0}, abilities=Need.THINKING)
    return target(provider, able)


def cached(provider: str, name: str, usd: int):
    price = Price(input_usd_micros=usd, cached_input_usd_micros=usd // 10, output_usd_micros=usd)
    return target(provider, Model(name=name, price=price, capability={"general": 90.0}))


@pytest.mark.parametrize("objective", ["reliable", "worth"])
def test_a_warm_cache_is_worth_what_a_switch_would_lose(objective):
    auto = Alias(name="auto", objective=objective)
    shop = world(cached("a", "dear", 3_000_000), cached("b", "less", 2_000_000), aliases=(auto,))
    cold = asks(context_tokens=50_000, max_output_tokens=100)
    warm = asks(context_tokens=50_000, max_output_tokens=100, warm="a/dear", warm_tokens=49_000)
    assert (decide(cold, shop).target, decide(warm, shop).target) == ("b/less", "a/dear")
    trace = {one.target: one for one in decide(warm, shop, trace=True).trace}
    saved = {term.name: term.value for term in trace["a/dear"].staying_usd_micros}
    assert saved == {"cache": 49_000 * 2.7, "habit": (50_100 * 3 - 49_000 * 2.7) * 0.05}
    assert trace["b/less"].staying_usd_micros == ()


@pytest.mark.parametrize(("needs", "stays"), [(0, False), (Need.THINKING, True)])
def test_a_conversation_with_thinking_asks_more_of_a_switch(needs, stays):
    shop = world(alike("a", "dear", 1_100_000), alike("b", "less", 1_000_000), aliases=AUTO)
    asked = asks(context_tokens=50_000, max_output_tokens=100, warm="a/dear", needs=needs)
    assert (decide(asked, shop).target == "a/dear") is stays


def test_between_models_of_nearly_the_same_price_a_conversation_stays_where_it_is():
    shop = world(alike("a", "dear", 1_040_000), alike("b", "less", 1_000_000), aliases=AUTO)
    asked = asks(context_tokens=50_000, max_output_tokens=100)
    assert decide(asked, shop).target == "b/less"
    assert decide(replace(asked, warm="a/dear"), shop).target == "a/dear"
