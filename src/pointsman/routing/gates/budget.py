"""Is there money left for this model?"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from pointsman.core.errors import PointsmanError, QuotaExhausted
from pointsman.core.features import Features
from pointsman.core.money import TOKENS_PER_PRICE_UNIT, Price
from pointsman.core.snapshot import AgentProfile, Model, Target
from pointsman.routing.cost import EXPECTED_OUTPUT_TOKENS, expected_cost_usd_micros
from pointsman.routing.gates.base import Example, Gate, asking, example


class Budget(Gate):
    """Passes when the request's expected cost is within what is left today; what costs nothing always does.

    >>> gate, model = Budget(), Model(name="m1", price=Price(output_usd_micros=10_000_000))
    >>> case = example(False, asking(budget_left_usd_micros=5000), model)
    >>> gate.verdict(case.target, case.features, case.profile)
    'costs about 10240 micro-USD, 5000 left'
    """

    name = "budget"
    per_request = True

    def verdict(self, target: Target, features: Features, profile: AgentProfile) -> str:
        """Compares the expected cost with what is left."""
        left = features.budget_left_usd_micros
        if left is None:
            return ""
        cost = expected_cost_usd_micros(target.model, features)
        return "" if cost <= 0 or cost <= left else f"costs about {cost} micro-USD, {left} left"

    def error(self, targets: Sequence[Target], features: Features, profile: AgentProfile) -> PointsmanError:
        """Says what the cheapest candidate would cost, and when there is money again."""
        least = min(expected_cost_usd_micros(target.model, features) for target in targets)
        left = max(features.budget_left_usd_micros or 0, 0)
        return QuotaExhausted(
            f"the daily budget has {left / 1e6:.6f} USD left and the cheapest model would cost about "
            f"{least / 1e6:.6f} USD; it starts anew at 00:00 UTC"
        )

    def clearance(self, targets: Sequence[Target]) -> Callable[[Features], bool]:
        """Whether there is no budget to keep to, or enough for the dearest prices and the longest answer."""
        prices = [target.model.price for target in targets]
        rates = [*prices, *[longer for price in prices for longer in price.longer]]
        dearest_input = max([one.input_usd_micros for one in rates], default=0)
        dearest_output = max([one.output_usd_micros for one in rates], default=0)
        answer = EXPECTED_OUTPUT_TOKENS * dearest_output

        def clears(features: Features) -> bool:
            left = features.budget_left_usd_micros
            if left is None:
                return True
            return max(features.context_tokens, 0) * dearest_input + answer <= left * TOKENS_PER_PRICE_UNIT

        return clears

    def stricter(self, features: Features) -> Features:
        """Nothing left."""
        return replace(features, budget_left_usd_micros=min(features.budget_left_usd_micros or 0, 0))

    def examples(self) -> tuple[Example, ...]:
        """No budget, just enough, one micro-USD short, and a free model without a cent."""
        dear = Model(name="m1", price=Price(input_usd_micros=1_000_000))
        return (
            example(True, asking(context_tokens=10**9), dear),
            example(True, asking(context_tokens=500, budget_left_usd_micros=500), dear),
            example(False, asking(context_tokens=501, budget_left_usd_micros=500), dear),
            example(True, asking(context_tokens=501, budget_left_usd_micros=0)),
        )
