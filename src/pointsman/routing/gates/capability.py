"""Can the model do what the request needs?"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from pointsman.core.errors import CannotCarry, InvalidRequest, PointsmanError
from pointsman.core.features import Features, Need
from pointsman.core.snapshot import AgentProfile, Model, Target
from pointsman.routing.gates.base import Example, Gate, asking, example, shown

_EMBEDDING: Final = int(Need.EMBEDDING)
_WORDS: Final = {int(need): (need.name or "").lower().replace("_", " ") for need in Need}


def words(needs: int) -> str:
    """The abilities of a bit set, as words.

    >>> words(Need.TOOLS | Need.JSON_SCHEMA), words(1 << 20)
    ('tools, json schema', 'ability bit 20')
    """
    bits = [bit for bit in range(needs.bit_length()) if needs >> bit & 1] if needs > 0 else []
    return ", ".join(_WORDS.get(1 << bit, f"ability bit {bit}") for bit in bits)


def kind_of(needs: int) -> str:
    """The kind of model a request is for: `embedding` or `chat`."""
    return "embedding" if needs & _EMBEDDING else "chat"


class Capability(Gate):
    """Passes models of the right kind whose abilities cover the request's needs.

    >>> gate, case = Capability(), example(False, asking(needs=int(Need.TOOLS)))
    >>> gate.verdict(case.target, case.features, case.profile)
    'lacks tools'
    """

    name = "capability"

    def verdict(self, target: Target, features: Features, profile: AgentProfile) -> str:
        """Compares kinds, then bit sets."""
        model, needs = target.model, features.needs
        if (model.kind == "embedding") != bool(needs & _EMBEDDING):
            return f"{model.kind} model, the request is for {kind_of(needs)}"
        missing = needs & ~model.abilities & ~_EMBEDDING
        return f"lacks {words(missing)}" if missing else ""

    def error(self, targets: Sequence[Target], features: Features, profile: AgentProfile) -> PointsmanError:
        """Says which ability no candidate has, or that none has all of them."""
        name, needs, kind = shown(features.requested), features.needs, kind_of(features.needs)
        fitting = [target for target in targets if target.model.kind == kind]
        if not fitting:
            return InvalidRequest(f"{name!r} has no {kind} model", param="model", code="wrong_model_kind")
        covered = _EMBEDDING
        for target in fitting:
            covered |= target.model.abilities
        if missing := needs & ~covered:
            return CannotCarry(f"no model of {name!r} can do: {words(missing)}", param="model")
        return CannotCarry(f"no single model of {name!r} can do all of: {words(needs)}", param="model")

    def stricter(self, features: Features) -> Features:
        """Needs that no model has are added."""
        return replace(features, needs=features.needs | 1 << 40)

    def examples(self) -> tuple[Example, ...]:
        """Kinds and abilities, fitting and not."""
        tools, images, embedding = int(Need.TOOLS), int(Need.IMAGES), _EMBEDDING
        vectors = Model(name="m1", kind="embedding")
        return (
            example(True, asking()),
            example(True, asking(needs=tools), Model(name="m1", abilities=tools | images)),
            example(True, asking(needs=embedding), vectors),
            example(False, asking(needs=tools | images), Model(name="m1", abilities=tools)),
            example(False, asking(needs=embedding)),
            example(False, asking(), vectors),
        )
