"""What a signal is: one way to see how good a decision was. One file a signal, one line in the table.

A signal looks at what is `Seen` and yields sightings. It never keeps or gives out text: its `details` are
all the codes it can say.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.answers import Answer
from pointsman.gateway.outcomes.memory import Step
from pointsman.gateway.outcomes.tails import Tail


class Stage(StrEnum):
    """When a signal looks: at our own answer, at the request that follows it, at a side request about it,
    or when nothing came."""

    ANSWER = "answer"
    NEXT = "next"
    SIDE = "side"
    LATER = "later"


class Sighting(NamedTuple):
    """One sign. `weight` is at most the signal's own; `key` tells several of one signal at one step apart
    and gets into a hash only; `step` is whose it is, None for the step looked at. `whole` is what the sign
    weighs at all the steps among which it is shared out, 0 if it is not."""

    detail: str
    label: float | None
    weight: float
    key: str = ""
    step: Step | None = None
    outcome: OutcomeWord | None = None
    whole: float = 0.0


class Seen(Struct, kw_only=True, eq=False):
    """What a signal may look at.

    At Stage.ANSWER `step` has just been answered and `answer` is what came. At Stage.NEXT `step` is the
    one that the request follows, `tail` what the client sent since, `request` the step made by answering
    that request. At Stage.SIDE and Stage.LATER only `step` is there. `now_us` is the wall
    clock.
    """

    step: Step
    now_us: int
    answer: Answer | None = None
    tail: Tail | None = None
    request: Step | None = None


class Signal(Struct, frozen=True, kw_only=True):
    """A row of the table. `weight` is the most one sign of it counts, `details` are its codes. At
    Stage.ANSWER `plain` says that it has something to say of a plain answer: whole, of text only, by the
    first target asked. Most answers are plain, so the others are not even asked about them."""

    name: str
    stage: Stage
    source: OutcomeSource
    weight: float
    details: frozenset[str]
    look: Callable[[Seen], Iterable[Sighting]]
    plain: bool = False
