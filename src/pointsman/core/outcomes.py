"""What became of a decision, as far as anybody can tell: seen on the wire, inferred, or told.

Outcomes carry codes, hashes and numbers only. No text of a prompt, an answer or a tool's output may get
into one.
"""

from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct


class OutcomeSource(StrEnum):
    """How an outcome is known: `observed` in the answer or a tool's result itself, `inferred` from what
    the client did next, `told` by feedback."""

    OBSERVED = "observed"
    INFERRED = "inferred"
    TOLD = "told"


class OutcomeWord(StrEnum):
    """The words in which agents report what became of a request."""

    SUCCESS = "success"
    FALLBACK = "fallback"
    TIMEOUT = "timeout"
    ERROR = "error"
    USER_REJECTED = "user_rejected"


class OutcomeRecord(Struct, frozen=True, kw_only=True, array_like=True):
    """One sign of how good a decision was: a row of `outcomes`.

    `event_id` follows from what was seen (`event_id_of`), so that the same sign seen twice is one row.
    `decision_id` is the request that made the decision; `attempt` and `target` say whose answer it was
    (empty target: unknown). `label` is 0 (bad) to 1 (good), None when the sign says nothing of the
    model's quality; `weight` is how much it counts, 0 to 1. `outcome` is an `OutcomeWord`, or empty while
    it is open. `detail` is a short code in lower case. Times are microseconds since the epoch: `seen_at_us`
    is when the sign came, `decided_at_us` when the attempt began. New fields go at the end, so that old
    journals stay readable.
    """

    event_id: str
    decision_id: str
    attempt: int
    target: str
    agent_id: str
    signal: str
    label: float | None
    weight: float
    source: str
    outcome: str
    detail: str
    seen_at_us: int
    decided_at_us: int

    @property
    def delay_ms(self) -> int:
        """How long after the decision the sign came."""
        return max(self.seen_at_us - self.decided_at_us, 0) // 1000


def event_id_of(decision_id: str, signal: str, key: str) -> str:
    """The id of a sign: `out_` and 24 hex digits. `key` tells signs of one signal at one decision apart
    (a tool call's id, a hash).

    >>> event_id_of("req_1", "tool_result", "call_1")
    'out_07d2ce05aa9905f466ca389a'
    """
    text = f"{decision_id}\0{signal}\0{key}".encode("utf-8", "surrogatepass")
    return "out_" + blake2b(text, digest_size=12).hexdigest()
