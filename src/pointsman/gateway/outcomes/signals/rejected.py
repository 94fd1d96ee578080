"""The user turned down a tool call, or interrupted the agent.

Weight 0.7 for a call turned down, 0.4 for an interruption. Seen with the next request. Caveat: people turn
down right calls too (a secret, a cost), and an interruption may only be a second thought.
"""

from collections.abc import Iterable

from pointsman.core.events import FinishState
from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.tool_outputs import REJECTED, code_of

WEIGHT = 0.7
INTERRUPTED_WEIGHT = 0.4
TURNED_DOWN, INTERRUPTED = "turned_down", "interrupted"


def look(seen: Seen) -> Iterable[Sighting]:
    """One sign a call turned down, or one for the interruption, which an abandoned answer has shown
    already."""
    tail, step = seen.tail, seen.step
    if tail is None:
        return
    turned_down = [one for one in tail.results if one.call_id in step.calls and code_of(one) == REJECTED]
    for result in turned_down:
        yield Sighting(TURNED_DOWN, 0.0, WEIGHT, result.call_id, outcome=OutcomeWord.USER_REJECTED)
    if tail.words.interrupted and not turned_down and step.state is not FinishState.CLIENT_GONE:
        yield Sighting(INTERRUPTED, 0.0, INTERRUPTED_WEIGHT, outcome=OutcomeWord.USER_REJECTED)


SIGNAL = Signal(
    name="rejected",
    stage=Stage.NEXT,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=frozenset({TURNED_DOWN, INTERRUPTED}),
    look=look,
)
