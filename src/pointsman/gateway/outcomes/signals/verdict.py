"""A human's words about the answer before: a correction, a wish to try again or to undo, praise.

Weight 0.6, shared out among the last steps in which the model that worked last did something. Seen
with the next human turn. Caveat: words are read by a small list in a few languages, which
misses most verdicts and gets some wrong; blocks of the client, code and quotes are taken out first. A "no" to
a question of ours is an answer.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.lexicon import PRAISE, VERDICTS, asks, verdict_of

WEIGHT = 0.6
MAX_CREDITED = 8


def look(seen: Seen) -> Iterable[Sighting]:
    """The verdict, if there is one and it is about an answer that the human saw."""
    tail = seen.tail
    if tail is None or not tail.words.human or not seen.step.complete:
        return
    verdict = verdict_of(tail.words.human, asked=asks(tail.said))
    if verdict is None:
        return
    done = seen.step.thread.doers() or [seen.step]
    if done[1:] and done[-1] is seen.step and done[-1].calls and not tail.results:
        done.pop()  # what it called for was not done
    done = [one for one in done if one.target == done[-1].target][-MAX_CREDITED:]
    label, outcome = (1.0, OutcomeWord.SUCCESS) if verdict == PRAISE else (0.0, OutcomeWord.USER_REJECTED)
    for one in done:
        yield Sighting(verdict, label, WEIGHT / len(done), step=one, outcome=outcome, whole=WEIGHT)


SIGNAL = Signal(
    name="verdict",
    stage=Stage.NEXT,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=VERDICTS,
    look=look,
)
