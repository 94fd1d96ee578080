"""Whether what was learned may be published: is it whole, and does it do no worse than what runs?"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from pointsman.core.errors import PointsmanError
from pointsman.core.features import Features
from pointsman.core.posterior import Posterior
from pointsman.core.snapshot import PolicySnapshot, decode_snapshot, encode_snapshot
from pointsman.learning.alerts import raise_alert
from pointsman.learning.replay import Comparison, Expectation, Sample, compared
from pointsman.learning.work import Work
from pointsman.routing.engine import decide
from pointsman.routing.evidence import Statistics, checked
from pointsman.store import drifts, learning, snapshots

REPLAY_DAYS: Final = timedelta(days=7)
HALF_OF: Final = 300
"""A decision with so many newer ones counts half."""
_features_of = msgspec.json.Decoder(Features).decode


class Refused(Exception):
    """What was learned must not be published; the alert says why."""

    def __init__(self, kind: str, detail: Mapping[str, Any]) -> None:
        super().__init__(f"{kind}: {dict(detail)}")
        self.kind = kind
        self.detail = detail


class Validated(Struct, frozen=True):
    """A policy that may be published, and how it did in the replay."""

    policy: PolicySnapshot
    comparison: Comparison


async def whole(work: Work, posterior: Posterior) -> Posterior:
    """The posterior with bad cells replaced by their prior, which raises an alert. Raises `Refused` when its
    shared level is bad."""
    try:
        mended, dropped = checked(posterior)
    except ValueError as error:
        raise Refused("bad_evidence", {"error": str(error)}) from error
    if dropped:
        await complain_of_cells(work, "posterior", dropped)
    return mended


async def complain_of_cells(work: Work, where: str, dropped: tuple[str, ...]) -> None:
    """Raises an alert for cells that cannot be true; what they say is the prior's now."""
    detail = {"where": where, "cells": list(dropped[:50]), "count": len(dropped)}
    await raise_alert(work, "bad_cells", detail, about=(where,))


async def no_worse(
    work: Work, running: PolicySnapshot, wanted: PolicySnapshot, statistics: Statistics
) -> Validated:
    """The policy, if gateways could read it and a replay of recent decisions does not show that it does
    worse. Raises `Refused` otherwise."""
    decoded = decode_snapshot(encode_snapshot(wanted), running.version)
    samples = await recent_samples(work)
    comparison = compared(running, decoded, samples, Expectation(statistics, running.targets))
    if comparison.verdict == "worse":
        raise Refused("policy_worse", msgspec.to_builtins(comparison))
    return Validated(decoded, comparison)


async def recent_samples(work: Work) -> list[Sample]:
    """Labelled decisions of the last week, each with how likely it had been under the policy it was made
    by. The newer, the more they count; what a drift has made old does not."""
    since = (work.now - REPLAY_DAYS).date()
    rows = await learning.recent_labelled(work.connection, since, work.options.replayed)
    since_drift = {
        (one.agent_id, one.model, one.slice): one.since for one in await drifts.known(work.connection)
    }
    policies: dict[int, PolicySnapshot | None] = {}
    samples = []
    for place, row in enumerate(rows):
        if row["at"] < since_drift.get((row["agent_id"], row["model"], row["slice"]), row["at"]):
            continue
        try:
            features = _features_of(row["features"])
        except msgspec.MsgspecError:
            continue
        version = row["policy_version"]
        if version not in policies:
            policies[version] = await _policy(work, version)
        samples.append(
            Sample(
                features=features,
                agent_id=row["agent_id"],
                model=row["model"],
                reward=row["reward"],
                weight=row["weight"] * 0.5 ** (place / HALF_OF),
                propensity=_propensity(features, policies[version], row["provider"], row["model"]),
            )
        )
    return samples


async def _policy(work: Work, version: int) -> PolicySnapshot | None:
    stored = await snapshots.get(work.connection, version)
    try:
        return None if stored is None else decode_snapshot(stored.body, version)
    except (msgspec.MsgspecError, ValueError):
        return None


def _propensity(features: Features, policy: PolicySnapshot | None, provider: str, model: str) -> float:
    """How likely the logged choice was; 1 where that cannot be told any more."""
    try:
        decision = None if policy is None else decide(features, policy)
    except PointsmanError:
        return 1.0
    same = decision is not None and decision.target == f"{provider}/{model}"
    return decision.propensity if decision is not None and same else 1.0
