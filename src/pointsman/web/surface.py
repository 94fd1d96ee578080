"""All operations of the control API. A new one is a handler and an entry here."""

from functools import lru_cache
from typing import Any, Final

from starlette.requests import Request

from pointsman.core.ports import Control
from pointsman.core.reports import FeedbackGiven, TaskGiven, TaskResult
from pointsman.store.learned import Divergence
from pointsman.store.tasks import Task
from pointsman.web import agents, decisions, keys, log, overview, policies, reports
from pointsman.web.calibrations import CALIBRATION_OPERATIONS
from pointsman.web.memory_surface import MEMORY_OPERATIONS
from pointsman.web.openapi import document
from pointsman.web.operations import Operation
from pointsman.web.shapes import (
    FeedbackTaken,
    KeyList,
    KeyShown,
    KeyWanted,
    LogPage,
    Ready,
    Replay,
    RequestTold,
    Summary,
    TaskOutcomeTaken,
    TaskTaken,
)

PREFIX: Final = "/api/v1"


async def described(control: Control, request: Request) -> Any:
    """This API's description."""
    return description()


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The OpenAPI document of all operations."""
    return document(OPERATIONS, PREFIX)


OPERATIONS: Final = (
    *MEMORY_OPERATIONS,
    *CALIBRATION_OPERATIONS,
    Operation(
        method="GET",
        path="/healthz",
        name="alive",
        what="Says that the process is alive. Needs no token.",
        handler=overview.alive,
        bare=True,
    ),
    Operation(
        method="GET",
        path="/readyz",
        name="ready",
        what="Says whether requests can be served: 200, or 503 while there is no target or the gateway "
        "shuts down. The state of the database is told but does not decide. Needs no token.",
        handler=overview.ready,
        gives=Ready,
        bare=True,
    ),
    Operation(
        method="GET",
        path="/status",
        name="status",
        what="This process's figures, the running policy, the database's state and each target's health.",
        handler=overview.status,
    ),
    Operation(
        method="GET",
        path="/models",
        name="models",
        what="`models`: all targets with their prices, abilities and health. `aliases`: the names that "
        "lead to them.",
        handler=overview.models,
    ),
    Operation(
        method="GET",
        path="/agents",
        name="agents",
        what="`agents`: who has called or is configured, and what each used, by tier. `counted` says of "
        "which time: without the database, since this process started.",
        handler=agents.listing,
        queries=agents.QUERIES,
    ),
    Operation(
        method="GET",
        path="/agents/{agent_id}",
        name="agent",
        what="One agent: what it used, its `profile`, the `performance` of its models, its `confidence` in "
        "each (how likely its average task is to succeed: `score`, 0 to 1, give or take `deviation`, from so "
        "many `observations` of its own), and the `user_satisfaction` with each: the share of thumbs that "
        "are up; these two are null without the database. `hindrances` say why nothing, or less than could "
        "be, is learned of it.",
        handler=agents.told,
        queries=agents.QUERIES,
    ),
    Operation(
        method="GET",
        path="/keys",
        name="list_keys",
        what="All API keys, without their secrets.",
        handler=keys.listing,
        gives=KeyList,
        needs_database=True,
    ),
    Operation(
        method="POST",
        path="/keys",
        name="create_key",
        what="Makes an API key. Its secret is in this answer and nowhere else.",
        handler=keys.create,
        takes=KeyWanted,
        gives=KeyShown,
        status=201,
        needs_database=True,
    ),
    Operation(
        method="DELETE",
        path="/keys/{key_id}",
        name="revoke_key",
        what="Revokes an API key for good: the gateway refuses it from the answer on.",
        handler=keys.revoke,
        gives=KeyShown,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/log",
        name="log",
        what="Logged attempts, newest first, a page at a time.",
        handler=log.page,
        queries=log.PAGE_QUERIES,
        gives=LogPage,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/requests/{request_id}",
        name="request",
        what="All attempts at one request, and the outcomes seen of it.",
        handler=log.told,
        gives=RequestTold,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/decisions/{request_id}",
        name="decision",
        what="Makes a logged decision again and tells it in full: candidates, gates, scores, fallbacks, and "
        "whether it comes out the same.",
        handler=decisions.told,
        gives=Replay,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/summary",
        name="summary",
        what="Requests, tokens, cost and failures by agent and model.",
        handler=log.summary,
        queries=log.SUMMARY_QUERIES,
        gives=Summary,
        needs_database=True,
    ),
    Operation(
        method="POST",
        path="/agents/{agent_id}/feedback",
        name="give_feedback",
        what="Takes what an agent says of one of its requests: an `outcome`, or its user's `thumbs`. What is "
        "answered is on the disk, and counts as soon as the database has it. A repeat gets the same answer; "
        "`Idempotency-Key` names it, or else the request and which of the two it is. To correct what was "
        "said, send it with a key of its own. Called with the agent's API key.",
        handler=reports.give_feedback,
        takes=FeedbackGiven,
        gives=FeedbackTaken,
        status=202,
        by_agents=True,
        at_root=True,
    ),
    Operation(
        method="POST",
        path="/tasks",
        name="begin_task",
        what="Takes a task that begins: 201, or 202 while the database is away. A repeat gets the same "
        "answer; `Idempotency-Key` names it, or else `task_id`. Called with the agent's API key.",
        handler=reports.begin_task,
        takes=TaskGiven,
        gives=TaskTaken,
        status=201,
        by_agents=True,
        at_root=True,
    ),
    Operation(
        method="GET",
        path="/tasks/{task}",
        name="task",
        what="A task and what became of it.",
        handler=reports.task,
        gives=Task,
        needs_database=True,
        by_agents=True,
        at_root=True,
    ),
    Operation(
        method="POST",
        path="/tasks/{task}/outcome",
        name="end_task",
        what="Takes what became of a task: 200, or 202 while the database is away. It may be told bit by "
        "bit. What was told before is not overwritten but with `revises`. Called with the agent's API key.",
        handler=reports.end_task,
        takes=TaskResult,
        gives=TaskOutcomeTaken,
        by_agents=True,
        at_root=True,
    ),
    Operation(
        method="GET",
        path="/policies",
        name="policies",
        what="The policies published, newest first: which one runs here, which holds what was learned last, "
        "which is pinned.",
        handler=policies.listing,
        queries=(policies.LIMIT,),
        gives=policies.PolicyList,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/policies/{old}/diff/{new}",
        name="policy_diff",
        what="What differs between two policies, in configuration and in what was learned.",
        handler=policies.diff,
        gives=policies.PolicyDiff,
        needs_database=True,
    ),
    Operation(
        method="POST",
        path="/policies/{version}/rollback",
        name="roll_back_policy",
        what="Publishes what a policy had learned as a new policy, and pins that: learning goes on, but "
        "publishes nothing until the release. All gateways take it over at once.",
        handler=policies.roll_back,
        gives=policies.PolicyPinned,
        needs_database=True,
    ),
    Operation(
        method="POST",
        path="/policies/release",
        name="release_policy",
        what="Lets learning publish again after a rollback.",
        handler=policies.release,
        gives=policies.PolicyPinned,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/learning",
        name="learning",
        what="How learning is: its phases, the policy published last, alerts and divergences.",
        handler=policies.learning,
        gives=policies.LearningTold,
        needs_database=True,
    ),
    Operation(
        method="POST",
        path="/agents/{agent_id}/divergences/review",
        name="review_divergence",
        what="Notes that somebody has looked at an agent's divergence. The agent's evidence goes on "
        "counting; no alert comes of the divergence again, unless it returns after a week without.",
        handler=policies.review,
        takes=policies.DivergenceReviewed,
        gives=Divergence,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/rules",
        name="rules",
        what="What each agent's requests of a kind go to and who takes over, as evidence has it.",
        handler=policies.rules,
        queries=(policies.AGENT,),
        gives=policies.RuleList,
        needs_database=True,
    ),
    Operation(
        method="POST",
        path="/config/reload",
        name="reload_config",
        what="Reads the configuration again. An invalid one is refused, and the running one stays.",
        handler=overview.reload,
    ),
    Operation(
        method="GET",
        path="/openapi.json",
        name="openapi",
        what="This description, as OpenAPI 3.1.",
        handler=described,
    ),
)
"""Every path the API answers."""
