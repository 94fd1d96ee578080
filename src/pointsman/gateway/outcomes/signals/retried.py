"""The client sent the very same request again after it had failed or been cut off.

No label and no weight: it tells of availability, not of quality. Seen with the retry. Caveat: none.
"""

from collections.abc import Iterable

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.0
DETAIL = "client_retry"


def look(seen: Seen) -> Iterable[Sighting]:
    """The sign, at the step that did not end well."""
    request, step = seen.request, seen.step
    if request is not None and request.body_hash == step.body_hash and not step.complete:
        yield Sighting(DETAIL, None, WEIGHT, request.decision_id, outcome=OutcomeWord.ERROR)


SIGNAL = Signal(
    name="retried",
    stage=Stage.NEXT,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({DETAIL}),
    look=look,
)
