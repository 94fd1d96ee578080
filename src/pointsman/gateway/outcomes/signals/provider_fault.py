"""The provider failed, or did not answer in time.

No label and no weight: it tells of availability, not of quality. Seen at once. Caveat: a request that the
provider rejects as invalid may be the client's fault, so it is not recorded here.
"""

from collections.abc import Iterable

from pointsman.core.errors import (
    UpstreamFault,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
    UpstreamTimeout,
)
from pointsman.core.events import FinishState
from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.0
TIMEOUT, LIMITED, OVERLOADED, FAILED = "timeout", "rate_limited", "overloaded", "failed"


def look(seen: Seen) -> Iterable[Sighting]:
    """What kind of fault it was."""
    answer = seen.answer
    if answer is None or answer.state is not FinishState.FAILED:
        return
    error = answer.error
    if isinstance(error, UpstreamRejected) or not isinstance(error, UpstreamFault):
        return
    if isinstance(error, UpstreamTimeout):
        yield Sighting(TIMEOUT, None, WEIGHT, outcome=OutcomeWord.TIMEOUT)
        return
    limited = isinstance(error, UpstreamLimited)
    detail = LIMITED if limited else OVERLOADED if isinstance(error, UpstreamOverloaded) else FAILED
    yield Sighting(detail, None, WEIGHT, outcome=OutcomeWord.ERROR)


SIGNAL = Signal(
    name="provider_fault",
    stage=Stage.ANSWER,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({TIMEOUT, LIMITED, OVERLOADED, FAILED}),
    look=look,
)
