"""What can be served now: asks every provider for its models and makes targets of the answers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from pointsman.accounting.prices import assumed_price, listing_of
from pointsman.app.config.schema import Config
from pointsman.app.endpoints import Place, places_of
from pointsman.app.model_facts import Facts, facts_of
from pointsman.app.model_lists import Listed, read_list
from pointsman.app.policy_facts import overrides_of, snapshot_of, unknown_names
from pointsman.core.errors import PointsmanError
from pointsman.core.features import Need
from pointsman.core.money import FREE, Price
from pointsman.core.snapshot import Model, Target
from pointsman.gateway.http.client import Upstream
from pointsman.gateway.providers.base import Endpoint, Provider, Timeouts

__all__ = ["Catalogue", "discover", "snapshot_of", "unknown_names"]

MAX_LIST_BYTES: Final = 8 * 1024 * 1024
LIST_TIMEOUT_S: Final = 1.2
GUESS_TIMEOUT_S: Final = 0.3
MAX_NAMED: Final = 5

_OPENAI_ONLY: Final = int(Need.LOGPROBS | Need.SEVERAL_CHOICES | Need.AUDIO | Need.COMPLETION)
"""Abilities that only requests in OpenAI's or Ollama's forms can ask for."""
_ANY_COMPLETES: Final = frozenset({"ollama", "openrouter"})
"""Known providers whose completion endpoint takes every chat model."""


class Catalogue(Struct, frozen=True, kw_only=True):
    """Who serves what: `endpoints` by provider name, `targets` by id, and what the operator should know.
    `silent` are providers that did not answer, whose usual models stand for what they serve."""

    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def after(self, earlier: "Catalogue") -> "Catalogue":
        """This catalogue, in which providers that are silent now keep the models they had in `earlier`."""
        kept = [target for target in earlier.targets.values() if target.provider in self.silent]
        providers = {target.provider for target in kept}
        fresh = {name: target for name, target in self.targets.items() if target.provider not in providers}
        return replace(self, targets=fresh | {target.id: target for target in kept})


class _Found(Struct, frozen=True, kw_only=True):
    """One provider's part of the catalogue; `endpoint` is None when it is not there after all."""

    endpoint: Endpoint | None
    targets: list[Target] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    silent: bool = False


async def discover(
    config: Config, environ: Mapping[str, str], bridged: Mapping[str, Endpoint] | None = None
) -> Catalogue:
    """The catalogue of this moment. Providers are asked all at once and given 1.2 s; one that does not
    answer keeps its default models, with a warning. `bridged` are further endpoints, by name, which the
    bridge serves. Never raises, and may be called again any time."""
    places, warnings = places_of(config, environ, bridged)
    parts = await asyncio.gather(*[_look(place, config) for place in places])
    found = [part for part in parts if part.endpoint is not None]
    return Catalogue(
        endpoints={p.endpoint.provider.name: p.endpoint for p in found if p.endpoint is not None},
        targets={target.id: target for part in found for target in part.targets},
        warnings=warnings + [text for part in parts for text in part.warnings],
        silent=[p.endpoint.provider.name for p in found if p.silent and p.endpoint is not None],
    )


async def _look(place: Place, config: Config) -> _Found:
    """Asks one provider, unless the file says what it serves."""
    endpoint = place.endpoint
    provider = endpoint.provider
    warnings: list[str] = []
    silent = False
    if place.models:
        listed: Sequence[Listed] = [Listed(name=name) for name in place.models]
    else:
        try:
            listed = await _ask(endpoint, LIST_TIMEOUT_S if place.wanted else GUESS_TIMEOUT_S)
        except (PointsmanError, TimeoutError, OSError, ValueError) as error:
            if not place.wanted:
                return _Found(endpoint=None)
            listed = [Listed(name=name) for name in provider.default_models]
            warnings.append(_unanswered(endpoint, error, len(listed)))
            silent = True
    targets = await asyncio.to_thread(_targets, listed, provider)
    warnings += _price_warning(provider, targets, config)
    return _Found(endpoint=endpoint, targets=targets, warnings=warnings, silent=silent)


def _targets(listed: Sequence[Listed], provider: Provider) -> list[Target]:
    """The targets for a list. In a thread of its own, because the first look into the price catalogue takes
    half a second, and long lists take some time too."""
    return [target for model in listed if (target := _target(model, provider)) is not None]


