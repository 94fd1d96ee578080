"""From attempts and their signs to contributions, and from changed contributions to what the sums change by.

Pure: the same signs give the same contributions, whenever and in whatever parts they come.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date
from hashlib import blake2b
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from pointsman.core.calibration import CALIBRATION_AGENT, CALIBRATION_SIGNAL
from pointsman.core.outcomes import OutcomeSource
from pointsman.core.snapshot import AgentProfile
from pointsman.learning.labels import OF_EXPLICIT, TOLD_TASK, capped, label_of, without_contrary
from pointsman.routing.evidence import Frame, Observation, Statistics
from pointsman.routing.evidence.geometry import Vector
from pointsman.routing.performance import EVERYONE, slice_of
from pointsman.store.learning import Attempted, Contribution, Sign

OF_LAST: Final = frozenset({TOLD_TASK, CALIBRATION_SIGNAL})
TASK_WEIGHT: Final = 1.0
"""What a model's attempts at one task weigh together once they are telling: as much as one sure outcome. A
task that fails takes many more attempts, and leaves many more signs, than one that succeeds; by its signs
alone it would count more than that one, and every model look worse than it is."""
TELLING: Final = 0.4
"""The weight from which the signs of a task tell how it went."""
Key = tuple[str, int]
Profiles = Callable[[str], AgentProfile]


class Change(Struct, frozen=True):
    """What one attempt added before, and what it is to add from now on; None: nothing."""

    old: Contribution | None
    new: Contribution | None


def contributions_of(
    attempts: Mapping[Key, Attempted],
    signs: Mapping[Key, Sequence[Sign]],
    profiles: Profiles,
    geometry: int,
    conversation_weight: float,
) -> dict[Key, Contribution]:
    """What these attempts add, those of one conversation and day within its cap. Whole conversations must
    come together."""
    made, signs = {}, _that_hold(_at_answers(attempts, signs))
    for key, attempt in attempts.items():
        profile = profiles(attempt.agent_id)
        about = [one for one in signs.get(key, ()) if one.agent_id == attempt.agent_id]
        label = label_of(about, profile, attempt.kind) if about and attempt.model else None
        if label is not None:
            made[key] = Contribution(
                decision_id=attempt.decision_id,
                attempt=attempt.attempt,
                at=attempt.started_at,
                day=attempt.started_at.astimezone(UTC).date(),
                agent_id=attempt.agent_id,
                model=attempt.model,
                slice=slice_of(attempt.task_type),
                reward=label.reward,
                own_weight=label.weight,
                weight=label.weight,
                geometry=geometry,
                conversation=conversation_of(attempt),
                vector=attempt.vector,
            )
    return _within_caps(made, profiles, conversation_weight)


def _at_answers(
    attempts: Mapping[Key, Attempted], signs: Mapping[Key, Sequence[Sign]]
) -> Mapping[Key, Sequence[Sign]]:
    """What was told of a task, or found by a calibration, is about the attempt that answered, the last."""
    last: dict[str, int] = {}
    for decision, number in attempts:
        last[decision] = max(last.get(decision, 0), number)
    moved: dict[Key, list[Sign]] = {}
    for (decision, number), some in signs.items():
        for one in some:
            place = last.get(decision, number) if one.signal in OF_LAST else number
            moved.setdefault((decision, place), []).append(one)
    return moved


def _that_hold(signs: Mapping[Key, Sequence[Sign]]) -> Mapping[Key, Sequence[Sign]]:
    """The signs without what was told of a decision before, but was put right since: the correction may be
    about another attempt ("it was the fallback's fault"), and then leaves nothing at the first."""
    newest: dict[tuple[str, str, str], tuple[int, Key]] = {}
    for key, some in signs.items():
        for one in some:
            if one.source == OutcomeSource.TOLD:
                said = key[0], one.agent_id, one.signal
                newest[said] = max(newest.get(said, (one.seen_at_us, key)), (one.seen_at_us, key))

    def holds(key: Key, one: Sign) -> bool:
        return one.source != OutcomeSource.TOLD or newest[key[0], one.agent_id, one.signal][1] == key

    return {key: [one for one in some if holds(key, one)] for key, some in signs.items()}


def conversation_of(attempt: Attempted) -> str | None:
    """A hash that stands for an attempt's conversation on its day; None when it is not known."""
    if attempt.session_key is None:
        return None
    day = attempt.started_at.astimezone(UTC).date().isoformat()
    text = f"{attempt.agent_id}\0{attempt.session_key}\0{day}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def changes_of(old: Mapping[Key, Contribution], new: Mapping[Key, Contribution]) -> list[Change]:
    """What differs, in the order of decisions."""
    pairs = [Change(old.get(key), new.get(key)) for key in sorted({*old, *new})]
    return [one for one in pairs if one.old != one.new]


