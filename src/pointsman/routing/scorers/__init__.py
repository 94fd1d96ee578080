"""The scorers, by the objective that asks for them."""

from typing import Final

from pointsman.routing.scorers.adaptive import Adaptive
from pointsman.routing.scorers.base import Scorer
from pointsman.routing.scorers.explore import Explore
from pointsman.routing.scorers.reliable import Reliable
from pointsman.routing.scorers.similar import Similar
from pointsman.routing.scorers.value import Value
from pointsman.routing.scorers.worth import Worth

SCORERS: Final[dict[str, Scorer]] = {
    scorer.name: scorer for scorer in (Reliable(), Worth(), Explore(), Adaptive(), Value(), Similar())
}
