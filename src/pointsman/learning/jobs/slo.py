"""Alerts for agents whose answers came later than they want them (seed A: per-agent SLOs)."""

from datetime import timedelta
from typing import Final

from pointsman.core.snapshot import AgentProfile
from pointsman.learning.alerts import EACH_DAY, raise_alert
from pointsman.learning.work import Work
from pointsman.store import latencies
from pointsman.store.latencies import AgentLatencies

WITHIN: Final = timedelta(hours=1)
LEAST_ANSWERS: Final = 20
"""Fewer answers in that time say nothing of a percentile."""


async def note_breaches(work: Work) -> None:
    """Raises an alert for each agent whose latency of the last hour, at the percentile that its profile
    names, is above its target; one a day each."""
    policy = work.policy
    if policy is None:
        return
    profiles = [*policy.agents.values(), policy.default_agent]
    percentiles = sorted({one.latency_slo_percentile for one in profiles if one.latency_slo_ms is not None})
    if not percentiles:
        return
    shares = [percentile / 100 for percentile in percentiles]
    for measured in await latencies.at_shares(work.connection, work.now - WITHIN, work.now, shares):
        profile = policy.profile(measured.agent_id)
        if profile.latency_slo_ms is None:
            continue
        at_ms, answers = _measure(measured, profile, percentiles.index(profile.latency_slo_percentile))
        if answers >= LEAST_ANSWERS and at_ms > profile.latency_slo_ms:
            detail = {
                "of": profile.latency_slo_of,
                "percentile": profile.latency_slo_percentile,
                "slo_ms": profile.latency_slo_ms,
                "latency_ms": round(at_ms, 3),
                "answers": answers,
            }
            await raise_alert(work, "slo_breach", detail, agent_id=measured.agent_id, each=EACH_DAY)


def _measure(measured: AgentLatencies, profile: AgentProfile, place: int) -> tuple[float, int]:
    """Milliseconds at the percentile in that `place`, and of how many answers."""
    if profile.latency_slo_of == "answer":
        return measured.answer_ms[place], measured.answers
    return (0.0 if measured.chunk_ms is None else measured.chunk_ms[place]), measured.streams
