"""The client goes back: it asks the same again after a whole answer (regenerate), or puts other words in
place of the last ones (edited prompt).

Weight 0.6 for asking the same again, 0.25 for other words. Seen with the request that goes back. Most clients
regenerate with the very same bytes: these count where they come 2 s or more after the answer's end. Caveat:
sooner they are a retry or a script that samples, and who asks again more than three times is such a script,
too; a first message is recognised only where the client names its conversations.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.memory import Step

WEIGHT = 0.6
EDITED_WEIGHT = 0.25
READ_US = 2_000_000
MOST_VERSIONS = 3
"""Who goes back to one place more often is a program: one with many questions to the same text, or one that
samples answers."""
REGENERATED, EDITED = "regenerated", "edited"


def look(seen: Seen) -> Iterable[Sighting]:
    """The sign, at the answer that was not good enough: another one that followed the same step."""
    request = seen.request
    if request is None or not request.asked or not request.opens_turn:
        return
    same = seen.step.followers.get(request.asked)
    if same is not None:
        if same.complete and same.version <= MOST_VERSIONS and _was_read(same, request):
            yield Sighting(REGENERATED, 0.0, WEIGHT, request.decision_id, same, OutcomeWord.USER_REJECTED)
        return
    others = [one for one in seen.step.followers.values() if one.complete and one.opens_turn]
    if 0 < len(others) <= MOST_VERSIONS:
        yield Sighting(EDITED, 0.0, EDITED_WEIGHT, f"{request.asked:x}", others[-1])


def _was_read(same: Step, request: Step) -> bool:
    """Whether the answer had been looked at: other bytes are no retry, the very same ones only later."""
    return same.body_hash != request.body_hash or request.started_at_us - same.ended_at_us >= READ_US


SIGNAL = Signal(
    name="asked_anew",
    stage=Stage.NEXT,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=frozenset({REGENERATED, EDITED}),
    look=look,
)
