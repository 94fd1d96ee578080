"""The unit of decision is the turn: inside it the model stays, unless it fails or gets nowhere.

A model that failed is not among the candidates any more, so that the turn goes on with the best-ranked one.
"""

from collections.abc import Sequence

from pointsman.core.features import Features
from pointsman.routing import reasons
from pointsman.routing.rating import Candidate


def within_turn(candidates: Sequence[Candidate], features: Features) -> tuple[list[Candidate], str | None]:
    """The candidates in the order that the running turn asks for, and why; None where it asks for nothing.

    The turn's own model comes first. When the turn has stalled, the most reliable of those that are more
    reliable than it comes first; if there is none, it has to go on.
    """
    held = next((one for one in candidates if one.target.id == features.held), None)
    if held is None:
        return list(candidates), None
    others = [one for one in candidates if one is not held]
    better = [one for one in others if one.confidence > held.confidence] if features.stalled else []
    if not better:
        return [held, *others], reasons.TURN_KEPT
    next_one = max(better, key=lambda one: one.confidence)
    return [next_one, *(one for one in candidates if one is not next_one)], reasons.ESCALATED
