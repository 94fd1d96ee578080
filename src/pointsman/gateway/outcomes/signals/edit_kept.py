"""A client asks for a commit message about the change that our last answer made: the edit was applied.

Weight 0.5. Seen with the side request. Caveat: it is joined by the answer that the request repeats, or else
by agent and address, and left out where that fits several conversations; a commit can be undone.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.5
DETAIL = "committed"


def look(seen: Seen) -> Iterable[Sighting]:
    """The sign, at the step before."""
    if seen.step.complete:
        yield Sighting(DETAIL, 1.0, WEIGHT, outcome=OutcomeWord.SUCCESS)


SIGNAL = Signal(
    name="edit_kept",
    stage=Stage.SIDE,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=frozenset({DETAIL}),
    look=look,
)
