"""The unit of decision is the turn: inside it the model stays, unless it fails, gets nowhere or is corrected.

A model that failed is not among the candidates any more, so that the turn goes on with the best-ranked one.
"""

from collections.abc import Sequence
from typing import Final

from pointsman.core.features import Features
from pointsman.routing import reasons
from pointsman.routing.rating import Candidate

CLEARLY_LESS: Final = 0.8
"""A model that fails four times where the other fails five times is worth the handover. Less may be chance,
and what one of two equals could not do, the other mostly cannot either."""


def within_turn(candidates: Sequence[Candidate], features: Features) -> tuple[list[Candidate], str | None]:
    """The candidates in the order that the running turn asks for, and why; None where it asks for nothing.

    The turn's own model comes first. When the turn has stalled, the best-ranked of those that fail clearly
    less often comes first (by the usual objective: the cheapest that is reliable enough); if there is none,
    the turn's own has to go on.
    """
    held = next((one for one in candidates if one.target.id == features.held), None)
    if held is None:
        return list(candidates), None
    others = [one for one in candidates if one is not held]
    most_failing = CLEARLY_LESS * (1.0 - held.confidence)
    better = [one for one in others if 1.0 - one.confidence <= most_failing] if features.stalled else []
    if not better:
        return [held, *others], reasons.TURN_KEPT
    return [better[0], *(one for one in candidates if one is not better[0])], reasons.ESCALATED
