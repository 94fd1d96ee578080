"""An answer that ended before the model was done: at its length limit, by a content filter, or because the
provider's stream broke off.

Weight 0.6 for the limit and the filter; a broken stream says nothing of the model (no label). Seen at once,
in our own answer. Caveat: a client that asked for few tokens wanted a short answer, so a small limit does
not count.
"""

from collections.abc import Iterable

from pointsman.core.chat import Finish
from pointsman.core.events import FinishState
from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.6
SMALL_LIMIT_TOKENS = 1024
LENGTH, FILTERED, TRUNCATED = "length", "content_filter", "truncated"


def look(seen: Seen) -> Iterable[Sighting]:
    """How it was cut short."""
    answer = seen.answer
    if answer is None:
        return
    if answer.state is FinishState.TRUNCATED:
        yield Sighting(TRUNCATED, None, 0.0, outcome=OutcomeWord.ERROR)
    elif answer.finish is Finish.CONTENT_FILTER:
        yield Sighting(FILTERED, 0.0, WEIGHT, outcome=OutcomeWord.ERROR)
    elif answer.finish is Finish.LENGTH:
        limit = answer.max_output_tokens
        if limit is None or limit > SMALL_LIMIT_TOKENS:
            yield Sighting(LENGTH, 0.0, WEIGHT, outcome=OutcomeWord.ERROR)


SIGNAL = Signal(
    name="cut_short",
    stage=Stage.ANSWER,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({LENGTH, FILTERED, TRUNCATED}),
    look=look,
)
