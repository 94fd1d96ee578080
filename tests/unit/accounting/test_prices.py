"""Prices come from the catalogue, are marked with their source, and are never 0 by mistake."""

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices as library
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.accounting.prices import CATALOGUE_VERSION, assumed_price, listing_of, usd_micros
from pointsman.core.chat import Usage
from pointsman.core.snapshot import Tier

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
AFTER = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_listed_model_has_all_four_prices_and_its_window() -> None:
    found = listing_of("claude-sonnet-4-5-20250929", "anthropic", AFTER)
    assert found is not None
    assert found.context_window_tokens == 200_000
    price = found.price
    assert (price.input_usd_micros, price.output_usd_micros) == (3_000_000, 15_000_000)
    assert (price.cached_input_usd_micros, price.cache_write_usd_micros) == (300_000, 3_750_000)


def test_a_listed_price_says_where_it_comes_from() -> None:
    found = listing_of("gpt-5-mini", "openai", AFTER)
    assert found is not None
    assert (found.price.source, found.price.version) == ("catalogue", CATALOGUE_VERSION)
    assert CATALOGUE_VERSION.startswith("genai-prices 0.")


def test_the_cost_of_a_request_is_that_of_the_vendors_page() -> None:
    found = listing_of("gpt-5-mini", "openai", AFTER)
    assert found is not None
    usage = Usage(input_tokens=1_000_000, cached_input_tokens=400_000, output_tokens=100_000)
    assert found.price.cost_usd_micros(usage) == 150_000 + 10_000 + 200_000


@pytest.mark.parametrize(("prompt_tokens", "usd_micros_"), [(200_000, 600_000), (200_001, 1_200_006)])
def test_a_long_prompt_costs_what_the_vendor_takes_for_it(prompt_tokens: int, usd_micros_: int) -> None:
    found = listing_of("claude-sonnet-4-5", "anthropic", AFTER)
    assert found is not None
    assert found.price.cost_usd_micros(Usage(input_tokens=prompt_tokens)) == usd_micros_
    cached = Usage(input_tokens=prompt_tokens, cached_input_tokens=prompt_tokens, output_tokens=1000)
    rates = found.price.at(prompt_tokens)
    assert (rates.cached_input_usd_micros, rates.output_usd_micros) in {
        (300_000, 15_000_000),
        (600_000, 22_500_000),
    }
    assert found.price.cost_usd_micros(cached) == rates.total_usd_micros(cached)


@given(
    st.sampled_from(
        [
            ("claude-opus-4-6", "anthropic"),
            ("gemini-2.5-pro", "google"),
            ("gpt-5.5", "openai"),
            ("gpt-5", "openai"),
        ]
    ),
    st.integers(0, 2_000_000),
    st.integers(0, 100_000),
)
def test_a_cost_is_the_catalogues_own_to_the_micro_usd(
    model: tuple[str, str], tokens_in: int, tokens_out: int
) -> None:
    found = listing_of(*model, AFTER)
    assert found is not None
    told = library.Usage(input_tokens=tokens_in, output_tokens=tokens_out)
    exact = library.calc_price(
        told, model[0], provider_id=model[1], genai_request_timestamp=AFTER
    ).total_price
    ours = found.price.cost_usd_micros(Usage(input_tokens=tokens_in, output_tokens=tokens_out))
    assert abs(ours - exact * 1_000_000) <= Decimal("0.5")


def test_the_price_is_that_of_the_day() -> None:
    old, new = (listing_of("claude-opus-4-6", "anthropic", day) for day in (BEFORE, AFTER))
    assert old is not None
    assert new is not None
    assert old.price.cache_write_usd_micros == new.price.cache_write_usd_micros == 6_250_000


@pytest.mark.parametrize(
    ("model", "provider"),
    [("no-such-model", "openai"), ("gpt-5", "no-such-provider"), ("gpt-5", None), ("", "openai")],
)
def test_what_the_catalogue_does_not_know_has_no_listing(model: str, provider: str | None) -> None:
    assert listing_of(model, provider) is None


@pytest.mark.parametrize("tier", ["fast", "medium", "large"])
@pytest.mark.parametrize("kind", ["chat", "embedding"])
def test_an_assumed_price_is_marked_and_never_zero(tier: Tier, kind: str) -> None:
    price = assumed_price(tier, kind)
    assert price.source == "assumed"
    assert price.cost_usd_micros(Usage(input_tokens=1000)) > 0


def test_a_dearer_tier_is_assumed_dearer() -> None:
    fast, medium, large = (assumed_price(tier) for tier in ("fast", "medium", "large"))
    assert fast.input_usd_micros < medium.input_usd_micros < large.input_usd_micros


@given(st.decimals(min_value=0, max_value=10_000, places=6))
def test_whole_micro_dollars_are_exact(usd: Decimal) -> None:
    assert usd_micros(usd) == int(usd * 1_000_000)
    assert usd_micros(float(usd)) == int(usd * 1_000_000)
