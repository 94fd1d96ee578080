"""Every 6 hours: what evidence makes of each agent's kinds of task, as rules that people can read, and where
agents and the common baseline disagree.

A rule is what `decide` itself answers: the target, the chain behind it, and the agent's own gate. So the
table of rules is no second source of truth beside the policy.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pointsman.core.errors import PointsmanError
from pointsman.core.features import Features
from pointsman.core.snapshot import PolicySnapshot
from pointsman.learning import publishing
from pointsman.learning.alerts import EACH_WEEK, raise_alert
from pointsman.learning.work import Work
from pointsman.routing.engine import Router
from pointsman.routing.evidence import Estimator
from pointsman.routing.evidence.cells import RECORD
from pointsman.routing.performance import EVERYONE
from pointsman.store import learned
from pointsman.store.learned import Divergence, Rule

SEEN_WITHIN: Final = timedelta(days=14)
SIGMAS: Final = 2.0
LEAST_DIFFERENCE: Final = 0.10
"""An agent and everyone disagree when its own share differs from 0 by so many deviations, and this much."""
LEAST_VARIANCE: Final = 1e-9


async def run(work: Work) -> None:
    """Writes the rules and the divergences of the latest policy."""
    policy = await publishing.latest(work.connection)
    if policy is None:
        work.told["note"] = "no gateway has published a policy yet"
        return
    before = {(rule.agent_id, rule.slice): rule.target for rule in await learned.rules(work.connection)}
    kinds = await learned.slices(work.connection, work.now - SEEN_WITHIN)
    rules = list(rules_of(policy, kinds.items(), work))
    async with work.connection.transaction():
        for place, rule in enumerate(rules):
            await learned.put_rule(work.connection, rule)
            work.progress("rules", place + 1, len(rules))
        await learned.drop_rules(work.connection, work.now)
        found = divergences_of(policy, await learned.scores(work.connection), work.now)
        for divergence in found:
            if await learned.put_divergence(work.connection, divergence) is None:
                who, about = divergence.agent_id, (divergence.model,)
                await raise_alert(
                    work, "divergence", _told(divergence), agent_id=who, about=about, each=EACH_WEEK
                )
    changed = [one for one in rules if before.get((one.agent_id, one.slice), one.target) != one.target]
    work.told.update(rules=len(rules), changed=len(changed), divergences=len(found))


def rules_of(policy: PolicySnapshot, kinds: Iterable[tuple[str, list[str]]], work: Work) -> Iterable[Rule]:
    """What each agent's requests for any model would go to now, by kind of task."""
    router = Router(policy)
    names = [alias.name for alias in policy.aliases.values() if alias.kind == "chat"]
    requested = "auto" if "auto" in names else next(iter(sorted(names)), "")
    for agent, slices in kinds:
        for kind in slices:
            features = Features(agent=agent, requested=requested, dialect="", task_type=task_type_of(kind))
            try:
                decision = router.decide(features)
            except PointsmanError:
                continue
            yield Rule(
                agent_id=agent,
                slice=kind,
                target=decision.target,
                tier=policy.targets[decision.target].model.tier,
                fallbacks=decision.fallbacks,
                confidence=min(max(decision.confidence, 0.0), 1.0),
                gate=policy.profile(agent).gate,
                policy_version=policy.version,
                since=work.now,
                updated_at=work.now,
            )


def task_type_of(kind: str) -> str:
    """A task type of a kind (`routing.performance.slice_of` undoes it).

    >>> task_type_of("data_science"), task_type_of("side_title"), task_type_of("")
    ('P2_data_science_moderate', 'side_title', '')
    """
    return kind if not kind or kind.startswith("side_") else f"P2_{kind}_moderate"


def divergences_of(
    policy: PolicySnapshot, scores: Mapping[tuple[str, str], Mapping[str, Any]], now: datetime
) -> list[Divergence]:
    """Where an agent's own evidence differs from everyone's beyond its uncertainty, for some kind of task.
    `scores` say how much of it there is, by agent and model."""
    posterior = policy.evidence
    if posterior is None or not posterior.models:
        return []
    estimator, found = Estimator(posterior), []
    everyone = estimator.estimate(
        EVERYONE, estimator.inputs(b""), posterior.models, [0.5] * len(posterior.models)
    )
    for agent, data in posterior.agents.items():
        for place, (delta, deviation) in _surest(np.frombuffer(data, RECORD)).items():
            if abs(delta) >= LEAST_DIFFERENCE and abs(delta) > SIGMAS * deviation:
                score = scores.get((agent, posterior.models[place]))
                found.append(
                    Divergence(
                        agent_id=agent,
                        model=posterior.models[place],
                        global_score=min(max(everyone.common[place], 0.0), 1.0),
                        agent_score=min(max(everyone.common[place] + delta, 0.0), 1.0),
                        deviation=deviation,
                        observations=0.0 if score is None else score["observations"],
                        first_seen=now,
                        last_seen=now,
                        reviewed_at=None,
                    )
                )
    return found


def _surest(records: npt.NDArray[np.void]) -> dict[int, tuple[float, float]]:
    """By model, an agent's own share and its deviation, for that kind of task of which it is surest."""
    found: dict[int, tuple[float, float]] = {}
    for record in records:
        place, delta = int(record["model"]), float(record["mean"])
        deviation = sqrt(max(float(record["variance"]), LEAST_VARIANCE))
        before = found.get(place)
        if before is None or abs(delta) / deviation > abs(before[0]) / before[1]:
            found[place] = (delta, deviation)
    return found


def _told(found: Divergence) -> dict[str, Any]:
    return {
        "model": found.model,
        "global": round(found.global_score, 4),
        "agent": round(found.agent_score, 4),
        "deviation": round(found.deviation, 4),
    }
