"""What agents tell of their own accord: feedback on requests, tasks, and what became of tasks.

The ranges are those of seeds A and C. Costs are US dollars, as those who tell them count.
"""

import hashlib
import re
from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta, Struct

from pointsman.core.outcomes import OutcomeWord

Thumbs = Literal["up", "down"]
FeedbackKind = Literal["outcome", "thumbs"]

Quality = Annotated[float, Meta(ge=0, le=10, description="0 (useless) to 10 (perfect)")]
Satisfaction = Annotated[float, Meta(ge=1, le=5, description="1 (unhappy) to 5 (happy)")]
Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000, description="milliseconds, at most a day")]
Seconds = Annotated[float, Meta(ge=0, le=31_536_000, description="seconds, at most a year")]
Tokens = Annotated[int, Meta(ge=0, le=10**12, description="a number of tokens")]
Count = Annotated[int, Meta(ge=0, le=1_000_000, description="0 to 1,000,000")]
Usd = Annotated[float, Meta(ge=0, le=1e6, description="US dollars, 0 to 1,000,000")]
Value = Annotated[float, Meta(ge=-1e12, le=1e12, description="a value in a unit of the teller's own")]
Word = Annotated[str, Meta(min_length=1, max_length=50)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=10_000)]
LongText = Annotated[str, Meta(max_length=100_000, description="up to 100,000 characters")]
RequestId = Annotated[
    str,
    Meta(
        pattern="^req_[0-9a-hjkmnp-tv-z]{22}$", description="what x-pointsman-request-id says in the answer"
    ),
]
RequestIds = Annotated[tuple[RequestId, ...], Meta(max_length=1000)]

_SPACE: Final = UUID("5d1f6a53-0f0c-5cf5-9a3c-6f2f4b6f1d7e")
_encoder = msgspec.json.Encoder(order="deterministic")
_AGENT_ID: Final = re.compile(r"(?=.*[a-z0-9])[a-z0-9._-]{1,64}")


class FeedbackMetadata(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent measured of an answer."""

    completion_quality: Quality | None = None
    latency_ms: Milliseconds | None = None
    token_count: Tokens | None = None


class FeedbackGiven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent says of one request: an `outcome`, or its user's `thumbs`; one of the two."""

    request_id: RequestId
    outcome: OutcomeWord | None = None
    thumbs: Thumbs | None = None
    metadata: FeedbackMetadata = FeedbackMetadata()


class TaskGiven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task that begins: what it is, what is expected of it, and who gets it.

    `task_id` is the teller's own name for it. `agent` is the caller's id at the gateway; `agent_used`
    is the name of the one who does the work, if that is another. Costs are US dollars.
    """

    task_id: Word | None = None
    task_title: Text | None = None
    task_description: LongText | None = None
    priority: Annotated[str, Meta(min_length=1, max_length=10)] | None = None
    domain: Word | None = None
    complexity: Word | None = None
    predicted_value_score: Value | None = None
    predicted_input_tokens: Tokens | None = None
    predicted_output_tokens: Tokens | None = None
    predicted_cost: Usd | None = None
    assigned_model: Name | None = None
    assignment_reason: Name | None = None
    worker_id: Name | None = None
    workspace: Text | None = None
    session_id: Name | None = None
    parent_task_id: UUID | None = None
    agent: str | None = None
    agent_used: Name | None = None


class TaskResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a task, all at once or bit by bit. What was told stays, unless `revises` is true.

    `request_ids` are the requests made for it. `assigned_model` is for tasks that were begun without one.
    `error_message` should name the kind of the error only. Costs are US dollars.
    """

    success: bool | None = None
    quality_score: Quality | None = None
    tests_passed: Count | None = None
    tests_failed: Count | None = None
    bugs_introduced: Count | None = None
    revision_needed: bool | None = None
    stakeholder_satisfaction: Satisfaction | None = None
    value_delivered: Value | None = None
    actual_input_tokens: Tokens | None = None
    actual_output_tokens: Tokens | None = None
    actual_cost: Usd | None = None
    execution_time_seconds: Seconds | None = None
    assigned_model: Name | None = None
    error_message: Text | None = None
    request_ids: RequestIds | None = None
    revises: bool = False


class Feedback(Struct, frozen=True, kw_only=True, tag="feedback"):
    """Feedback as it was taken. `logged` is False for agents whose requests are not in the log; `weight`
    is the agent's at that time. `received_at_us` is microseconds since the epoch."""

    id: UUID
    agent_id: str
    given: FeedbackGiven
    weight: float
    logged: bool
    received_at_us: int

    @property
    def kind(self) -> FeedbackKind:
        """Which of the two it is."""
        return "outcome" if self.given.thumbs is None else "thumbs"

    @property
    def outcome(self) -> OutcomeWord:
        """The outcome told, or what the thumbs mean."""
        if self.given.outcome is not None:
            return self.given.outcome
        return OutcomeWord.SUCCESS if self.given.thumbs == "up" else OutcomeWord.USER_REJECTED

    @property
    def label(self) -> float:
        """How good the answer was, 0 to 1: the quality told of a success; nothing else is any good."""
        quality = self.given.metadata.completion_quality
        if self.outcome != OutcomeWord.SUCCESS:
            return 0.0
        return 1.0 if quality is None else quality / 10

    @property
    def digest(self) -> str:
        """Tells whether two of one id say the same."""
        return digest_of(self.given)


class TaskBegun(Struct, frozen=True, kw_only=True, tag="task"):
    """A task as it was taken."""

    id: UUID
    agent_id: str
    given: TaskGiven
    received_at_us: int

    @property
    def digest(self) -> str:
        """Tells whether two of one id say the same."""
        return digest_of(self.given)


class TaskEnded(Struct, frozen=True, kw_only=True, tag="task_outcome"):
    """What became of a task, as it was taken. `agent_ids` are those the teller may speak for; empty: any."""

    id: UUID
    task: UUID
    agent_ids: tuple[str, ...]
    given: TaskResult
    received_at_us: int

    @property
    def digest(self) -> str:
        """Tells whether two of one id say the same."""
        return digest_of(self.given)


Report = Feedback | TaskBegun | TaskEnded


def digest_of(given: Struct) -> str:
    """A short hash of what was given, in which the order of fields does not matter."""
    return hashlib.sha256(_encoder.encode(given)).hexdigest()[:32]


def report_id(kind: str, owner: str, key: str) -> UUID:
    """The id of a report. It follows from who tells (`owner`) and under which key, so that a repeat has
    the same one.

    >>> report_id("task", "ci", "k1") == report_id("task", "ci", "k1") != report_id("task", "ci", "k2")
    True
    """
    return uuid5(_SPACE, f"{kind}\0{owner}\0{key}")


def agent_id_of(text: str) -> str | None:
    """`text` as an agent id, or None: lower case, 1 to 64 of `a-z 0-9 . _ -`, a letter or digit among them.

    >>> agent_id_of(" Code-Reviewer "), agent_id_of("a b")
    ('code-reviewer', None)
    """
    agent = text.strip().lower()
    return agent if _AGENT_ID.fullmatch(agent) else None
