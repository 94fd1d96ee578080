"""The model issues the very same tool call for the third time, or more often, without having done anything
new in between.

Weight 0.6. Seen at once, in our own answer. To run the tests again after a new edit, or when the human asks,
is no repetition, nor is to ask again for the output of what still runs. Caveat: other polling (a job's state
by a shell command) repeats calls rightly; the turn's cap bounds what that can do.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.uses import Use

WEIGHT = 0.6
AT_LEAST = 3
DETAIL = "same_call_again"


def look(seen: Seen) -> Iterable[Sighting]:
    """The calls that were issued too often. The thread has counted this answer's calls already."""
    if seen.answer is None:
        return
    counts = seen.step.thread.repeats
    for call_id, issued in seen.step.calls.items():
        if counts.get(issued.key, 0) >= AT_LEAST and issued.use is not Use.WAIT:
            yield Sighting(DETAIL, 0.0, WEIGHT, key=call_id)


SIGNAL = Signal(
    name="repeated_call",
    stage=Stage.ANSWER,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({DETAIL}),
    look=look,
)
