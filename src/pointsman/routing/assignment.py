"""Which model each agent works with, so that no model gets more agents than it can carry.

Giving everyone the highest-scoring model overloads it (seed D). This gives the agents the targets with the
highest sum of scores that the capacities allow: an assignment problem, solved exactly by successive best
augmenting paths over the targets.
"""

from collections.abc import Mapping, Sequence
from math import ceil, inf

from msgspec import Struct

from pointsman.core.features import Features
from pointsman.core.snapshot import PolicySnapshot, Target
from pointsman.routing.gates import PLANNED
from pointsman.routing.scorers.adaptive import Adaptive, AdaptiveScore

Gain = dict[str, dict[str, AdaptiveScore]]


class Assignment(Struct, frozen=True, kw_only=True):
    """One agent's model, with the figures of its adaptive score (seed D's response)."""

    agent_id: str
    model_id: str
    capability_score: float
    performance_score: float
    performance_adjustment: float
    has_performance_data: bool
    success_rate: float | None = None
    avg_latency_ms: float | None = None


class Assignments(Struct, frozen=True, kw_only=True):
    """All assignments by agent id, and the agents for whom no target was left or allowed."""

    assignments: tuple[Assignment, ...]
    unassigned: tuple[str, ...] = ()


def assign(
    agents: Sequence[str],
    targets: Sequence[str],
    snapshot: PolicySnapshot,
    capacities: Mapping[str, int] | None = None,
    *,
    task_type: str = "",
    needs: int = 0,
) -> Assignments:
    """Assigns each of `agents` one of the `targets` (ids; unknown ones are ignored).

    `capacities` is how many agents a target takes; without one, a target takes an equal share, rounded
    up. The order of agents and targets makes no difference. Work and time grow with
    agents squared x targets, so this is for the control plane, not for requests.
    """
    who = sorted(set(agents))
    ids = sorted({identity for identity in targets if identity in snapshot.targets})
    share = ceil(len(who) / len(ids)) if ids else 0
    room = {identity: (capacities or {}).get(identity, share) for identity in ids}
    scores = {agent: _scores(agent, ids, snapshot, task_type, needs) for agent in who}
    placed: dict[str, str] = {}
    for agent in who:
        _place(agent, placed, scores, room)
    return Assignments(
        assignments=tuple([_assignment(agent, placed[agent], scores) for agent in who if agent in placed]),
        unassigned=tuple([agent for agent in who if agent not in placed]),
    )


def _scores(
    agent: str, ids: Sequence[str], snapshot: PolicySnapshot, task_type: str, needs: int
) -> dict[str, AdaptiveScore]:
    """The scores of the targets that the agent may use."""
    features = Features(agent=agent, requested="", dialect="", task_type=task_type, needs=needs)
    profile, scorer = snapshot.profile(agent), Adaptive()

    def allowed(target: Target) -> bool:
        return not any(gate.verdict(target, features, profile) for gate in PLANNED)

    known = [snapshot.targets[identity] for identity in ids]
    return {target.id: scorer.score(target, features, snapshot) for target in known if allowed(target)}


def _place(agent: str, placed: dict[str, str], scores: Gain, room: Mapping[str, int]) -> None:
    """Places one more agent, moving others where that gains most in all."""
    moves = _best_moves(placed, scores)
    gain, source = _longest_paths(agent, scores, moves, room)
    used = dict.fromkeys(room, 0)
    for target in placed.values():
        used[target] += 1
    free = [target for target in room if used[target] < room[target] and gain[target] > -inf]
    if not free:
        return
    target = max(free, key=lambda identity: gain[identity])
    while (before := source[target]) is not None:
        placed[moves[before, target][1]] = target
        target = before
    placed[agent] = target


def _best_moves(placed: Mapping[str, str], scores: Gain) -> dict[tuple[str, str], tuple[float, str]]:
    """For each pair of targets, the agent that loses least (or gains most) by moving between them."""
    moves: dict[tuple[str, str], tuple[float, str]] = {}
    for agent, now in sorted(placed.items()):
        for other, score in scores[agent].items():
            change = score.value - scores[agent][now].value
            if other != now and change > moves.get((now, other), (-inf, ""))[0]:
                moves[now, other] = (change, agent)
    return moves


def _longest_paths(
    agent: str,
    scores: Gain,
    moves: Mapping[tuple[str, str], tuple[float, str]],
    room: Mapping[str, int],
) -> tuple[dict[str, float], dict[str, str | None]]:
    """The best total change with the extra agent ending at each target, and the target before it on the
    path. Bellman-Ford; an optimal placement has no gaining cycle, so it ends after one round a target."""
    own = scores[agent]
    gain = {
        identity: own[identity].value if identity in own and room[identity] > 0 else -inf for identity in room
    }
    source: dict[str, str | None] = dict.fromkeys(room)
    for _ in room:
        changed = False
        for (now, other), (change, _) in moves.items():
            if room[other] > 0 and gain[now] + change > gain[other] + 1e-9:
                gain[other], source[other], changed = gain[now] + change, now, True
        if not changed:
            break
    return gain, source


def _assignment(agent: str, target: str, scores: Gain) -> Assignment:
    score = scores[agent][target]
    return Assignment(
        agent_id=agent,
        model_id=target,
        capability_score=score.capability_score,
        performance_score=score.performance_score,
        performance_adjustment=score.performance_adjustment,
        has_performance_data=score.has_performance_data,
        success_rate=score.success_rate,
        avg_latency_ms=score.avg_latency_ms,
    )
