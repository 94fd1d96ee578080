"""The hidden truth of the world: how likely each model is able to do a task, before and after the drift.

Only the stand-in provider and the report know it. What the gateway is configured with (capability, price,
tier) is what an operator would write down, and is partly wrong.
"""

from typing import Final, NamedTuple

from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile
from pointsman.routing.turns import CLEARLY_LESS

PROVIDER: Final = "world"


class Offer(NamedTuple):
    """A model as the operator describes it. Prices are US dollars per million tokens."""

    tier: str
    capability: int
    input_usd: float
    output_usd: float

    @property
    def price(self) -> Price:
        return Price(
            input_usd_micros=round(self.input_usd * 1e6), output_usd_micros=round(self.output_usd * 1e6)
        )


class Needs(NamedTuple):
    """An agent: how it speaks, how sure it wants to be, and what it works on."""

    form: str
    gate: float
    domains: tuple[str, ...]


MODELS: Final = {
    "sprint": Offer("fast", 71, 0.1, 0.4),
    "stride": Offer("medium", 76, 0.5, 2.0),
    "craft": Offer("medium", 80, 2.0, 8.0),
    "summit": Offer("large", 90, 6.0, 30.0),
}
"""Cheapest first."""
AGENTS: Final = {
    "codex": Needs("codex", 0.70, ("code", "infrastructure")),
    "aider": Needs("aider", 0.70, ("code", "testing")),
    "claude-code": Needs("claude", 0.65, ("code", "infrastructure")),
    "drafts": Needs("claude", 0.50, ("data",)),
    "payments": Needs("claude", 0.85, ("data",)),
}
"""`drafts` and `payments` do the same work and need opposite models: one may fail, the other must not."""
_SKILLS: Final = {
    ("code", "sprint"): (0.45, 0.45),
    ("code", "stride"): (0.90, 0.35),
    ("code", "craft"): (0.93, 0.93),
    ("code", "summit"): (0.96, 0.96),
    ("infrastructure", "sprint"): (0.30, 0.30),
    ("infrastructure", "stride"): (0.40, 0.40),
    ("infrastructure", "craft"): (0.92, 0.35),
    ("infrastructure", "summit"): (0.95, 0.95),
    ("testing", "sprint"): (0.92, 0.30),
    ("testing", "stride"): (0.90, 0.45),
    ("testing", "craft"): (0.93, 0.93),
    ("testing", "summit"): (0.96, 0.96),
    ("data", "sprint"): (0.72, 0.15),
    ("data", "stride"): (0.70, 0.20),
    ("data", "craft"): (0.68, 0.68),
    ("data", "summit"): (0.97, 0.97),
}
"""Before and after the drift: `stride` gets worse at everything, `sprint` at tests and data, `craft` at
infrastructure. No model is within 0.17 of the gate of an agent that it serves: an agent works on some thirty
tasks of a kind in 300 requests, which tell no less (a share of thirty has a deviation of up to 0.09)."""
_OWN: Final = {("codex", "code", "stride"): 0.35}
"""What an agent's own way of working makes of a model: `stride` cannot write Codex's patches."""


EXPLORATION: Final = AgentProfile(id="").exploration
"""What is usual. What is explored counts as any other request in the shares that the report tells."""


def skill(agent: str, domain: str, model: str, *, drifted: bool) -> float:
    """The chance that the model is able to do a task of the agent."""
    return min(_OWN.get((agent, domain, model), 1.0), _SKILLS[domain, model][drifted])


def best_value(agent: str, domain: str, *, drifted: bool, given_up: str = "") -> str:
    """The cheapest model that meets the agent's gate, else the most reliable one. Work that a model got
    nowhere with (`given_up`) is for those that fail clearly less often, as the gateway hands it over.

    >>> best_value("codex", "code", drifted=False), best_value("claude-code", "code", drifted=False)
    ('craft', 'stride')
    >>> best_value("drafts", "data", drifted=False)
    'sprint'
    >>> best_value("drafts", "data", drifted=False, given_up="sprint")
    'summit'
    """
    skills = {model: skill(agent, domain, model, drifted=drifted) for model in MODELS}
    most_failing = CLEARLY_LESS * (1.0 - skills[given_up]) if given_up else 1.0
    able = [model for model in MODELS if 1.0 - skills[model] <= most_failing] or [given_up]
    good = [model for model in able if skills[model] >= AGENTS[agent].gate]
    return good[0] if good else max(able, key=lambda model: skills[model])


def configuration(exploration: float = EXPLORATION) -> str:
    """The gateway's `pointsman.toml`: models, prices, capabilities, the agents' gates, and the share of
    requests that they may explore with."""
    parts = [
        "[local]\nenabled = false",
        f"[providers.{PROVIDER}]",
        'base_url = "http://127.0.0.1:9/v1"\ndialects = ["openai_chat"]\nlocal = true',
        f"models = {list(MODELS)}",
    ]
    for name, offer in MODELS.items():
        price = f"{{ input = {offer.input_usd}, output = {offer.output_usd} }}"
        parts.append(
            f'[models.{name}]\ntier = "{offer.tier}"\ncapability = {{ general = {offer.capability} }}\n'
            f'abilities = ["tools", "json_schema"]\nprice_usd_per_million = {price}'
        )
    parts += [
        f"[agents.{name}]\ngate = {needs.gate}\nexploration = {exploration}" for name, needs in AGENTS.items()
    ]
    return "\n".join(parts)
