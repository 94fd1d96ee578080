"""Every hour: how far each agent may trust each model, from all that was counted; published as the next
policy if it is whole and a replay does not show that it does worse."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from pointsman.core.posterior import Posterior
from pointsman.core.snapshot import PolicySnapshot
from pointsman.learning import drift, publishing, validation
from pointsman.learning.alerts import raise_alert
from pointsman.learning.frames import better_frame
from pointsman.learning.jobs import aggregate
from pointsman.learning.jobs.scores import note_scores
from pointsman.learning.jobs.slo import note_breaches
from pointsman.learning.quality import by_model, with_quality
from pointsman.learning.sums import total
from pointsman.learning.validation import Refused
from pointsman.learning.work import Work
from pointsman.routing.evidence import FitOptions, Frame, Statistics, fit
from pointsman.routing.performance import capability_of
from pointsman.store import learned, learning

FRESH_FOR: Final = timedelta(days=1)
"""Without any change a policy is published anew after a day, since evidence fades."""
PERFORMANCE_DAYS: Final = timedelta(days=7)
FURTHER_STEPS: Final = 4
"""Steps of a fit that goes on from an earlier one."""


async def run(work: Work) -> None:
    """Learns and publishes. A policy that must not be published leaves the running one, and an alert."""
    await aggregate.run(work)
    await note_breaches(work)
    if work.policy is None:
        work.told.update(published=None, note="no gateway has published a policy yet")
        return
    change = await _changes(work)
    state = await learned.published(work.connection)
    if state.published_change == change and work.now - state.published_at < FRESH_FOR:
        work.told.update(published=None, note="nothing new")
        return
    try:
        await _learn(work, work.policy, change)
    except Refused as refused:
        await raise_alert(work, refused.kind, refused.detail)
        work.told.update(published=None, note=f"policy {work.policy.version} stays: {refused.kind}")


async def _answered(work: Work) -> int:
    """How many requests there were, as far back as days are kept. A quiet week makes no gateway new."""
    since = work.now.date() - timedelta(days=work.options.sums_days)
    return await learning.requests_measured(work.connection, since)


async def _changes(work: Work) -> int:
    """A number that changes with the sums and with the requests that were measured."""
    counted = (await learning.cursor(work.connection, aggregate.CHANGES)).number
    since = (work.now - PERFORMANCE_DAYS).date()
    return counted + await learning.requests_measured(work.connection, since)


async def _learn(work: Work, running: PolicySnapshot, change: int) -> None:
    frame = await better_frame(work)
    await drift.look(work)
    statistics, dropped = await total(work, frame)
    await drift.fade(work, frame, statistics)
    if dropped:
        await validation.complain_of_cells(work, "sums", dropped)
    agents = sorted({agent for agent, _, _ in statistics.cells})
    statistics.seen_s = await learning.last_seen(work.connection, agents)
    work.progress("fit", 0, 0)
    posterior = await validation.whole(work, fitted(statistics, frame, running, work))
    since = (work.now - PERFORMANCE_DAYS).date()
    wanted = replace(
        running,
        evidence=posterior if _is_enough(work, running, statistics) else None,
        performance=with_quality(
            await learning.performance(work.connection, since), statistics, running.targets
        ),
        task_performance=by_model(await learning.task_performance(work.connection), running),
        answered=await _answered(work),
    )
    work.progress("replay", 0, 0)
    validated = await validation.no_worse(work, running, wanted, statistics)
    comparison = validated.comparison
    work.told.update(replay=comparison.verdict, replayed=msgspec.to_builtins(comparison))
    async with work.connection.transaction():
        await note_scores(work, posterior, statistics, priors_of(running))
        version = await publishing.publish(work.connection, validated.policy, change=change, now=work.now)
    work.told["published"] = version
    if version is None:
        work.told["note"] = "a policy is pinned"


def _is_enough(work: Work, running: PolicySnapshot, statistics: Statistics) -> bool:
    """Whether decisions may go by the evidence. Once they do, they go on."""
    counted, least = statistics.weight, work.options.least_outcomes
    if running.evidence is None and counted < least:
        work.told["note"] = f"capability decides until there are {least} outcomes; now {counted:.0f}"
        return False
    return counted > 0


def fitted(statistics: Statistics, frame: Frame, running: PolicySnapshot, work: Work) -> Posterior:
    """The posterior, going on from the running one's levels where it is of the same geometry."""
    before = running.evidence
    goes_on = before is not None and before.geometry.version == frame.geometry.version
    options = FitOptions(
        priors=priors_of(running),
        keep_per_silent_day=1.0 - running.default_agent.silence_decay,
        agent_keeps={profile.id: 1.0 - profile.silence_decay for profile in running.agents.values()},
        start=before.components if before is not None and goes_on else {},
        steps=FURTHER_STEPS if goes_on else FitOptions().steps,
    )
    return fit(statistics, frame, now_s=work.now.timestamp(), options=options)


def priors_of(policy: PolicySnapshot) -> Mapping[str, float]:
    """The success expected of each model by its capability alone."""
    return {target.model.name: capability_of(target.model, "") / 100.0 for target in policy.targets.values()}
