"""The human goes on with something new and corrects nothing.

Weight 0.15. Seen with the next human turn. Caveat: going on is no approval; people also give up on a point.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.lexicon import asks, verdict_of

WEIGHT = 0.15
DETAIL = "went_on"


def look(seen: Seen) -> Iterable[Sighting]:
    """The sign, if a human spoke after a whole answer with no call in it, and the turn is a new one."""
    tail, step = seen.tail, seen.step
    if tail is None or not tail.words.human or tail.words.interrupted or tail.results:
        return
    asked_before = seen.request is not None and seen.request.asked in step.followers
    if not step.complete or step.calls or asked_before:
        return
    if verdict_of(tail.words.human, asked=asks(tail.said)) is None:
        yield Sighting(DETAIL, 1.0, WEIGHT)


SIGNAL = Signal(
    name="continued",
    stage=Stage.NEXT,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=frozenset({DETAIL}),
    look=look,
)