def deltas_of(changes: Sequence[Change], frame: Frame) -> dict[date, Statistics]:
    """By day, what the sums change by."""
    gone = [one.old for one in changes if one.old is not None]
    come = [one.new for one in changes if one.new is not None]
    found: dict[date, Statistics] = {}
    for some, is_new in ((gone, False), (come, True)):
        days: dict[date, list[Observation]] = {}
        rows = inputs_of([one.vector for one in some], [one.slice for one in some], frame)
        for one, inputs in zip(some, rows, strict=True):
            days.setdefault(one.day, []).append(_observation(one, inputs))
        for day, observations in days.items():
            statistics = found.setdefault(day, Statistics(frame.size, frame.geometry.version))
            (statistics.add if is_new else statistics.subtract)(observations)
    return found


def inputs_of(vectors: Sequence[bytes], kinds: Sequence[str], frame: Frame) -> Vector:
    """The inputs of many tasks, one a row, from their vectors and kinds. A vector of another size tells
    nothing."""
    rows = np.zeros((len(vectors), frame.size))
    rows[:, 0] = 1.0
    good = [place for place, vector in enumerate(vectors) if frame.raw and len(vector) == 4 * frame.raw]
    if good:
        raw = np.frombuffer(b"".join([vectors[place] for place in good]), "<f4").astype(np.float64)
        rows[good] = frame.inputs_of(raw.reshape(len(good), frame.raw), [kinds[place] for place in good])
    return rows


def _within_caps(
    made: dict[Key, Contribution], profiles: Profiles, conversation_weight: float
) -> dict[Key, Contribution]:
    together: dict[str, list[Key]] = {}
    tasks: dict[tuple[str, bytes, str], list[Key]] = {}
    for key, one in made.items():
        if one.conversation is not None:
            together.setdefault(one.conversation, []).append(key)
            if one.vector:
                tasks.setdefault((one.conversation, one.vector, one.model), []).append(key)
    for keys in tasks.values():
        keys.sort()
        weights = without_contrary([(made[key].reward, made[key].own_weight) for key in keys])
        share = _task_share(weights, profiles(made[keys[0]].agent_id))
        for key, weight in zip(keys, weights, strict=True):
            made[key] = replace(made[key], weight=weight * share)
    for keys in together.values():
        cap = conversation_weight * max(1.0, profiles(made[keys[0]].agent_id).feedback_weight)
        keys.sort()
        for key, weight in zip(keys, capped([made[key].weight for key in keys], cap), strict=True):
            made[key] = replace(made[key], weight=weight)
    return made


def _task_share(weights: Sequence[float], profile: AgentProfile) -> float:
    """What becomes of the weights of one model's attempts at one task, so that telling ones make one outcome
    in all; half of one where it is the agent that tells how it went."""
    total, seen = sum(weights), OF_EXPLICIT if profile.success_signal == "explicit" else 1.0
    if total < TELLING * seen:
        return 1.0
    return max(TASK_WEIGHT * seen, *weights) / total


def _observation(one: Contribution, inputs: Vector) -> Observation:
    return Observation(
        agent=EVERYONE if one.agent_id == CALIBRATION_AGENT else one.agent_id,
        model=one.model,
        inputs=inputs,
        reward=one.reward,
        slice=one.slice,
        weight=one.weight,
    )
