"""What is sent for each report. Values only; sending is `wire`'s business."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict
from urllib.parse import quote

from pointsman.client.responses import request_id_of

Outcome = Literal["success", "fallback", "timeout", "error", "user_rejected"]


class TaskFields(TypedDict, total=False):
    """What may be said of a task when it begins. Costs are US dollars."""

    task_id: str
    task_title: str
    task_description: str
    priority: str
    domain: str
    complexity: str
    predicted_value_score: float
    predicted_input_tokens: int
    predicted_output_tokens: int
    predicted_cost: float
    assigned_model: str
    assignment_reason: str
    worker_id: str
    workspace: str
    session_id: str
    parent_task_id: str
    agent_used: str


class TaskResult(TypedDict, total=False):
    """What may be said of a task when it has ended: quality 0 to 10, satisfaction 1 to 5, US dollars."""

    success: bool
    quality_score: float
    tests_passed: int
    tests_failed: int
    bugs_introduced: int
    revision_needed: bool
    stakeholder_satisfaction: float
    value_delivered: float
    actual_input_tokens: int
    actual_output_tokens: int
    actual_cost: float
    execution_time_seconds: float
    assigned_model: str
    error_message: str
    request_ids: Sequence[str]
    revises: bool


class Choice(TypedDict, total=False):
    """What may be said of a task that wants an agent and a model. `agent` does it for certain; `agents` and
    `models` are those to choose from; `limit` is how many similar tasks are looked at."""

    agent: str
    agents: Sequence[str]
    models: Sequence[str]
    priority: str
    domain: str
    complexity: str
    limit: int


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to the gateway. `key` is its Idempotency-Key: every try has the same."""

    method: str
    path: str
    body: bytes | None = None
    key: str | None = None


def new_key() -> str:
    """An Idempotency-Key that nobody else has."""
    return uuid.uuid4().hex


def feedback(agent: str, request: Any, said: Mapping[str, Any], *, corrects: bool) -> Call:
    """Feedback on the request that `request` is an id or a response of. Raises ValueError when there is no
    id in it."""
    request_id = request_id_of(request)
    if request_id is None:
        raise ValueError("there is no request id of a Pointsman gateway in what was given")
    body = {"request_id": request_id, **{name: value for name, value in said.items() if value is not None}}
    path = f"/agents/{quote(agent, safe='')}/feedback"
    return Call(method="POST", path=path, body=_json(body), key=new_key() if corrects else None)


def metadata(quality: float | None, latency_ms: float | None, token_count: int | None) -> Mapping[str, Any]:
    """What was measured of an answer, in the words of the API."""
    told = {"completion_quality": quality, "latency_ms": latency_ms, "token_count": token_count}
    return {name: value for name, value in told.items() if value is not None}


def create_task(agent: str | None, fields: TaskFields, key: str | None) -> Call:
    """A task that begins. Without a `key`, `task_id` tells whether it has begun before."""
    body = dict(fields) if agent is None else {**fields, "agent": agent}
    return Call(method="POST", path="/tasks", body=_json(body), key=key)


def task_outcome(task_id: str, result: TaskResult) -> Call:
    """What became of a task."""
    return Call(method="POST", path=f"/tasks/{quote(task_id, safe='')}/outcome", body=_json(dict(result)))


def get_task(task_id: str) -> Call:
    """A question for a task."""
    return Call(method="GET", path=f"/tasks/{quote(task_id, safe='')}")


def recommend(task: str, choice: Choice) -> Call:
    """A question for the agent and the model that should do a task."""
    return Call(method="POST", path="/api/v1/recommend", body=_json({**choice, "task": task}))


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, allow_nan=False).encode()
