"""Reports as agents tell them, for tests."""

from typing import Any
from uuid import UUID, uuid4

from tests.store_records import NOON_US

from pointsman.core.reports import (
    Feedback,
    FeedbackGiven,
    FeedbackMetadata,
    TaskBegun,
    TaskEnded,
    TaskGiven,
    TaskResult,
    report_id,
)

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def request_id_at(us: int, number: int = 0) -> str:
    """A request's id that says that it began at `us`."""
    value = ((us // 1000) << 62) | number
    return "req_" + "".join([_DIGITS[(value >> shift) & 31] for shift in range(105, -1, -5)])


REQUEST = request_id_at(NOON_US)


def feedback(
    outcome: str | None = None,
    *,
    thumbs: str | None = None,
    request_id: str = REQUEST,
    agent: str = "claude-code",
    at_us: int = NOON_US + 1_000_000,
    key: str | None = None,
    **metadata: Any,
) -> Feedback:
    given = FeedbackGiven(
        request_id=request_id, outcome=outcome, thumbs=thumbs, metadata=FeedbackMetadata(**metadata)
    )
    kind = "outcome" if thumbs is None else "thumbs"
    return Feedback(
        id=report_id("feedback", agent, key or f"{request_id} {kind}"),
        agent_id=agent,
        given=given,
        weight=1.0,
        logged=True,
        received_at_us=at_us,
    )


def begun(agent: str = "ci", at_us: int = NOON_US, key: str | None = None, **given: Any) -> TaskBegun:
    identity = uuid4() if key is None else report_id("task", agent, key)
    return TaskBegun(id=identity, agent_id=agent, given=TaskGiven(**given), received_at_us=at_us)


def ended(task: UUID, *agents: str, at_us: int = NOON_US + 60_000_000, **given: Any) -> TaskEnded:
    return TaskEnded(id=uuid4(), task=task, agent_ids=agents, given=TaskResult(**given), received_at_us=at_us)
