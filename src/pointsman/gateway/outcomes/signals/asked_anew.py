"""The client goes back: it asks the same again after a whole answer (regenerate), or puts other words in
place of the last ones (edited prompt).

Weight 0.6 for asking the same again, 0.25 for other words. Seen with the request that goes back. Most clients
regenerate with the very same bytes: these count where they come 2 s or more after the answer's end. Caveat:
sooner they are a retry or a script that samples, but there are slow scripts, too; and a first message is
recognised only where the client names its conversations.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.6
EDITED_WEIGHT = 0.25
READ_US = 2_000_000
MOST_VERSIONS = 3
"""Who puts still other words into one place is a program with many questions to the same text."""
REGENERATED, EDITED = "regenerated", "edited"


def look(seen: Seen) -> Iterable[Sighting]:
    """The sign, at the answer that was not good enough: another one that followed the same step."""
    request = seen.request
    if request is None or not request.asked or not request.opens_turn:
        return
    same = seen.step.followers.get(request.asked)
    if same is not None:
        read_us = request.started_at_us - same.ended_at_us
        if same.complete and (same.body_hash != request.body_hash or read_us >= READ_US):
            yield Sighting(REGENERATED, 0.0, WEIGHT, request.decision_id, same, OutcomeWord.USER_REJECTED)
        return
    others = [one for one in seen.step.followers.values() if one.complete and one.opens_turn]
    if 0 < len(others) <= MOST_VERSIONS:
        yield Sighting(EDITED, 0.0, EDITED_WEIGHT, f"{request.asked:x}", others[-1])


SIGNAL = Signal(
    name="asked_anew",
    stage=Stage.NEXT,
    source=OutcomeSource.INFERRED,
    weight=WEIGHT,
    details=frozenset({REGENERATED, EDITED}),
    look=look,
)
