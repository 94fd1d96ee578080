"""What a request will probably cost."""

from collections.abc import Iterable
from typing import Final

from pointsman.core.features import Features
from pointsman.core.money import TOKENS_PER_PRICE_UNIT
from pointsman.core.snapshot import Model, Target

PriceOrder = tuple[int, int, str]
TIER_ORDER: Final = {"fast": 0, "medium": 1, "large": 2}

EXPECTED_OUTPUT_TOKENS: Final = 1024
"""The longest answer that is expected. Clients ask for limits of 32,000 and more and rarely use them, so
a limit only lowers the expectation."""


def expected_output_tokens(model: Model, max_output_tokens: int) -> int:
    """Tokens to expect of `model` when the client allows `max_output_tokens` (0: it did not say)."""
    if model.kind == "embedding":
        return 0
    expected = EXPECTED_OUTPUT_TOKENS
    if 0 < max_output_tokens < expected:
        expected = max_output_tokens
    return min(expected, model.max_output_tokens) if model.max_output_tokens > 0 else expected


def expected_cost_usd_micros(model: Model, features: Features) -> int:
    """The expected cost of a request in micro-USD, rounded half up. Prompt caches are not counted on.

    >>> from pointsman.core.money import Price
    >>> model = Model(name="m", price=Price(input_usd_micros=3_000_000, output_usd_micros=15_000_000))
    >>> expected_cost_usd_micros(model, Features(agent="a", requested="m", dialect="", context_tokens=1000))
    18360
    """
    read = max(features.context_tokens, 0)
    price = model.price.at(read)
    total = (
        read * price.input_usd_micros
        + expected_output_tokens(model, features.max_output_tokens) * price.output_usd_micros
    )
    return (total + TOKENS_PER_PRICE_UNIT // 2) // TOKENS_PER_PRICE_UNIT


def cache_saving_usd_micros(target: Target, features: Features) -> int:
    """What the conversation's warm prompt cache takes off the cost at this target, rounded half up. All
    other targets have to read the whole prompt anew: that is the price of a switch."""
    return (_saving(target, features) + TOKENS_PER_PRICE_UNIT // 2) // TOKENS_PER_PRICE_UNIT


def _saving(target: Target, features: Features) -> int:
    price = target.model.price.at(features.context_tokens)
    if target.id != features.warm or price.cached_input_usd_micros is None:
        return 0
    tokens = max(min(features.warm_tokens, features.context_tokens), 0)
    return tokens * max(price.input_usd_micros - price.cached_input_usd_micros, 0)


def price_orders(targets: Iterable[Target], features: Features) -> list[PriceOrder]:
    """A key for each target that sorts by the expected price of the request, unrounded, then lower tiers
    first, then by id."""
    read, most, warm = max(features.context_tokens, 0), features.max_output_tokens, features.warm
    found = []
    for target in targets:
        model = target.model
        price = model.price.at(read) if model.price.longer else model.price
        cost = read * price.input_usd_micros
        if price.output_usd_micros:
            cost += expected_output_tokens(model, most) * price.output_usd_micros
        if target.id == warm:
            cost -= _saving(target, features)
        found.append((cost, TIER_ORDER[model.tier], target.id))
    return found
