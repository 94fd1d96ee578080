import pytest
from tests.unit.routing.routing_world import asks, model

from pointsman.routing.cost import expected_cost_usd_micros, expected_output_tokens


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
