"""What the signs of one answer say together: one reward from 0 to 1, and how far it counts.

Pure, and the order of signs does not matter. Silence says nothing; what only tells of availability has no
label and never gets here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from pointsman.core.events import RequestKind
from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.core.snapshot import AgentProfile
from pointsman.store.learning import Sign, ToldTask

TOLD_TASK: Final = "told_task"
IN_TIME: Final = "in_time"
"""The signals that learning itself adds: what was told of the task, and whether an answer came in time."""
SILENT: Final = frozenset({"ended"})
MOST_OF_SILENCE: Final = 0.05
"""A conversation that just ended is at most a weak sign that it ended well."""
MOST_SEEN: Final = 1.0
"""All that was seen of one answer weighs no more than this, however much it was."""
BESIDE_TOLD: Final = 0.25
"""What is left of what was seen when somebody has told."""
OF_EXPLICIT: Final = 0.5
"""The same for agents whose success shows in what they tell (`success_signal` "explicit")."""
OF_RETRY: Final = 0.5
"""A retry is the same work again: it counts half, as the first try counts too."""
AVAILABILITY: Final = frozenset({OutcomeWord.TIMEOUT, OutcomeWord.FALLBACK})
OF_AVAILABILITY: Final = 0.25
"""Who tells of a timeout or a fallback tells more of the provider than of its model's quality."""
EVEN: Final = 0.5
CONTRARY: Final = 0.25
"""What was seen is left out when what was seen to the contrary weighs four times as much."""
LATE_US: Final = 86_400_000_000
OF_LATE: Final = 0.5
"""What is inferred a day after the answer or later counts half."""
MOST_WEIGHT: Final = 16.0
"""The most that all signs of an answer may weigh, whatever an agent's `feedback_weight`."""
LEAST_WEIGHT: Final = 1e-9
"""What weighs less says nothing (and could not be divided by)."""
IN_TIME_WEIGHT: Final = 0.3
DEFAULT_TARGET_MS: Final = 2000


class Label(Struct, frozen=True):
    """How good an answer was (0-1), and how far that counts (0-16, 1 is one sure outcome)."""

    reward: float
    weight: float


def label_of(signs: Iterable[Sign], profile: AgentProfile, kind: str = RequestKind.REQUEST) -> Label | None:
    """What the signs of one attempt say together; None when that is nothing.

    Of what was told by one signal the newest counts, times the agent's `feedback_weight`. What was seen is
    weighed by its signals' weights, at most once each, and less beside what was told. Weak signs that much
    stronger ones speak against are left out: an edit that applied is none of success once the tests fail.
    """
    told, seen = _parted(signs)
    heard = [(one.label, _told_weight(one) * profile.feedback_weight) for one in told]
    share = BESIDE_TOLD if any(weight > 0 for _, weight in heard) else 1.0
    share *= OF_EXPLICIT if profile.success_signal == "explicit" else 1.0
    share *= OF_RETRY if kind == RequestKind.RETRY else 1.0
    signs_seen = _seen_weights(seen)
    clear = zip(signs_seen, without_contrary(signs_seen), strict=True)
    watched = _bounded([(label, weight * share) for (label, _), weight in clear], MOST_SEEN * share)
    return _mean([*heard, *watched])


def capped(weights: Sequence[float], cap: float) -> list[float]:
    """The weights of one conversation, all in the same proportion, so that together they are at most `cap`.

    >>> capped([1.0, 3.0], 2.0), capped([0.5, 0.25], 2.0)
    ([0.5, 1.5], [0.5, 0.25])
    """
    total = sum(weights)
    share = min(1.0, cap / total) if total > 0 else 1.0
    return [weight * share for weight in weights]


