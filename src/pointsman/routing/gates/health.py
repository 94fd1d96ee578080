"""Has the target been answering?"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Target
from pointsman.routing.gates.base import Example, Gate, asking, example


class Healthy(Gate):
    """Passes targets whose circuit is closed. It yields: trying a sick target beats refusing.

    >>> gate, case = Healthy(), example(False, asking(unhealthy=("shop/m1",)))
    >>> gate.verdict(case.target, case.features, case.profile)
    'unhealthy'
    """

    name = "health"
    per_request = True
    yields = True

    def verdict(self, target: Target, features: Features, profile: AgentProfile) -> str:
        """Looks the target up among the unhealthy ones."""
        return "unhealthy" if target.id in features.unhealthy else ""

    def clearance(self, targets: Sequence[Target]) -> Callable[[Features], bool]:
        """Whether no target is among the unhealthy ones."""
        well = frozenset([target.id for target in targets]).isdisjoint
        return lambda features: not features.unhealthy or well(features.unhealthy)

    def stricter(self, features: Features) -> Features:
        """One more sick target."""
        return replace(features, unhealthy=(*features.unhealthy, "shop/m1"))

    def examples(self) -> tuple[Example, ...]:
        """Well, and sick."""
        return (
            example(True, asking()),
            example(True, asking(unhealthy=("shop/m2",))),
            example(False, asking(unhealthy=("shop/m2", "shop/m1"))),
        )
