"""A small world to decide in."""

from msgspec.structs import replace

from pointsman.core.features import Features, Need
from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile, Alias, Model, Performance, PolicySnapshot, Target
from pointsman.routing.profiles import BUILT_IN, DEFAULT

TOOLS = int(Need.TOOLS)
EMBEDDING = int(Need.EMBEDDING)
LOCAL = ("ollama", "llamacpp")


def model(name, capability=50.0, usd=0, **fields):
    """A model of `capability` in general at `usd` micro-USD per million tokens of any kind."""
    price = Price(input_usd_micros=usd, output_usd_micros=usd)
    return Model(name=name, price=price, capability={"general": capability}, **fields)


def target(provider, served):
    identity = f"{provider}/{served.name}"
    return Target(
        id=identity,
        provider=provider,
        model=served,
        upstream_model=served.name,
        dialects=("openai_chat",),
        local=provider in LOCAL,
    )


def world(*targets, agents=(), performance=None, aliases=(), default=DEFAULT):
    """A snapshot of `targets` with the alias `auto` for all chat models, all by the adaptive score."""
    names = {}
    for one in targets:
        names[one.model.name] = (*names.get(one.model.name, ()), one.id)
        names[one.id] = (one.id,)
    built_in = {name: replace(profile, objective="adaptive") for name, profile in BUILT_IN.items()}
    profiles = built_in | {profile.id: profile for profile in agents}
    return PolicySnapshot(
        version=7,
        targets={one.id: one for one in targets},
        names=names,
        aliases={alias.name: alias for alias in (Alias(name="auto", objective="adaptive"), *aliases)},
        agents=profiles,
        default_agent=default,
        performance=performance or {},
    )


def asks(requested="auto", agent="someone", **fields):
    return Features(agent=agent, requested=requested, dialect="openai_chat", **fields)


def seen(requests=100, success_rate=0.95, latency_ms=100.0):
    return Performance(requests=requests, success_rate=success_rate, latency_ms=latency_ms)


SHOPS = world(
    target("openai", model("gpt-x", 90.0, 5_000_000, abilities=TOOLS, context_window_tokens=100_000)),
    target("azure", model("gpt-x", 90.0, 5_000_000, abilities=TOOLS, context_window_tokens=100_000)),
    target("openai", model("gpt-mini", 80.0, 1_000_000, abilities=TOOLS, context_window_tokens=50_000)),
    target("mistral", model("large-m", 85.0, 3_000_000, context_window_tokens=32_000)),
    target("groq", model("quick", 70.0, 200_000)),
    target("ollama", model("qwen", 60.0, tier="fast", context_window_tokens=8_000)),
    target("openai", model("vectors", 75.0, 20_000, kind="embedding")),
    agents=(
        AgentProfile(id="routed", route_concrete=True, objective="adaptive"),
        AgentProfile(id="lenient", gate=0.1),
    ),
    aliases=(
        Alias(name="pair", candidates=("openai/gpt-mini", "gpt-x")),
        Alias(name="gone", candidates=("x",)),
    ),
)