def without_contrary(pairs: Sequence[tuple[float, float]]) -> list[float]:
    """The weights of labels (label, weight). When these clearly say good or bad together, those on the other
    side weigh nothing: an edit that applied is no part of a success when the work fails.

    >>> without_contrary([(1.0, 0.1), (0.0, 0.7)]), without_contrary([(1.0, 0.1), (0.0, 0.3)])
    ([0.0, 0.7], [0.1, 0.3])
    """
    good = sum([label * weight for label, weight in pairs])
    bad = sum([(1.0 - label) * weight for label, weight in pairs])
    if good <= CONTRARY * bad:
        return [weight if label < EVEN else 0.0 for label, weight in pairs]
    if bad <= CONTRARY * good:
        return [weight if label > EVEN else 0.0 for label, weight in pairs]
    return [weight for _, weight in pairs]


def task_label(task: ToldTask) -> float | None:
    """How well a task went, 0 to 1, from what was told of it: not at all if it failed; else the mean of its
    quality, the share of tests passed, and the stakeholders' satisfaction, less for work to be done again.
    None when nothing was told that says so."""
    if task.success is False:
        return 0.0
    parts = [] if task.quality_score is None else [task.quality_score / 10]
    tests = (task.tests_passed or 0) + (task.tests_failed or 0)
    if tests:
        parts.append((task.tests_passed or 0) / tests)
    if task.stakeholder_satisfaction is not None:
        parts.append((task.stakeholder_satisfaction - 1) / 4)
    if not parts and task.success is None:
        return None
    mean = sum(parts) / len(parts) if parts else 1.0
    return mean * (0.5 if task.revision_needed else 1.0)


def in_time(latency_ms: float, profile: AgentProfile) -> float:
    """The label of an answer of an agent whose success shows in the time it took: 1 within its target, then
    less, 0 from twice that on.

    >>> [in_time(ms, AgentProfile(id="a", latency_slo_ms=1000)) for ms in (900, 1500, 9000)]
    [1.0, 0.5, 0.0]
    """
    target_ms = profile.latency_slo_ms or DEFAULT_TARGET_MS
    return min(max(2.0 - latency_ms / target_ms, 0.0), 1.0)


def _told_weight(one: Sign) -> float:
    return one.weight * (OF_AVAILABILITY if one.outcome in AVAILABILITY else 1.0)


def _parted(signs: Iterable[Sign]) -> tuple[list[Sign], list[Sign]]:
    """What was told, the newest by each signal, and what was seen, each sign once."""
    once = {one.event_id: one for one in signs}
    newest: dict[str, Sign] = {}
    seen = []
    for one in sorted(once.values(), key=lambda one: (one.seen_at_us, one.event_id)):
        if one.source == OutcomeSource.TOLD:
            newest[one.signal] = one
        else:
            seen.append(one)
    return list(newest.values()), seen


def _seen_weights(seen: Iterable[Sign]) -> list[tuple[float, float]]:
    """Labels and weights of what was seen; one signal's signs together weigh no more than one sure one."""
    signals: dict[str, list[tuple[float, float]]] = {}
    for one in seen:
        late = one.source == OutcomeSource.INFERRED and one.seen_at_us - one.decided_at_us >= LATE_US
        signals.setdefault(one.signal, []).append((one.label, one.weight * (OF_LATE if late else 1.0)))
    parts: list[tuple[float, float]] = []
    for signal, pairs in sorted(signals.items()):
        parts += _bounded(pairs, MOST_OF_SILENCE if signal in SILENT else MOST_SEEN)
    return parts


def _bounded(pairs: Sequence[tuple[float, float]], most: float) -> list[tuple[float, float]]:
    weights = capped([weight for _, weight in pairs], most)
    return [(label, weight) for (label, _), weight in zip(pairs, weights, strict=True)]


def _mean(pairs: Sequence[tuple[float, float]]) -> Label | None:
    total = sum([weight for _, weight in pairs])
    if total < LEAST_WEIGHT:
        return None
    reward = sum([label * weight for label, weight in pairs]) / total
    return Label(min(max(reward, 0.0), 1.0), min(total, MOST_WEIGHT))
