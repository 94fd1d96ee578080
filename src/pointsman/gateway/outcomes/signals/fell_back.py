"""Another target had to answer, because the ones before it failed.

No label and no weight: the fault is recorded at the attempt that failed. It is kept since agents that
tolerate a fallback count it otherwise than those that do not. Seen at once. Caveat: none.
"""

from collections.abc import Iterable

from pointsman.core.events import FinishState
from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.0
DETAIL = "answered_by_fallback"


def look(seen: Seen) -> Iterable[Sighting]:
    """The sign, at the attempt that answered in the end."""
    answer = seen.answer
    if answer is not None and answer.state is FinishState.COMPLETED and answer.fell_back:
        yield Sighting(DETAIL, None, WEIGHT, outcome=OutcomeWord.FALLBACK)


SIGNAL = Signal(
    name="fell_back",
    stage=Stage.ANSWER,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({DETAIL}),
    look=look,
)
