"""An answer with neither text nor a tool call.

Weight 1. Seen at once, in our own answer. Caveat: an answer that was to be one token long, or that was cut
short by the limit the client set, is no fault.
"""

from collections.abc import Iterable

from pointsman.core.chat import Finish
from pointsman.core.events import FinishState
from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 1.0
EXCUSED = frozenset(
    {Finish.LENGTH, Finish.REFUSAL, Finish.CONTENT_FILTER, Finish.PAUSE, Finish.STOP_SEQUENCE}
)
DETAIL = "empty"


def look(seen: Seen) -> Iterable[Sighting]:
    """The sign, if nothing came."""
    answer = seen.answer
    if answer is None or answer.state is not FinishState.COMPLETED:
        return
    if answer.empty and answer.finish not in EXCUSED and answer.max_output_tokens != 1:
        yield Sighting(DETAIL, 0.0, WEIGHT, outcome=OutcomeWord.ERROR)


SIGNAL = Signal(
    name="empty_answer",
    stage=Stage.ANSWER,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({DETAIL}),
    look=look,
)