async def _ask(endpoint: Endpoint, timeout_s: float) -> list[Listed]:
    """The provider's own list. Raises PointsmanError, TimeoutError, OSError or ValueError."""
    limits = Timeouts(connect_s=timeout_s, first_byte_s=timeout_s, idle_s=timeout_s, total_s=timeout_s)
    upstream = Upstream(replace(endpoint, timeouts=limits))
    provider = endpoint.provider
    headers = "".join([f"{name}: {value}\r\n" for name, value in provider.headers.items()])
    try:
        async with asyncio.timeout(timeout_s):
            answer = await upstream.send(provider.models_path, headers.encode("latin-1"), b"", "GET")
            body = await answer.read(MAX_LIST_BYTES)
    finally:
        upstream.close()
    if answer.status != 200:
        raise ValueError(f"it answered with status {answer.status}")
    try:
        return read_list(body, provider.models_dialect)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValueError("its list of models is not readable") from None


def _unanswered(endpoint: Endpoint, error: Exception, known: int) -> str:
    name = endpoint.provider.name
    why = "it did not answer in time" if isinstance(error, TimeoutError) else str(error)
    if endpoint.provider.key_env is not None and why.endswith(("status 401", "status 403")):
        why += f", so the key in {endpoint.provider.key_env} is probably wrong"
    usual = f"; its {known} usual models are assumed" if known else ""
    return f"{name}: cannot list the models at {endpoint.base_url}: {why}{usual}"


def _target(listed: Listed, provider: Provider) -> Target | None:
    """The target for a listed model, or None for what no conversation or embedding can use."""
    facts = facts_of(listed.name, provider.name, parameters_b=listed.parameters_b)
    if not facts.served:
        return None
    price, window_tokens = _price(listed.name, provider, facts)
    return Target(
        id=f"{provider.name}/{listed.name}",
        provider=provider.name,
        model=Model(
            name=listed.name,
            tier=facts.tier,
            price=price,
            capability=facts.capability,
            abilities=_abilities(listed, facts, provider),
            context_window_tokens=listed.context_window_tokens
            or window_tokens
            or facts.context_window_tokens,
            max_output_tokens=listed.max_output_tokens or facts.max_output_tokens,
            kind=_kind(listed, facts),
            created_s=listed.created_s,
        ),
        upstream_model=listed.name,
        dialects=tuple(provider.dialects),
        local=provider.local,
    )


def _kind(listed: Listed, facts: Facts) -> Literal["chat", "embedding"]:
    return "embedding" if listed.can & Need.EMBEDDING else facts.kind


def _price(name: str, provider: Provider, facts: Facts) -> tuple[Price, int]:
    """The price, and the context window the price catalogue knows (0: none)."""
    if provider.local:
        return FREE, 0
    listing = listing_of(name, provider.price_provider)
    if listing is None:
        return assumed_price(facts.tier, facts.kind), 0
    return listing.price, listing.context_window_tokens


def _abilities(listed: Listed, facts: Facts, provider: Provider) -> int:
    """What the table assumes, corrected by what the provider says and by what its wire forms can carry."""
    if _kind(listed, facts) == "embedding":
        return int(Need.EMBEDDING)
    told_all = provider.models_dialect == "ollama" and listed.can
    bits = (listed.can | int(Need.JSON_SCHEMA)) if told_all else (facts.abilities | listed.can)
    bits &= ~listed.cannot
    forms = set(provider.dialects)
    if forms & {"openai_completions", "ollama_generate"}:
        if provider.price_provider is None or provider.name in _ANY_COMPLETES:
            bits |= int(Need.COMPLETION)
    else:
        bits &= ~int(Need.COMPLETION)
    if forms <= {"anthropic"}:
        bits &= ~_OPENAI_ONLY
    return bits


def _price_warning(provider: Provider, targets: Sequence[Target], config: Config) -> list[str]:
    """Names the models whose cost is only assumed."""
    names = [
        target.model.name
        for target in targets
        if target.model.price.source == "assumed" and not overrides_of(config, target).has_price
    ]
    if not names:
        return []
    rest = len(names) - MAX_NAMED
    shown = ", ".join(names[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return [
        f"{provider.name}: the price of {shown} is not known, so a high one is assumed; set "
        '[models."NAME"] price_usd_per_million, or local = true for a provider that costs nothing'
    ]
