"""One client request on its way through the pipeline."""

from dataclasses import dataclass, field

from pointsman.core.chat import ChatRequest, EmbedRequest, Outline
from pointsman.core.decision import Decision
from pointsman.core.events import RequestKind
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, PolicySnapshot
from pointsman.gateway.dialects.base import ChatCodec, EmbedCodec, Losses, Route
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.identify import Caller


@dataclass(slots=True)
class Call:
    """What is known of a request so far; the pipeline's stages fill it in from top to bottom.

    `started_s` is loop time, `started_at_us` the wall clock in microseconds since the epoch.
    `canonical` is decoded on first use, by an attempt that must translate.
    """

    exchange: Exchange
    route: Route
    codec: ChatCodec | EmbedCodec
    request_id: str
    started_s: float
    started_at_us: int
    outline: Outline | None = None
    caller: Caller | None = None
    profile: AgentProfile | None = None
    kind: RequestKind = RequestKind.REQUEST
    body_hash: int = 0
    snapshot: PolicySnapshot | None = None
    features: Features | None = None
    decision: Decision | None = None
    canonical: ChatRequest | EmbedRequest | None = None
    losses: Losses = field(default_factory=Losses)
    attempts: int = 0
    recorded: bool = False
