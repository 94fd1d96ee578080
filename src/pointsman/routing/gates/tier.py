"""Is the model of a tier that this agent uses?"""

from collections.abc import Sequence

from pointsman.core.errors import NotPermitted, PointsmanError
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, Target
from pointsman.routing.gates.base import Example, Gate, asking, example, shown


class TierGate(Gate):
    """Passes models of the profile's tiers; a profile without tiers takes all.

    >>> gate, case = TierGate(), example(False, asking(), profile=AgentProfile(id="a", tiers=("fast",)))
    >>> gate.verdict(case.target, case.features, case.profile)
    'tier medium, the agent takes fast'
    """

    name = "tier"

    def verdict(self, target: Target, features: Features, profile: AgentProfile) -> str:
        """Compares the model's tier with the profile's list."""
        tiers = profile.tiers
        if not tiers or target.model.tier in tiers:
            return ""
        return f"tier {target.model.tier}, the agent takes {' or '.join(tiers)}"

    def error(self, targets: Sequence[Target], features: Features, profile: AgentProfile) -> PointsmanError:
        """Names the tiers that the agent is held to."""
        return NotPermitted(
            f"agent {shown(profile.id)!r} is held to models of tier {' or '.join(profile.tiers)}; "
            f"{shown(features.requested)!r} has none",
            param="model",
        )

    def examples(self) -> tuple[Example, ...]:
        """No tiers, a fitting one, a wrong one."""
        return (
            example(True, asking()),
            example(True, asking(), Model(name="m1", tier="fast"), AgentProfile(id="a", tiers=("fast",))),
            example(False, asking(), Model(name="m1", tier="large"), AgentProfile(id="a", tiers=("fast",))),
        )
