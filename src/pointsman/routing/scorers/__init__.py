"""The scorers, by the objective that asks for them."""

from typing import Final

from pointsman.routing.scorers.adaptive import Adaptive
from pointsman.routing.scorers.base import Scorer

SCORERS: Final[dict[str, Scorer]] = {scorer.name: scorer for scorer in (Adaptive(),)}
