"""What a calibration is: prompts put to many models, each answer scored from 0 to 1."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from pointsman.core.reports import RequestId

CALIBRATION_AGENT: Final = "pointsman-calibration"
"""As whom calibrations ask, so that their traffic and cost are nobody else's. What they find out counts in
what all agents share, and for no agent of its own."""
CALIBRATION_SIGNAL: Final = "calibration"

Score = Annotated[float, Meta(ge=0, le=1, description="0 (wrong) to 1 (right)")]
Word = Annotated[str, Meta(pattern="^[a-z0-9_]{1,40}$", description="a short code in lower case")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
UsdMicros = Annotated[int, Meta(ge=0, le=10**12, description="micro-US-dollars")]
Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
Grader = Literal["exact", "json_schema", "tests", "judge"]


class CalibrationWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calibration to begin or to go on with. `digest` tells what is asked of whom and how it is scored: an
    unfinished one of the same digest is continued, unless `fresh`."""

    digest: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    source: Name
    items: Annotated[int, Meta(ge=1, le=100_000)]
    targets: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=1000)]
    budget_usd_micros: UsdMicros
    judge: Name | None = None
    fresh: bool = False


class CalibrationResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of one prompt at one target. `item` names the prompt without telling it. `score` is None
    when there was no answer to score; `detail` says why, or what was wrong with it. The cost is that of the
    answer and of judging it."""

    item: Name
    target: Name
    grader: Grader
    score: Score | None = None
    detail: Word = "scored"
    request_id: RequestId | None = None
    cost_usd_micros: UsdMicros = 0
    latency_ms: Milliseconds = 0.0


class CalibrationResults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some results, taken all or none. `finished` says that there will be no more."""

    results: Annotated[tuple[CalibrationResult, ...], Meta(max_length=1000)] = ()
    finished: bool = False
