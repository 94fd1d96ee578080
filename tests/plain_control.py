"""A gateway's control made of plain values, for tests of whatever asks one."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from msgspec import to_builtins

from pointsman.core.errors import InvalidRequest
from pointsman.core.features import Features
from pointsman.core.keys import ApiKey
from pointsman.core.money import FREE, Price
from pointsman.core.snapshot import AgentProfile, Alias, Model, PolicySnapshot, Target
from pointsman.memory.keeper import TaskMemory
from pointsman.web.app import control_app

TOKEN = "the-admin-token"
BEARER = {"authorization": f"Bearer {TOKEN}"}
HERE = "http://127.0.0.1:8484"


def a_target(provider: str, model: str, capability: float, price: Price = FREE) -> Target:
    return Target(
        id=f"{provider}/{model}",
        provider=provider,
        model=Model(name=model, capability={"general": capability}, price=price),
        upstream_model=model,
        dialects=("openai_chat",),
        local=provider == "ollama",
    )


def a_policy(version: int = 7) -> PolicySnapshot:
    """Two targets behind `auto`, of which openai/gpt-x is the better and ollama/qwen the cheaper one."""
    price = Price(input_usd_micros=2_500_000, output_usd_micros=10_000_000, source="catalogue")
    targets = [a_target("openai", "gpt-x", 90.0, price), a_target("ollama", "qwen", 60.0)]
    return PolicySnapshot(
        version=version,
        targets={target.id: target for target in targets},
        names={target.model.name: (target.id,) for target in targets},
        aliases={"auto": Alias(name="auto", objective="adaptive")},
        agents={"claude-code": AgentProfile(id="claude-code", gate=0.65)},
        default_agent=AgentProfile(id="default"),
    )


def features_of(requested: str = "auto", agent: str = "ci-bot") -> Features:
    return Features(agent=agent, requested=requested, dialect="openai_chat")


class PlainControl:
    """`core.ports.Control`, answering from its attributes; `done` tells what was asked of it."""

    def __init__(self, pool: Any = None, policy: PolicySnapshot | None = None) -> None:
        self.pool = pool
        self.policy = policy or a_policy()
        self.done: list[str] = []
        self.draining = False
        self.invalid: str | None = None
        self.inbox: Any = None
        self.memory = TaskMemory()
        self.ring: dict[str, ApiKey] = {}
        self.phase_intervals_s = {"aggregate": 900.0}
        self.seen: list[dict[str, Any]] = [an_agent("ci-bot")]
        self.parts: dict[str, Any] = {}

    def logged_as(self, agent_id: str) -> str:
        return f"anon-{agent_id}" if self.policy.profile(agent_id).anonymous else agent_id

    async def forget(self, agent_id: str) -> Sequence[str]:
        self.seen = [one for one in self.seen if one["id"] != agent_id]
        self.done.append(f"forget {agent_id}")
        return (agent_id, f"anon-{agent_id}")

    def key_of(self, headers: Mapping[bytes, bytes]) -> ApiKey | None:
        return self.ring.get(headers.get(b"authorization", b"").removeprefix(b"Bearer ").decode())

    def status(self) -> Mapping[str, Any]:
        figures = {"version": "0.1.0", "pid": 4242, "started_s": 1_763_700_000, "draining": self.draining}
        return figures | self.parts

    def models(self) -> Sequence[Mapping[str, Any]]:
        return [to_builtins(target) for _, target in sorted(self.policy.targets.items())]

    def agents(self) -> Sequence[Mapping[str, Any]]:
        return self.seen

    def health(self) -> Sequence[Mapping[str, Any]]:
        health = {"target": "openai/gpt-x", "state": "half_open", "failures_in_row": 3, "open_for_s": 0.0}
        return [health | {"successes": 9, "failures": 3, "latency_ms": 810.5, "last_error": "overloaded"}]

    async def reload(self) -> Mapping[str, Any]:
        if self.invalid is not None:
            raise InvalidRequest(self.invalid, code="invalid_config")
        self.done.append("reload")
        return {"version": 8, "added": ["ollama/new"], "removed": [], "needs_restart": []}

    async def keys_changed(self) -> None:
        self.done.append("keys_changed")


def an_agent(agent_id: str) -> dict[str, Any]:
    used = {"requests": 5, "retries": 1, "side_requests": 2, "further_attempts": 0}
    used |= {"tokens_in": 12_345, "tokens_out": 678, "cost_usd_micros": 1_230}
    seen = {"first_seen_us": 1_763_700_000_000_000, "last_seen_us": 1_763_700_060_000_000}
    return {"id": agent_id, "source": "header", **seen, "tiers": {"medium": used}}


def client_of(
    control: PlainControl, *, loopback_only: bool = True, peer: str = "127.0.0.1", **options: Any
) -> httpx.AsyncClient:
    """A client of the control API of `control`, as if it called from `peer`."""
    app = control_app(control, admin_token=TOKEN, loopback_only=loopback_only)
    transport = httpx.ASGITransport(app=app, client=(peer, 50_000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=HERE, **options)
