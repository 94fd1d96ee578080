"""What agents tell: feedback on requests, tasks, and what became of them."""

import time
from typing import Any, Final
from uuid import UUID, uuid4

from msgspec.structs import replace
from starlette.requests import Request

from pointsman.core.errors import Conflict, GatewayFault, InvalidRequest, NotFound, PointsmanError
from pointsman.core.ports import Control
from pointsman.core.reports import (
    Feedback,
    FeedbackGiven,
    Report,
    TaskBegun,
    TaskEnded,
    TaskGiven,
    TaskResult,
    digest_of,
    report_id,
)
from pointsman.memory.classify import PARTS, labels_told
from pointsman.store import tasks
from pointsman.store.inbox import Inbox, InboxFull, Refusal
from pointsman.web.answers import Answered
from pointsman.web.bodies import read_as
from pointsman.web.database import database
from pointsman.web.shapes import FeedbackTaken, TaskOutcomeTaken, TaskTaken
from pointsman.web.tellers import agent_named, idempotency_key, logged_agents

RETRY_S: Final = 5
NOTHING_TOLD: Final = TaskResult()
_ERRORS: Final[dict[str, type[PointsmanError]]] = {
    "unknown": NotFound,
    "conflict": Conflict,
    "invalid": InvalidRequest,
}


class NotTaken(GatewayFault):
    """A report could not be written down: it must be told again."""

    status = 503
    code = "not_taken"
    retryable = True


async def give_feedback(control: Control, request: Request) -> Any:
    """Takes what an agent says of a request."""
    agent = agent_named(request, request.path_params["agent_id"], "agent_id")
    given = await read_as(request, FeedbackGiven)
    if (given.outcome is None) == (given.thumbs is None):
        raise InvalidRequest("Give either an `outcome` or `thumbs`.", param="outcome")
    profile = control.policy.profile(agent)
    kind = "outcome" if given.thumbs is None else "thumbs"
    own_key = idempotency_key(request)
    key = f"{given.request_id} {kind}" if own_key is None else f"key {own_key}"
    report = Feedback(
        id=report_id("feedback", agent, key),
        agent_id=control.logged_as(agent),
        given=given,
        weight=profile.feedback_weight,
        logged=profile.log_requests,
        received_at_us=_now_us(),
    )
    await _take(control, report)
    return FeedbackTaken(id=report.id, agent=agent, request_id=given.request_id, outcome=report.outcome)


async def begin_task(control: Control, request: Request) -> Any:
    """Takes a task that begins."""
    given = _labelled(await read_as(request, TaskGiven))
    agent = agent_named(request, given.agent, "agent")
    own_key = idempotency_key(request)
    if own_key is not None:
        key = f"key {own_key}"
    else:
        key = f"new {uuid4()}" if given.task_id is None else f"task {given.task_id}"
    report = TaskBegun(
        id=report_id("task", agent, key),
        agent_id=control.logged_as(agent),
        given=given,
        received_at_us=_now_us(),
    )
    stored = await _take(control, report)
    taken = TaskTaken(id=report.id, agent=agent, task_id=given.task_id or str(report.id))
    return Answered(taken, 201 if stored else 202)


async def end_task(control: Control, request: Request) -> Any:
    """Takes what became of a task."""
    named = _task_named(request)
    given = await read_as(request, TaskResult)
    if given in (NOTHING_TOLD, TaskResult(revises=True)):
        raise InvalidRequest("Tell at least one thing, such as `success`.", param="success")
    report = TaskEnded(
        id=report_id("task_outcome", str(named), idempotency_key(request) or digest_of(given)),
        task=named,
        agent_ids=logged_agents(control, request),
        given=given,
        received_at_us=_now_us(),
    )
    stored = await _take(control, report)
    return Answered(TaskOutcomeTaken(id=named), 200 if stored else 202)


async def task(control: Control, request: Request) -> Any:
    """A task and what became of it."""
    named = _task_named(request)
    agents = logged_agents(control, request)
    async with database(control) as pool:
        found = await tasks.get(pool, named)
    if found is None or (agents and found.agent not in agents):
        raise _no_task(str(named))
    return found


def _labelled(given: TaskGiven) -> TaskGiven:
    """With its labels as requests have them, so that what is learned of both is kept together."""
    told = labels_told({part: getattr(given, part) for part in PARTS})
    return replace(given, **{part: getattr(told, part) or None for part in PARTS})


async def _take(control: Control, report: Report) -> bool:
    """Whether the database has the report already. Raises NotFound, Conflict and NotTaken."""
    inbox: Inbox = control.inbox
    try:
        verdict = await inbox.put(report)
    except (InboxFull, OSError) as error:
        raise NotTaken(
            f"This could not be written down ({error or 'too much waits for the database'}): tell it again.",
            retry_after_s=RETRY_S,
        ) from error
    if isinstance(verdict, Refusal):
        raise _ERRORS[verdict.why](verdict.message, param=verdict.param)
    return verdict


def _task_named(request: Request) -> UUID:
    text = request.path_params["task"]
    try:
        return UUID(text)
    except ValueError:
        raise _no_task(text) from None


def _no_task(name: str) -> NotFound:
    return NotFound(f"There is no task {name!r}; it is named by the `id` that POST /tasks answers.")


def _now_us() -> int:
    return time.time_ns() // 1000
