"""A human's words about the answer before: a correction, a wish to try again or to undo, praise.

Weight 0.6. Seen with the next human turn. Caveat: words are read by a small list in a few languages, which
misses most verdicts and gets some wrong; blocks of the client, code and quotes are taken out first.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.lexicon import PRAISE, VERDICTS, verdict_of

WEIGHT = 0.6


def look(seen: Seen) -> Iterable[Sighting]:
    """The verdict, if there is one and it is about an answer that the human saw."""
    tail = seen.tail
    if tail is None or not tail.words.human or not seen.step.complete:
        return
    verdict = verdict_of(tail.words.human)
    if verdict == PRAISE:
        yield Sighting(verdict, 1.0, WEIGHT, outcome=OutcomeWord.SUCCESS)
    elif verdict is not None:
        yield Sighting(verdict, 0.0, WEIGHT, outcome=OutcomeWord.USER_REJECTED)


SIGNAL = Signal(
    name="verdict",
    stage=Stage.NEXT,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=VERDICTS,
    look=look,
)
