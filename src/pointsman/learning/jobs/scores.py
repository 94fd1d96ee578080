"""Agents' confidences in models as rows for people, and the alert when one has dropped within an hour."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pointsman.core.posterior import Posterior
from pointsman.learning.alerts import raise_alert
from pointsman.learning.work import Work
from pointsman.routing.evidence import Estimator, Statistics
from pointsman.store import learned
from pointsman.store.learned import Score

DROP: Final = 0.20
"""The share of a confidence whose loss within an hour raises an alert (seed A)."""
LEAST_DROP: Final = 0.05
"""So much of the scale from 0 to 1 must be lost too: near 0 a fifth is nothing."""
WITHIN: Final = timedelta(hours=1)
LEAST_OBSERVED: Final = 3.0
"""A confidence with less evidence than this wavers, and raises no alert."""
UNKNOWN: Final = 0.5
PAGE: Final = 20_000


async def note_scores(
    work: Work, posterior: Posterior, statistics: Statistics, priors: Mapping[str, float]
) -> None:
    """Writes the confidence of each agent in each model it has used."""
    known = await learned.scores(work.connection)
    found = [
        _with_reference(score, known.get((score.agent_id, score.model)), work.now)
        for score in scores_of(posterior, statistics, priors, work.now)
    ]
    for start in range(0, len(found), PAGE):
        await learned.put_scores(work.connection, found[start : start + PAGE], work.now)
    for score in found:
        if has_dropped(score):
            about = (score.model,)
            await raise_alert(work, "confidence_drop", _told(score), agent_id=score.agent_id, about=about)
    work.told["scores"] = len(found)


def scores_of(
    posterior: Posterior, statistics: Statistics, priors: Mapping[str, float], now: datetime
) -> list[Score]:
    """Each agent's confidence in each model it has used, for its average task."""
    observed: dict[str, dict[str, float]] = {}
    for (agent, model, _), row in statistics.cells.items():
        used = observed.setdefault(agent, {})
        used[model] = used.get(model, 0.0) + float(row[0])
    estimator, found = Estimator(posterior), []
    usual = estimator.inputs(b"")
    for agent, weights in sorted(observed.items()):
        models = sorted(weights)
        prior = [priors.get(model, UNKNOWN) for model in models]
        estimates = estimator.estimate(agent, usual, models, prior)
        for place, model in enumerate(models):
            mean = estimates.common[place] + estimates.task[place] + estimates.agent[place]
            score = min(max(mean, 0.0), 1.0)
            found.append(
                Score(
                    agent_id=agent,
                    model=model,
                    score=score,
                    deviation=estimates.deviation[place],
                    observations=max(weights[model], 0.0),
                    reference_score=score,
                    reference_at=now,
                )
            )
    return found


def has_dropped(score: Score) -> bool:
    """Whether a confidence that stands on evidence has lost a fifth since its reference."""
    least = max(DROP * score.reference_score, LEAST_DROP)
    return score.observations >= LEAST_OBSERVED and score.reference_score - score.score >= least


def _with_reference(score: Score, before: Mapping[str, Any] | None, now: datetime) -> Score:
    """The score beside that of about an hour ago: the reference while it is no older, else the last score."""
    if before is None:
        return score
    reference, at = before["reference_score"], before["reference_at"]
    if reference is None or at is None or now - at > WITHIN:
        reference, at = before["score"], before["updated_at"]
    return Score(
        agent_id=score.agent_id,
        model=score.model,
        score=score.score,
        deviation=score.deviation,
        observations=score.observations,
        reference_score=reference,
        reference_at=at,
    )


def _told(score: Score) -> dict[str, Any]:
    return {
        "model": score.model,
        "score": round(score.score, 4),
        "before": round(score.reference_score, 4),
        "since": score.reference_at.isoformat(),
    }
