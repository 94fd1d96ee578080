"""What the request path works with."""

from dataclasses import dataclass, field

from pointsman.accounting.budgets import Budgets
from pointsman.core.ports import Recorder
from pointsman.gateway.agents import AgentRegistry
from pointsman.gateway.health import Health
from pointsman.gateway.http.client import Upstream
from pointsman.gateway.identify import Identifier
from pointsman.gateway.masks import Mask
from pointsman.gateway.outcomes import Observer
from pointsman.gateway.policy import Policy
from pointsman.gateway.repeats import Repeats
from pointsman.gateway.shadow import Shadows
from pointsman.gateway.turns import Turns
from pointsman.gateway.unread import UnreadCap
from pointsman.memory.keeper import TaskMemory


@dataclass
class Parts:
    """What the pipeline works with. `upstreams` is looked up by target id, then by provider name;
    `observer` sees outcomes, if anybody is to."""

    policy: Policy
    identifier: Identifier
    registry: AgentRegistry
    recorder: Recorder
    budgets: Budgets
    mask: Mask
    upstreams: dict[str, Upstream] = field(default_factory=dict)
    memory: TaskMemory = field(default_factory=TaskMemory)
    repeats: Repeats = field(default_factory=Repeats)
    health: Health = field(default_factory=Health)
    turns: Turns = field(default_factory=Turns)
    unread: UnreadCap = field(default_factory=UnreadCap)
    observer: Observer | None = None
    shadows: Shadows | None = None

    def upstream(self, target_id: str, provider: str) -> Upstream | None:
        """Where to ask a target; None when its provider is gone."""
        return self.upstreams.get(target_id) or self.upstreams.get(provider)
