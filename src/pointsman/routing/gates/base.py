"""What a gate is: one question to one candidate, answered yes or with the figure that failed."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct

from pointsman.core.errors import NoTarget, PointsmanError
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, Target


class Example(Struct, frozen=True, kw_only=True):
    """A case for the conformance suite. `passes` is what the gate must say."""

    target: Target
    features: Features
    profile: AgentProfile
    passes: bool


class Gate:
    """Base of the gates.

    `per_request` is False when the verdict hangs only on the target, the profile and the features that
    `plan.py` keys its plans by, so that it can be given once for many requests. A gate that `yields` lets
    everyone through, marked degraded, rather than leave nobody; the others raise `error`.
    """

    name: ClassVar[str]
    per_request: ClassVar[bool] = False
    yields: ClassVar[bool] = False

    def verdict(self, target: Target, features: Features, profile: AgentProfile) -> str:
        """An empty string when `target` passes, else why not, in ASCII. Never raises."""
        raise NotImplementedError

    def error(self, targets: Sequence[Target], features: Features, profile: AgentProfile) -> PointsmanError:
        """What to tell the client when none of `targets` (at least one) passes."""
        return NoTarget(f"no model passes the gate {self.name!r} right now")

    def clearance(self, targets: Sequence[Target]) -> Callable[[Features], bool]:
        """A quick test for `per_request` gates, made once for a plan: True only if all `targets` pass.
        Answering False costs time and nothing else."""
        return _never

    def stricter(self, features: Features) -> Features:
        """A request that asks at least as much of a candidate: who fails `features` fails it too."""
        return features

    def examples(self) -> tuple[Example, ...]:
        """Cases of both outcomes, which the conformance suite runs all its checks on."""
        raise NotImplementedError


def _never(features: Features) -> bool:
    return False


def example(
    passes: bool, features: Features, model: Model | None = None, profile: AgentProfile | None = None
) -> Example:
    """An example around a plain target `shop/m1`."""
    target = Target(
        id="shop/m1",
        provider="shop",
        model=model or Model(name="m1"),
        upstream_model="m1",
        dialects=("openai_chat",),
    )
    return Example(
        target=target, features=features, profile=profile or AgentProfile(id="agent"), passes=passes
    )


def asking(**fields: object) -> Features:
    """Features of a request for `auto` with the given fields, for examples."""
    return Features(**({"agent": "agent", "requested": "auto", "dialect": "openai_chat"} | fields))  # type: ignore[arg-type]


def shown(text: str, limit: int = 100) -> str:
    """A client's word, fit for a message: at most `limit` characters."""
    return text if len(text) <= limit else text[:limit] + "..."
