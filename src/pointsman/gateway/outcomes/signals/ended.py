"""A conversation has been silent for half an hour.

Weight 0.05 after a final answer of a longer conversation; no label when it stopped inside a tool loop. Seen
after 30 minutes. Caveat: silence is no approval; a single question and its answer leave nothing at all.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.05
QUIET, LEFT_IN_LOOP = "quiet_after_answer", "left_in_tool_loop"


def look(seen: Seen) -> Iterable[Sighting]:
    """How the conversation stopped; `step` is its last."""
    step = seen.step
    if step.calls:
        yield Sighting(LEFT_IN_LOOP, None, 0.0)
    elif step.thread.taken > 1 and step.complete:
        yield Sighting(QUIET, 1.0, WEIGHT)


SIGNAL = Signal(
    name="ended",
    stage=Stage.LATER,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=frozenset({QUIET, LEFT_IN_LOOP}),
    look=look,
)
