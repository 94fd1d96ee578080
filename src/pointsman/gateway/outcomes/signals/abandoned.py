"""The client hung up before the answer's end.

Weight 0.3 when content had been read for at least 2 s, 0.15 when nothing had come for 20 s or more (too
slow); else no label. Seen after 2.5 s without a retry. Caveat: people also stop what goes well, close
windows and lose networks; therefore it is weak.
"""

from collections.abc import Iterable

from pointsman.core.events import FinishState
from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.3
IMPATIENT_WEIGHT = 0.15
READ_S = 2.0
LONG_WAIT_US = 20_000_000
READ_THEN_LEFT, TIRED_OF_WAITING, LEFT_AT_ONCE = "read_then_left", "tired_of_waiting", "left_at_once"


def look(seen: Seen) -> Iterable[Sighting]:
    """How long the client bore it."""
    answer, step = seen.answer, seen.step
    if answer is None or answer.state is not FinishState.CLIENT_GONE or step.retried:
        return
    shown_s = answer.shown_s
    if shown_s is not None and shown_s >= READ_S:
        yield Sighting(READ_THEN_LEFT, 0.0, WEIGHT, outcome=OutcomeWord.USER_REJECTED)
    elif shown_s is None and step.ended_at_us - step.started_at_us >= LONG_WAIT_US:
        yield Sighting(TIRED_OF_WAITING, 0.0, IMPATIENT_WEIGHT, outcome=OutcomeWord.TIMEOUT)
    else:
        yield Sighting(LEFT_AT_ONCE, None, 0.0)


SIGNAL = Signal(
    name="abandoned",
    stage=Stage.ANSWER,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=frozenset({READ_THEN_LEFT, TIRED_OF_WAITING, LEFT_AT_ONCE}),
    look=look,
)
