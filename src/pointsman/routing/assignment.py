"""Which model each agent works with, so that no model gets more agents than it can carry.

Giving everyone the highest-scoring model overloads it (seed D). This gives the agents the targets with the
highest sum of scores that the capacities allow: an assignment problem, solved exactly by successive best
augmenting paths over the targets.
"""

from collections.abc import Mapping, Sequence
from math import ceil, inf
from typing import Final

from msgspec import Struct

from pointsman.core.features import Features
from pointsman.core.snapshot import PolicySnapshot, Target
from pointsman.routing.gates import PLANNED
from pointsman.routing.scorers.adaptive import Adaptive, AdaptiveScore

Scores = dict[str, AdaptiveScore]
Values = Mapping[str, Mapping[str, float]]
"""The worth of each target to each agent; a target that an agent may not use is not there."""
Moves = dict[tuple[str, str], tuple[float, str]]
"""From one target to another: the agent whose move loses least or gains most, and how much."""

NOWHERE: Final = ""
"""Stands for no target at all; so bad that an agent lands here only when nothing else is left."""
NOWHERE_VALUE: Final = -1e6
LEAST_GAIN: Final = 1e-7
"""Smaller gains are rounding errors."""


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
    """All assignments by agent id, and the agents for whom no target was left or allowed. As few as possible
    are left out, those whose scores cost the sum least."""

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
    up. The order of agents and targets makes no difference. The work grows with agents squared x targets,
    so this is for the control plane, not for requests.
    """
    who = sorted(set(agents))
    ids = sorted({identity for identity in targets if identity in snapshot.targets})
    share = ceil(len(who) / len(ids)) if ids else 0
    room = {identity: (capacities or {}).get(identity, share) for identity in ids}
    room = {identity: places for identity, places in room.items() if places > 0} | {NOWHERE: len(who)}
    scores = {
        agent: _scores(agent, [i for i in ids if i in room], snapshot, task_type, needs) for agent in who
    }
    values = {
        agent: {identity: score.value for identity, score in row.items()} | {NOWHERE: NOWHERE_VALUE}
        for agent, row in scores.items()
    }
    placed: dict[str, str] = {}
    for agent in who:
        _place(agent, placed, values, room)
    served = [agent for agent in who if placed[agent] != NOWHERE]
    return Assignments(
        assignments=tuple([_assignment(agent, placed[agent], scores[agent]) for agent in served]),
        unassigned=tuple([agent for agent in who if placed[agent] == NOWHERE]),
    )


def _scores(agent: str, ids: Sequence[str], snapshot: PolicySnapshot, task_type: str, needs: int) -> Scores:
    """The scores of the targets that the agent may use."""
    features = Features(agent=agent, requested="", dialect="", task_type=task_type, needs=needs)
    profile, scorer = snapshot.profile(agent), Adaptive()

    def allowed(target: Target) -> bool:
        return not any(gate.verdict(target, features, profile) for gate in PLANNED)

    known = [snapshot.targets[identity] for identity in ids]
    return {target.id: scorer.score(target, features, snapshot) for target in known if allowed(target)}


def _place(agent: str, placed: dict[str, str], values: Values, room: Mapping[str, int]) -> None:
    """Places one more agent, moving others where that gains most in all."""
    moves = _best_moves(placed, values)
    gain, source = _best_paths(values[agent], moves, room)
    used = dict.fromkeys(room, 0)
    for identity in placed.values():
        used[identity] += 1
    target = max([one for one in room if used[one] < room[one]], key=lambda one: gain[one])
    while (before := source[target]) is not None:
        placed[moves[before, target][1]] = target
        target = before
    placed[agent] = target


def _best_moves(placed: Mapping[str, str], values: Values) -> Moves:
    moves: Moves = {}
    for agent, now in sorted(placed.items()):
        row = values[agent]
        for other, value in row.items():
            change = value - row[now]
            if other != now and change > moves.get((now, other), (-inf, ""))[0]:
                moves[now, other] = (change, agent)
    return moves


def _best_paths(
    own: Mapping[str, float], moves: Moves, room: Mapping[str, int]
) -> tuple[dict[str, float], dict[str, str | None]]:
    """The best total change with one more agent (of values `own`) ending at each target, and the target
    before it on the path there. Bellman-Ford: the placement so far is the best one, so no cycle gains."""
    gain = {identity: own.get(identity, -inf) for identity in room}
    source: dict[str, str | None] = dict.fromkeys(room)
    for _ in room:
        changed = False
        for (now, other), (change, _) in moves.items():
            if gain[now] + change > gain[other] + LEAST_GAIN:
                gain[other], source[other], changed = gain[now] + change, now, True
        if not changed:
            break
    return gain, source


def _assignment(agent: str, target: str, scores: Scores) -> Assignment:
    score = scores[target]
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
