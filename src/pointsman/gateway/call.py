"""One client request on its way through the pipeline."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pointsman.core.chat import ChatRequest, EmbedRequest, Outline
from pointsman.core.decision import Decision
from pointsman.core.errors import PointsmanError
from pointsman.core.events import FinishState, RequestKind
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, PolicySnapshot
from pointsman.gateway.dialects.base import ChatCodec, EmbedCodec, Losses, Route
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.identify import Caller
from pointsman.memory.reader import NOTHING_READ, TaskRead

if TYPE_CHECKING:
    from pointsman.gateway.attempt import Attempt


class Tried(NamedTuple):
    """An attempt that has ended, at loop time `ended_s`, and how."""

    attempt: "Attempt"
    state: FinishState
    error: PointsmanError | None
    ended_s: float


@dataclass(slots=True)
class Call:
    """What is known of a request so far; the pipeline's stages fill it in from top to bottom.

    `started_s` is loop time, `started_at_us` the wall clock in microseconds since the epoch. `outline`
    and `caller` are set by `admit`; `snapshot`, `profile`, `features` and `decision` by `choose`: whoever
    may see a call that was refused before asks `reached`. `canonical` is decoded on first use, by an
    attempt that must translate. `task` is what the request is about. `tried` are the attempts so far.
    `watched` says that `Repeats` waits for the request's end; `state` and `empty` (neither text nor tool
    call) are how it ended. `logged_as` is the agent's name in the log.
    """

    exchange: Exchange
    route: Route
    codec: ChatCodec | EmbedCodec
    request_id: str
    started_s: float
    started_at_us: int
    outline: Outline = field(init=False)
    caller: Caller = field(init=False)
    logged_as: str = "unknown"
    snapshot: PolicySnapshot = field(init=False)
    profile: AgentProfile = field(init=False)
    features: Features = field(init=False)
    decision: Decision = field(init=False)
    task: TaskRead = NOTHING_READ
    kind: RequestKind = RequestKind.REQUEST
    body_hash: int = 0
    canonical: ChatRequest | EmbedRequest | None = None
    losses: Losses = field(default_factory=Losses)
    tried: list[Tried] = field(default_factory=list)
    recorded: bool = False
    watched: bool = False
    state: FinishState = FinishState.FAILED
    empty: bool = False

    def reached(self, name: str) -> bool:
        """Whether the stage that sets the attribute `name` has done so."""
        return hasattr(self, name)
