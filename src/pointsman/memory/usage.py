"""Agents nobody uses, and agents that have too much to do well."""

from collections.abc import Iterable, Sequence
from typing import Final

from pointsman.store.model_tiers import ModelTier
from pointsman.store.task_memory import Used

DEFAULT_DAYS: Final = 30
OVERLOADED_TASKS: Final = 50
RELIABLE: Final = 0.8


def unused(tiers: Sequence[ModelTier], specified: Iterable[str], used: Sequence[Used]) -> list[str]:
    """The agents with a tier or a specification that did no task, by name; names are compared without case.
    A tier for all names that begin alike is unused when none of them did any."""
    busy = [one.agent_used for one in used]
    covered = {name.upper() for name in busy}
    tiered = {tier.agent_name for tier in tiers if not any(tier.covers(name) for name in busy)}
    others = {name for name in specified if name.upper() not in covered}
    done = {tier.agent_name for tier in tiers} - tiered
    return sorted(tiered | (others - done))


def overloaded(
    used: Sequence[Used], *, tasks: int = OVERLOADED_TASKS, success_rate: float = RELIABLE
) -> list[Used]:
    """The agents that did more than `tasks` tasks, and fewer than `success_rate` of them well; the least
    successful first."""
    found = [one for one in used if one.task_count > tasks and one.success_rate < success_rate]
    return sorted(found, key=lambda one: (one.success_rate, -one.task_count, one.agent_used))
