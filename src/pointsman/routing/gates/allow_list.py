"""May this key and this agent use the model?"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from msgspec.structs import replace

from pointsman.core.errors import NotPermitted, PointsmanError
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Target
from pointsman.routing.gates.base import Example, Gate, asking, example, shown

GLOB: Final = frozenset("*?[")


def listed(target: Target, allowed: Sequence[str]) -> bool:
    """Whether `allowed` names the target by its id, its model's name, or a glob of either.

    >>> listed(example(True, asking()).target, ("shop/*",)), listed(example(True, asking()).target, ("m2",))
    (True, False)
    """
    name, identity = target.model.name, target.id
    if name in allowed or identity in allowed:
        return True
    return any(
        not GLOB.isdisjoint(entry) and (fnmatchcase(name, entry) or fnmatchcase(identity, entry))
        for entry in allowed
    )


class AllowList(Gate):
    """Passes who is on the key's list and on the profile's; an empty list allows all.

    >>> gate, case = AllowList(), example(False, asking(allowed_models=("gpt-*",)))
    >>> gate.verdict(case.target, case.features, case.profile)
    'not among the models of the key'
    """

    name = "allow_list"

    def verdict(self, target: Target, features: Features, profile: AgentProfile) -> str:
        """Asks the key's list, then the profile's."""
        if features.allowed_models and not listed(target, features.allowed_models):
            return "not among the models of the key"
        if profile.allowed_models and not listed(target, profile.allowed_models):
            return "not among the models of the agent's profile"
        return ""

    def error(self, targets: Sequence[Target], features: Features, profile: AgentProfile) -> PointsmanError:
        """Names the list that refused."""
        by_key = features.allowed_models and not any(listed(t, features.allowed_models) for t in targets)
        whose = "this key" if by_key else f"agent {shown(profile.id)!r}"
        return NotPermitted(f"{whose} may not use {shown(features.requested)!r}", param="model")

    def stricter(self, features: Features) -> Features:
        """A shorter list; what had one entry or none now names no model at all."""
        fewer = features.allowed_models[:-1] or ("-",)
        return replace(features, allowed_models=fewer)

    def examples(self) -> tuple[Example, ...]:
        """By name, by id, by glob; refused by either list."""
        return (
            example(True, asking()),
            example(True, asking(allowed_models=("m2", "m1"))),
            example(True, asking(allowed_models=("shop/m1",))),
            example(
                True, asking(allowed_models=("m?",)), profile=AgentProfile(id="a", allowed_models=("m*",))
            ),
            example(False, asking(allowed_models=("m2",))),
            example(False, asking(), profile=AgentProfile(id="a", allowed_models=("other/*",))),
        )
