"""What `decide()` answers."""

from msgspec import Struct, field


class Verdict(Struct, frozen=True, kw_only=True):
    """One gate's word on one candidate: passed, or why not (`reason` names the figure that failed)."""

    gate: str
    passed: bool
    reason: str = ""


class Term(Struct, frozen=True, kw_only=True):
    """One addend of a score; the terms of a candidate add up to its score."""

    name: str
    value: float


class CandidateTrace(Struct, frozen=True, kw_only=True):
    """All that was weighed for one candidate. `confidence_terms` add up to `confidence`, which is unsure by
    `deviation`; `propensity` is how likely this candidate was to be chosen, whatever the seed.
    `staying_usd_micros` are taken off the expected cost, since a switch away from the conversation's model
    loses them: what the warm prompt `cache` saves, earlier `thinking` that other providers refuse, and
    `habit`, what the user is used to."""

    target: str
    verdicts: tuple[Verdict, ...] = ()
    terms: tuple[Term, ...] = ()
    score: float | None = None
    confidence: float | None = None
    expected_cost_usd_micros: int | None = None
    confidence_terms: tuple[Term, ...] = ()
    deviation: float | None = None
    propensity: float | None = None
    staying_usd_micros: tuple[Term, ...] = ()


class Decision(Struct, frozen=True, kw_only=True):
    """The chosen target and who may take over. `target` ids; `confidence` 0-1; `reason` one line;
    `reason_code` a machine word; `trace` is filled only when asked for (`explain`), and the same
    features, snapshot and seed give the same bytes. `propensity` is how likely this target was to be chosen
    before the seed spoke: 1 unless the agent explores."""

    target: str
    fallbacks: tuple[str, ...]
    confidence: float
    reason_code: str
    reason: str
    snapshot_version: int
    trace: tuple[CandidateTrace, ...] = field(default=())
    propensity: float = 1.0
