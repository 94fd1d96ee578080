"""The vote of similar tasks (seed E): which of several names did reliably what is most alike, and of
those the cheapest.

Each earlier task speaks for or against the name (of a model or an agent) that did it; a failure is evidence
as a success is. The nearest task counts as far as it is related at all, and the others less the farther
they lie behind it: how near is near differs between embedders, so weights go by the nearest. First comes
reliability, then price: what is a little less certain may win by its price, what is much less certain may
not.
"""

from collections.abc import Iterable, Mapping
from math import exp, inf, isfinite
from typing import Final

from msgspec import Struct

DISTANCE_SCALE: Final = 0.1
"""How far behind the nearest task another one's weight falls to 1/e."""
UNRELATED: Final = 0.25
"""The cosine up to which two texts have nothing to do with each other."""
PRIOR_WEIGHT: Final = 0.25
"""How much the prior of a reliability counts: a quarter of one success at the very same task."""
PRIOR_MEAN: Final = 0.5
CLOSE: Final = 0.1
"""Reliabilities this near to the best one count as equal, so that the price decides."""


class Tried(Struct, frozen=True, kw_only=True):
    """One earlier task. `name` did it; `success` is how well, 0 to 1; `similarity` is the cosine of the two
    tasks' embeddings, -1 to 1; `share`, 0 to 1, is how much of its weight it gets."""

    name: str
    success: float
    similarity: float
    share: float = 1.0


class Stand(Struct, frozen=True, kw_only=True):
    """How one name stands. `reliability` is 0 to 1; `weight` sums up what its tasks count; `price` has the
    unit of the prices given, None when it is not known."""

    name: str
    reliability: float
    weight: float
    tasks: int
    price: float | None = None


def kernel(similarity: float, nearest: float = 1.0) -> float:
    """What a task of that similarity counts, 0 to 1, when the nearest one has the similarity `nearest`;
    nothing if it is no number.

    >>> [round(kernel(similarity, 0.95), 2) for similarity in (0.95, 0.9, 0.6, 0.2)]
    [0.93, 0.57, 0.03, 0.0]
    >>> [round(kernel(similarity, similarity), 2) for similarity in (1.0, 0.6, 0.25)]
    [1.0, 0.47, 0.0]
    """
    if not isfinite(similarity):
        return 0.0
    related = (min(nearest, 1.0) - UNRELATED) / (1.0 - UNRELATED)
    return max(related, 0.0) * exp(min(similarity - nearest, 0.0) / DISTANCE_SCALE)


def standings(tried: Iterable[Tried], priors: Mapping[str, float] | None = None) -> dict[str, Stand]:
    """How each name stands by its tasks. `priors` are reliabilities, 0 to 1, assumed before any task; a name
    that is only there stands too."""
    known, tried = priors or {}, list(tried)
    nearest = max([one.similarity for one in tried if isfinite(one.similarity)], default=0.0)
    sums: dict[str, tuple[float, float, int]] = dict.fromkeys(known, (0.0, 0.0, 0))
    for one in tried:
        weight, good, tasks = sums.get(one.name, (0.0, 0.0, 0))
        counts = kernel(one.similarity, nearest) * one.share
        success = min(max(one.success, 0.0), 1.0) if isfinite(one.success) else 0.0
        sums[one.name] = (weight + counts, good + counts * success, tasks + 1)
    return {
        name: Stand(
            name=name,
            reliability=(good + PRIOR_WEIGHT * known.get(name, PRIOR_MEAN)) / (weight + PRIOR_WEIGHT),
            weight=weight,
            tasks=tasks,
        )
        for name, (weight, good, tasks) in sums.items()
    }


def vote(tried: Iterable[Tried], prices: Mapping[str, float]) -> list[Stand]:
    """The names that were tried, best first: those whose reliability is close to the best by price, then
    the others by reliability. A name without a price counts as the dearest.

    >>> both = [Tried(name=name, success=1.0, similarity=0.9) for name in ("opus", "sonnet")]
    >>> vote(both, {"opus": 100.0, "sonnet": 10.0})[0].name
    'sonnet'
    """
    found = [
        Stand(
            name=one.name,
            reliability=one.reliability,
            weight=one.weight,
            tasks=one.tasks,
            price=prices.get(one.name),
        )
        for one in standings(tried).values()
    ]
    best = max([one.reliability for one in found], default=0.0)
    return sorted(found, key=lambda one: _order(one, best))


def _order(one: Stand, best: float) -> tuple[bool, float, float, str]:
    """Names close to the best first, by price; the rest by reliability."""
    close = one.reliability >= best - CLOSE
    price = one.price if one.price is not None else inf
    return (not close, price if close else 0.0, -one.reliability, one.name)
