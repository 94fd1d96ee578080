"""What a request will probably cost."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from pointsman.core.features import Features, Need
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
    return _usd_micros(_expected(model, features))


def _expected(model: Model, features: Features) -> int:
    """The same, unrounded: in millionths of a micro-USD."""
    read = max(features.context_tokens, 0)
    price = model.price.at(read)
    written = expected_output_tokens(model, features.max_output_tokens)
    return read * price.input_usd_micros + written * price.output_usd_micros


def _usd_micros(unrounded: int) -> int:
    return (unrounded + TOKENS_PER_PRICE_UNIT // 2) // TOKENS_PER_PRICE_UNIT


class Staying(NamedTuple):
    """What a conversation saves by staying with its model from one turn to the next, in micro-USD: a switch
    has to earn more. `cache` is the prompt that the provider need not read anew; `thinking` stands for
    earlier thinking, whose signatures no other provider takes; `habit` for what the user is used to."""

    cache: int = 0
    thinking: int = 0
    habit: int = 0


NOTHING: Final = Staying()
THINKING_PERCENT: Final = 10
HABIT_PERCENT: Final = 5
"""Shares of what the request costs after the cache, so that no model seems to be paid for. No provider
bills them: they are to keep conversations from going back and forth between models that cost about the
same."""


def saved_by_staying(target: Target, features: Features) -> Staying:
    """What a switch away from this target would lose; nothing where the conversation is not with it, or its
    last turn is too long ago.

    >>> from pointsman.core.money import Price
    >>> price = Price(input_usd_micros=3_000_000, cached_input_usd_micros=300_000)
    >>> model = Model(name="m", price=price)
    >>> target = Target(id="p/m", provider="p", model=model, upstream_model="m", dialects=())
    >>> asked = Features(agent="a", requested="auto", dialect="", context_tokens=1000, warm="p/m")
    >>> from msgspec.structs import replace
    >>> saved_by_staying(target, replace(asked, warm_tokens=900, needs=Need.THINKING))
    Staying(cache=2430, thinking=57, habit=29)
    """
    if target.id != features.warm:
        return NOTHING
    cached = _cached(target, features)
    left = _expected(target.model, features) - cached
    thinks = bool(features.needs & Need.THINKING)
    return Staying(
        cache=_usd_micros(cached),
        thinking=_usd_micros(left * THINKING_PERCENT // 100) if thinks else 0,
        habit=_usd_micros(left * HABIT_PERCENT // 100),
    )


def _cached(target: Target, features: Features) -> int:
    """What the warm prompt cache takes off the cost at this target, unrounded."""
    price = target.model.price.at(features.context_tokens)
    if price.cached_input_usd_micros is None:
        return 0
    tokens = max(min(features.warm_tokens, features.context_tokens), 0)
    return tokens * max(price.input_usd_micros - price.cached_input_usd_micros, 0)


def price_orders(targets: Iterable[Target], features: Features) -> list[PriceOrder]:
    """A key for each target that sorts by the expected price of the request, unrounded and less what staying
    with the conversation's model saves, then lower tiers first, then by id."""
    read, most, warm = max(features.context_tokens, 0), features.max_output_tokens, features.warm
    found = []
    for target in targets:
        model = target.model
        price = model.price.at(read) if model.price.longer else model.price
        cost = read * price.input_usd_micros
        if price.output_usd_micros:
            cost += expected_output_tokens(model, most) * price.output_usd_micros
        if target.id == warm:
            cost -= sum(saved_by_staying(target, features)) * TOKENS_PER_PRICE_UNIT
        found.append((cost, TIER_ORDER[model.tier], target.id))
    return found
