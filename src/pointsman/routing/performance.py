"""What has been seen of a target, and what that says: the figures under every score.

A cell that cannot be true (a rate above 1, a latency that is no number) counts as not there, so that bad
data can cost a score its evidence but never a request.
"""

from math import isfinite
from typing import Final

from pointsman.core.snapshot import Model, Performance, PolicySnapshot

EVERYONE: Final = ""
"""The key in `PolicySnapshot.performance` under which all agents' requests are pooled."""
PRIOR_WEIGHT: Final = 10.0
"""How many observed requests a prior counts for."""
UNKNOWN_CAPABILITY: Final = 50.0


def domain_of(task_type: str) -> str:
    """The domain of a `{priority}_{domain}_{complexity}` task type, or an empty string.

    >>> domain_of("P0_data_science_complex"), domain_of("side_title")
    ('data_science', '')
    """
    parts = task_type.split("_")
    return "_".join(parts[1:-1])


def slice_of(task_type: str) -> str:
    """The kind of task that an agent's evidence is kept by: the domain, or the whole of a side task's type.

    >>> slice_of("P0_data_science_complex"), slice_of("side_title"), slice_of("")
    ('data_science', 'side_title', '')
    """
    return domain_of(task_type) or task_type


def capability_of(model: Model, domain: str) -> float:
    """The model's capability for `domain`, else in general: 0-100."""
    known = model.capability
    value = known.get(domain) if domain else None
    if value is None:
        value = known.get("general", UNKNOWN_CAPABILITY)
    return min(max(value, 0.0), 100.0) if isfinite(value) else UNKNOWN_CAPABILITY


def performance_of(snapshot: PolicySnapshot, agent: str, target_id: str) -> Performance | None:
    """How the target did for `agent` if that is enough to judge by (`min_requests_for_performance`), else
    for everyone, else None."""
    least = snapshot.adaptive.min_requests_for_performance
    for who in (agent, EVERYONE):
        cell = _cell(snapshot, who, target_id)
        if cell is not None and cell.requests >= least:
            return cell
    return None


def answer_rates(snapshot: PolicySnapshot, agent: str, target_id: str) -> tuple[float, float]:
    """How often a target answers well, 0-1: for the agent, and for everyone. A chain of Beta posterior means,
    each prior weighing as much as `PRIOR_WEIGHT` requests: at first it is taken to do so always, and an
    agent starts from the global baseline and outweighs it as its own requests grow.
    """
    everyone = _seen(_cell(snapshot, EVERYONE, target_id), 1.0)
    return (_seen(_cell(snapshot, agent, target_id), everyone) if agent else everyone), everyone


def _seen(cell: Performance | None, prior: float) -> float:
    if cell is None:
        return prior
    return (cell.requests * cell.success_rate + PRIOR_WEIGHT * prior) / (cell.requests + PRIOR_WEIGHT)


def _cell(snapshot: PolicySnapshot, agent: str, target_id: str) -> Performance | None:
    cell = snapshot.performance.get(agent, {}).get(target_id)
    if cell is None or cell.requests <= 0 or not 0.0 <= cell.success_rate <= 1.0:
        return None
    return cell if isfinite(cell.latency_ms) and cell.latency_ms >= 0.0 else None
