"""Makes the policy's facts of configuration and targets: overrides, names, aliases, profiles."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, Struct
from msgspec.structs import asdict, replace

from pointsman.accounting.prices import usd_micros
from pointsman.app.config.check import joined
from pointsman.app.config.schema import AgentConfig, Config, ModelConfig, PriceConfig, ShadowConfig
from pointsman.app.model_facts import abilities_bits, matching
from pointsman.app.names import names_of
from pointsman.core.features import Need
from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile, Alias, Model, Performance, PolicySnapshot, Shadow, Target
from pointsman.routing.candidates import near_names
from pointsman.routing.profiles import BUILT_IN, DEFAULT

AUTO: Final = (
    Alias(name="auto"),
    Alias(name="claude-auto"),
    Alias(name="auto-embed", kind="embedding"),
)
"""The aliases that are always there. Claude Code shows only names with `claude` in them."""
_TOLD_BY_WIRE_FORMS: Final = int(Need.COMPLETION | Need.SEVERAL_CHOICES)
"""Abilities that `[models]` has no word for, and so does not take away."""


class Overrides(Struct, frozen=True, kw_only=True):
    """What the operator says of one model: the merged entries of `[models]`."""

    enabled: bool = True
    changes: dict[str, Any]
    capability: dict[str, float]

    @property
    def has_price(self) -> bool:
        """Whether the price is the operator's."""
        return "price" in self.changes


def snapshot_of(
    config: Config,
    targets: Mapping[str, Target],
    version: int,
    performance: dict[str, dict[str, Performance]] | None = None,
) -> PolicySnapshot:
    """The policy for these targets under this configuration. The order of `targets` is the order in which
    providers are preferred for a model that several serve."""
    served = {}
    for identity, target in targets.items():
        overrides = overrides_of(config, target)
        if overrides.enabled:
            served[identity] = replace(target, model=overridden(target.model, overrides))
    default = profile_of(DEFAULT, config.agents.get(DEFAULT.id))
    return PolicySnapshot(
        version=version,
        targets=served,
        names=names_of(served),
        aliases=_aliases(config),
        agents=_agents(config, default),
        default_agent=default,
        adaptive=config.adaptive,
        performance=performance or {},
    )


def overrides_of(config: Config, target: Target) -> Overrides:
    """What `[models]` says of the target's model; the more specific pattern wins, key by key."""
    changes: dict[str, Any] = {}
    capability: dict[str, float] = {}
    for _, entry in matching(config.models, target.model.name, target.provider):
        changes |= _changes(entry)
        capability |= entry.capability
    enabled = changes.pop("enabled", True)
    return Overrides(enabled=enabled, changes=changes, capability=capability)


def overridden(model: Model, overrides: Overrides) -> Model:
    """The model as the operator wants it seen."""
    changes = dict(overrides.changes)
    if overrides.capability:
        changes["capability"] = {**model.capability, **overrides.capability}
    if "abilities" in changes:
        changes["abilities"] |= model.abilities & _TOLD_BY_WIRE_FORMS
    if changes.get("kind") == "embedding":
        changes["abilities"] = changes.get("abilities", 0) | int(Need.EMBEDDING)
    return replace(model, **changes) if changes else model


def _changes(entry: ModelConfig) -> dict[str, Any]:
    """The keys that are set, as fields of `Model`."""
    changes = {key: value for key, value in asdict(entry).items() if value is not UNSET}
    del changes["capability"]
    if "abilities" in changes:
        changes["abilities"] = abilities_bits(changes["abilities"])
    price = changes.pop("price_usd_per_million", None)
    if isinstance(price, PriceConfig):
        changes["price"] = price_of(price)
    return changes


def price_of(price: PriceConfig) -> Price:
    """The operator's price, whose version is its own figures, so that an old cost can be checked."""
    told = {key: usd for key, usd in asdict(price).items() if usd is not None}
    rates: dict[str, Any] = {f"{key}_usd_micros": usd_micros(usd) for key, usd in told.items()}
    return Price(
        **rates,
        source="operator",
        version=" ".join([f"{key}={usd:g}" for key, usd in told.items()]),
    )


def profile_of(base: AgentProfile, own: AgentConfig | None) -> AgentProfile:
    """`base` with what `[agents.NAME]` changes."""
    if own is None:
        return base
    changes = {key: value for key, value in asdict(own).items() if value is not UNSET}
    if "daily_budget_usd" in changes:
        changes["daily_budget_usd_micros"] = usd_micros(changes.pop("daily_budget_usd"))
    if "worth_usd" in changes:
        changes["worth_usd_micros"] = usd_micros(changes.pop("worth_usd"))
    shadow = changes.get("shadow")
    if isinstance(shadow, ShadowConfig):
        budget = usd_micros(shadow.daily_budget_usd)
        changes["shadow"] = Shadow(share=shadow.share, daily_budget_usd_micros=budget, judge=shadow.judge)
    return replace(base, **changes)


def unknown_names(config: Config, snapshot: PolicySnapshot) -> list[str]:
    """One sentence for each name in an alias, or of a judge, that nothing serves now. No reason not to
    run: its provider may only be away."""
    known = {*snapshot.targets, *snapshot.names}
    judges = [
        f"{joined('agents', name)}.shadow.judge: nothing serves `{judge}` now{_near(judge, known)}"
        for name, agent in config.agents.items()
        if isinstance(agent.shadow, ShadowConfig)
        and (judge := agent.shadow.judge) not in known | snapshot.aliases.keys()
    ]
    return judges + [
        f"{joined('aliases', name)}.candidates: nothing serves `{candidate}` now{_near(candidate, known)}"
        for name, alias in config.aliases.items()
        for candidate in alias.candidates
        if candidate not in known
    ]


def _near(name: str, known: set[str]) -> str:
    near = near_names(name, known)[:3]
    return f"; near it: {', '.join(near)}" if near else ""


def _aliases(config: Config) -> dict[str, Alias]:
    aliases = {alias.name: alias for alias in AUTO}
    for name, own in config.aliases.items():
        objective = None if own.objective is UNSET else own.objective
        aliases[name] = Alias(name=name, candidates=own.candidates, objective=objective, kind=own.kind)
    return aliases


def _agents(config: Config, default: AgentProfile) -> dict[str, AgentProfile]:
    agents = dict(BUILT_IN)
    for name, own in config.agents.items():
        if name != default.id:
            agents[name] = profile_of(BUILT_IN.get(name) or replace(default, id=name), own)
    return agents
