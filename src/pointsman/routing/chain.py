"""Who takes over when the chosen target fails, and in which order.

First the other providers of a model that was asked for by name, as configured. Then the profile's
fallback entries in their order: a provider's own targets by rank; in a group, the best of each provider
before the second best of any, because what fails is often a whole provider.
"""

from collections.abc import Sequence
from typing import Final

from pointsman.core.snapshot import AgentProfile, Target
from pointsman.routing.candidates import GROUPS
from pointsman.routing.rating import Candidate, entry_of

MAX_FALLBACKS: Final = 8


def fallback_chain(
    chosen: Candidate, same_model: Sequence[Candidate], ranked: Sequence[Candidate]
) -> list[Candidate]:
    """The chain behind `chosen`, of at most `MAX_FALLBACKS`. `same_model` are other targets of the model
    asked for, in their order; `ranked` the rest, best first. Targets that no entry of the profile's
    fallback allows are left out."""
    chain = [one for one in same_model if one.entry >= 0 and one is not chosen]
    buckets: dict[int, list[Candidate]] = {}
    for one in ranked:
        if one.entry >= 0 and one is not chosen:
            buckets.setdefault(one.entry, []).append(one)
    asked = {chosen.target.provider: 1}
    for _, bucket in sorted(buckets.items()):
        chain += _spread(bucket, asked)
    return chain[:MAX_FALLBACKS]


def _spread(bucket: list[Candidate], asked: dict[str, int]) -> list[Candidate]:
    """The bucket in rounds: who is its provider's n-th target in the chain stands in round n."""
    rounds: dict[int, list[Candidate]] = {}
    for one in bucket:
        provider = one.target.provider
        turn = asked.get(provider, 0)
        asked[provider] = turn + 1
        rounds.setdefault(turn, []).append(one)
    return [one for _, members in sorted(rounds.items()) for one in members]


def place_of(target: Target, profile: AgentProfile, same_model: bool) -> str:
    """Why a target stands where it does in the chain, in words."""
    if same_model:
        return "the same model at another provider"
    place = entry_of(target, profile.fallback)
    entry = profile.fallback[place]
    where = f"fallback entry {place + 1}, {entry}"
    return f"{where}: best of each provider first" if entry in GROUPS else where
