import pytest
from tests.unit.routing.routing_world import asks, model, target, world

from pointsman.core.money import LongRates, Price
from pointsman.core.snapshot import Model
from pointsman.routing.cost import (
    expected_cost_usd_micros,
    expected_output_tokens,
    price_orders,
    saved_by_staying,
)
from pointsman.routing.engine import Router
from pointsman.routing.gates.budget import Budget


@pytest.mark.parametrize(
    ("limit", "of_model", "expected"),
    [(0, 0, 1024), (300, 0, 300), (32_000, 0, 1024), (0, 512, 512), (300, 512, 300), (-1, 0, 1024)],
)
def test_a_limit_only_lowers_what_is_expected(limit, of_model, expected):
    assert expected_output_tokens(model("m", max_output_tokens=of_model), limit) == expected


def test_an_embedding_writes_nothing():
    assert expected_cost_usd_micros(model("m", usd=20_000, kind="embedding"), asks(context_tokens=1000)) == 20


def test_a_cost_is_rounded_half_up():
    assert expected_cost_usd_micros(model("m", usd=500_000), asks(max_output_tokens=1)) == 1
    assert expected_cost_usd_micros(model("m", usd=499_999), asks(max_output_tokens=1)) == 0


LONG = Price(
    input_usd_micros=3_000_000,
    cached_input_usd_micros=300_000,
    longer=(LongRates(above_tokens=1000, input_usd_micros=6_000_000, cached_input_usd_micros=600_000),),
)


@pytest.mark.parametrize(("tokens", "cost", "saving"), [(1000, 3000, 2700), (1001, 6006, 5405)])
def test_a_long_prompt_is_expected_at_its_own_price(tokens, cost, saving):
    served = target("shop", Model(name="long", price=LONG))
    request = asks(context_tokens=tokens, warm=served.id, warm_tokens=tokens)
    assert expected_cost_usd_micros(served.model, request) == cost
    assert saved_by_staying(served, request).cache == saving
    assert price_orders([served], request)[0][0] == (cost - sum(saved_by_staying(served, request))) * 10**6


def test_the_cheaper_of_two_models_may_hang_on_the_length_of_the_prompt():
    flat = target("shop", Model(name="flat", price=Price(input_usd_micros=4_000_000)))
    rising = target("shop", Model(name="rising", price=LONG))
    router = Router(world(flat, rising))
    chosen = [router.decide(asks(context_tokens=tokens)).target for tokens in (1000, 1001)]
    assert chosen == ["shop/rising", "shop/flat"]


def test_a_budget_is_kept_to_at_the_price_of_a_long_prompt():
    served = target("shop", Model(name="long", price=LONG))
    clears = Budget().clearance([served])
    assert clears(asks(context_tokens=1001, budget_left_usd_micros=6006))
    assert not clears(asks(context_tokens=1001, budget_left_usd_micros=6005))
