"""The values the control API takes and gives."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, defstruct
from msgspec.structs import fields

from pointsman.core.events import RequestRecord
from pointsman.core.keys import ApiKey
from pointsman.core.outcomes import OutcomeRecord, OutcomeSource, OutcomeWord
from pointsman.store.request_log import Entry, ModelSummary

NOT_SHOWN = frozenset({"features"})
"""Of a record; a decision's features are told with the decision."""

LoggedAttempt = defstruct(
    "LoggedAttempt",
    [
        *[(field.name, field.type) for field in fields(RequestRecord) if field.name not in NOT_SHOWN],
        ("outcome", OutcomeWord | None),
        ("completion_quality", float | None),
    ],
    namespace={
        "__doc__": "One attempt at a request, as logged. Times in microseconds since the epoch. `outcome` "
        "and `completion_quality` (0 to 10) are what was told of it; null when nothing was."
    },
    module=__name__,
    kw_only=True,
)


def logged(entry: Entry) -> dict[str, Any]:
    """The entry as the API shows it: a LoggedAttempt."""
    told = {"outcome": entry.outcome, "completion_quality": entry.completion_quality}
    names = [name for name in LoggedAttempt.__struct_fields__ if name not in told]
    return {name: getattr(entry.record, name) for name in names} | told


class LogPage(Struct, kw_only=True):
    """Attempts, newest first. `next` is the `before` of the following page, null on the last."""

    attempts: list[LoggedAttempt]  # type: ignore[valid-type]
    next: str | None


class OutcomeTold(Struct, kw_only=True):
    """A sign of how good a decision was. `agent_id` is the agent that left it: one that another agent left
    than the one that made the request does not count. `label` is 0 (bad) to 1 (good), null when it says
    nothing of quality; `weight` is how much it counts; `attempt` and `target` say whose answer it was;
    `delay_ms` is how long after the decision it came. `corrected`: something newer was told, which counts in
    its place."""

    agent_id: str
    signal: str
    detail: str
    source: str
    outcome: str
    label: float | None
    weight: float
    attempt: int
    target: str
    seen_at_us: int
    delay_ms: int
    corrected: bool


def outcomes_told(records: Sequence[OutcomeRecord]) -> list[OutcomeTold]:
    """A decision's outcomes, oldest first, as the API shows them."""
    told = [one for one in records if one.source == OutcomeSource.TOLD]
    by_time = sorted(told, key=lambda one: (one.seen_at_us, one.event_id))
    newest = {(one.agent_id, one.signal): one for one in by_time}
    names = [name for name in OutcomeTold.__struct_fields__ if name != "corrected"]
    return [
        OutcomeTold(
            **{name: getattr(one, name) for name in names},
            corrected=one.source == OutcomeSource.TOLD and newest[one.agent_id, one.signal] is not one,
        )
        for one in records
    ]


class RequestTold(Struct, kw_only=True):
    """All attempts at one request, first to last, what they cost together, and the outcomes seen so far."""

    request_id: str
    attempts: list[LoggedAttempt]  # type: ignore[valid-type]
    cost_usd_micros: int
    outcomes: list[OutcomeTold]


class Summary(Struct, kw_only=True):
    """Sums by agent and model, of what started at `since_s` (seconds since the epoch) or later."""

    since_s: int
    rows: list[ModelSummary]


class KeyWanted(Struct, kw_only=True, forbid_unknown_fields=True):
    """A key to make. `agent` fixes whom its bearer is; without it the bearer may name itself, one of
    `allowed_agents` if that is not empty. `allowed_models` empty: any. No budget: no limit."""

    name: str
    agent: str | None = None
    allowed_agents: tuple[str, ...] = ()
    allowed_models: tuple[str, ...] = ()
    daily_budget_usd_micros: int | None = None


class KeyShown(Struct, kw_only=True):
    """A key without its secret, of which `hint` is the end. `secret` is there once: in the answer that
    made the key. Times are seconds since the epoch."""

    id: str
    name: str
    hint: str
    agent: str | None
    allowed_agents: tuple[str, ...]
    allowed_models: tuple[str, ...]
    daily_budget_usd_micros: int | None
    created_s: int
    revoked_s: int | None
    secret: str | UnsetType = UNSET


class KeyList(Struct, kw_only=True):
    """All keys, revoked ones too."""

    keys: list[KeyShown]


def key_shown(key: ApiKey, secret: str | UnsetType = UNSET) -> KeyShown:
    """What may be told of a key."""
    shown = {name: getattr(key, name) for name in KeyShown.__struct_fields__ if name != "secret"}
    return KeyShown(**shown, secret=secret)


class Ready(Struct, kw_only=True):
    """Whether the gateway can serve. It serves without the database, so that does not decide."""

    ready: bool
    targets: int
    draining: bool
    database: str


class Replay(Struct, kw_only=True):
    """A logged decision made again. `recorded` is what the log says was chosen, `replayed` the decision in
    full, from the `features` and the snapshot it was made from. `same` is null when the two cannot be
    compared; `note` says why, or what else must be known."""

    request_id: str
    recorded: dict[str, Any]
    features: dict[str, Any]
    replayed: dict[str, Any]
    same: bool | None
    note: str | None


class FeedbackTaken(Struct, kw_only=True):
    """Feedback as it was taken. A repeat has the same `id`."""

    id: UUID
    agent: str
    request_id: str
    outcome: OutcomeWord


class TaskTaken(Struct, kw_only=True):
    """A task as it was taken. `id` names it from now on; `task_id` is its teller's own name for it."""

    id: UUID
    agent: str
    task_id: str


class TaskOutcomeTaken(Struct, kw_only=True):
    """The task of which something was told."""

    id: UUID


class Failure(Struct, kw_only=True):
    """What went wrong: a machine word, and a sentence that says what to do."""

    type: str
    message: str
    request_id: str | UnsetType = UNSET


class Refused(Struct, kw_only=True):
    """The shape of every error."""

    error: Failure
