"""What a phase is given: the connection that holds learning's one place, the time, and how to learn."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from pointsman.core.snapshot import AgentProfile, PolicySnapshot
from pointsman.store.pool import Connection

Progress = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is (0: not known)."""


def in_silence(what: str, done: int, total: int) -> None:
    """Nobody watches."""


class Options(Struct, frozen=True, kw_only=True):
    """How to learn. `intervals_s` overrides how often phases run, by name; `forget_per_day` is the share of
    all evidence that fades per day, for worlds that drift; `conversation_weight` the most that one
    conversation may weigh a day. Until `least_outcomes` have been counted, decisions go by capability, which
    outcomes only lower: the first few would send all agents to whoever was lucky. With `early_outcomes` new
    outcomes or more (0: never) confidences are learned before their time. `log_days` is how long requests
    are kept and labels may change, `sums_days` how long a day's sums are; `replayed` decisions are made
    again before a policy is published, and a transaction takes in `batch` outcomes."""

    intervals_s: Mapping[str, float] = field(default_factory=dict)
    least_outcomes: int = 40
    early_outcomes: int = 100
    forget_per_day: float = 0.02
    conversation_weight: float = 6.0
    log_days: int = 30
    sums_days: int = 120
    replayed: int = 1000
    batch: int = 20_000


class Work(Struct, frozen=True, kw_only=True):
    """One run of a phase. `policy` is the policy published last, None before the first gateway ran; `told`
    collects the phase's figures."""

    connection: Connection
    now: datetime
    options: Options = Options()
    policy: PolicySnapshot | None = None
    progress: Progress = in_silence
    told: dict[str, Any] = field(default_factory=dict)

    def profile(self, agent: str) -> AgentProfile:
        """The profile of an agent, by its name in the log."""
        return AgentProfile(id=agent) if self.policy is None else self.policy.profile(agent)
