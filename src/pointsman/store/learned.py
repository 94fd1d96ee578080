"""What learning leaves behind: when its phases ran, which policy it published, scores, rules, divergences
and alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from pointsman.store.pool import Connection, Pool
from pointsman.store.sql import queries

_SQL: Final = queries("learned")


class PhaseRun(Struct, frozen=True, kw_only=True):
    """How a phase last went. `finished_at` is None before its first good end, `error` what its last failure
    said, `told` its figures as JSON."""

    phase: str
    started_at: datetime
    finished_at: datetime | None
    runs: int
    failures: int
    error: str | None
    told: bytes | None
    worker: str


class Published(Struct, frozen=True, kw_only=True):
    """Which policies hold what was learned. `change` is the number of changes of the sums that had been
    seen; `pinned_version` is None unless somebody went back to a policy."""

    published_version: int | None
    pinned_version: int | None
    settled_version: int | None
    published_change: int
    published_at: datetime


class Score(Struct, frozen=True, kw_only=True):
    """An agent's confidence in a model. `reference_score` is that of `reference_at`, about an hour ago."""

    agent_id: str
    model: str
    score: float
    deviation: float
    observations: float
    reference_score: float
    reference_at: datetime


class Confidence(Struct, frozen=True, kw_only=True):
    """How likely an agent's average task is to succeed with a model (0-1), how unsure that is, and on how
    much evidence of the agent's own it stands (1 is one sure outcome)."""

    score: float
    deviation: float | None
    observations: float
    updated_at: datetime


class Divergence(Struct, frozen=True, kw_only=True):
    """Where an agent's own evidence and everyone's disagree. The agent's counts; `observations` is how much
    there is of it (1 is one sure outcome), and `deviation` how unsure it leaves the difference. `last_seen`
    is when the phase `rules` found it last: one that a later run did not find is over."""

    agent_id: str
    model: str
    global_score: float
    agent_score: float
    deviation: float
    observations: float
    first_seen: datetime
    last_seen: datetime
    reviewed_at: datetime | None


class Rule(Struct, frozen=True, kw_only=True):
    """Which target an agent's requests of a kind go to, and who takes over. `since` is when it became so."""

    agent_id: str
    slice: str
    target: str
    tier: str
    fallbacks: Sequence[str]
    confidence: float
    gate: float
    policy_version: int
    since: datetime
    updated_at: datetime


class Alert(Struct, frozen=True, kw_only=True):
    """What somebody should look at. `key` says of what: there is one alert a key."""

    key: str
    kind: str
    detail: Mapping[str, Any]
    at: datetime
    agent_id: str = ""


# The one place, and phases


async def try_lease(connection: Connection) -> bool:
    """Takes the one place of learning in this database, for as long as the connection lives; False while
    another has it."""
    taken: bool = await connection.fetchval(_SQL["try_lease"])
    return taken


async def end_lease(connection: Connection) -> None:
    """Gives the place back."""
    await connection.execute(_SQL["end_lease"])


async def phases(connection: Connection | Pool) -> dict[str, PhaseRun]:
    """How each phase last went."""
    return {row["phase"]: PhaseRun(**dict(row)) for row in await connection.fetch(_SQL["phases"])}


async def begin_phase(connection: Connection, phase: str, at: datetime, worker: str) -> None:
    """Notes that a phase begins."""
    await connection.execute(_SQL["begin_phase"], phase, at, worker)


async def end_phase(connection: Connection, phase: str, at: datetime, told: Mapping[str, Any]) -> None:
    """Notes that a phase ended well, and its figures."""
    await connection.execute(_SQL["end_phase"], phase, at, msgspec.json.encode(told))


async def fail_phase(connection: Connection, phase: str, error: str) -> None:
    """Notes that a phase failed."""
    await connection.execute(_SQL["fail_phase"], phase, error[:2000].replace("\0", "?"))


# Publishing


async def published(connection: Connection | Pool, *, lock: bool = False) -> Published:
    """Which policy was published. `lock` keeps others from publishing until the transaction ends."""
    row = await connection.fetchrow(_SQL["lock_state" if lock else "state"])
    assert row is not None  # noqa: S101 - the migration writes the one row
    return Published(**dict(row))


async def note_published(connection: Connection, version: int, change: int, at: datetime) -> None:
    """Notes which policy was published, after how many changes of the sums."""
    await connection.execute(_SQL["note_published"], version, change, at)


async def settle(connection: Connection, version: int) -> None:
    """Notes that a policy, whoever published it, holds what was learned."""
    await connection.execute(_SQL["settle"], version)


async def pin(connection: Connection | Pool, version: int | None) -> None:
    """Pins a policy; None releases it."""
    await connection.execute(_SQL["pin"], version)


# Scores, divergences, rules


async def scores(connection: Connection) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The confidences of all agents, by agent and model."""
    return {(row["agent_id"], row["model"]): dict(row) for row in await connection.fetch(_SQL["scores"])}


async def confidences(connection: Connection | Pool, agent_id: str) -> dict[str, Confidence]:
    """An agent's confidence in each model it has used, by its name in the log."""
    rows = [dict(row) for row in await connection.fetch(_SQL["confidences"], agent_id)]
    return {row.pop("model"): Confidence(**row) for row in rows}


async def put_scores(connection: Connection, found: Sequence[Score], at: datetime) -> None:
    """Writes confidences."""
    if found:
        names = ("agent_id", "model", "score", "deviation", "observations")
        columns = [[getattr(one, name) for one in found] for name in names]
        references = [[one.reference_score for one in found], [one.reference_at for one in found]]
        await connection.execute(_SQL["put_scores"], *columns, at, *references)


async def put_divergence(connection: Connection, found: Divergence) -> datetime | None:
    """Notes a divergence, or that it is still there; returns when somebody has looked at it."""
    figures = (found.global_score, found.agent_score, found.deviation, found.observations)
    reviewed_at: datetime | None = await connection.fetchval(
        _SQL["put_divergence"], found.agent_id, found.model, *figures, found.last_seen
    )
    return reviewed_at


async def review_divergence(pool: Pool, agent_id: str, model: str, at: datetime) -> Divergence | None:
    """Notes that somebody has looked at a divergence; None when there is none."""
    row = await pool.fetchrow(_SQL["review_divergence"], agent_id, model, at)
    return None if row is None else Divergence(**dict(row))


async def divergences(connection: Connection | Pool, limit: int = 1000) -> list[Divergence]:
    """All divergences, newest first."""
    return [Divergence(**dict(row)) for row in await connection.fetch(_SQL["divergences"], limit)]


async def slices(connection: Connection, since: datetime) -> dict[str, list[str]]:
    """By agent, the kinds of task it was seen with since a day."""
    found: dict[str, list[str]] = {}
    for row in await connection.fetch(_SQL["slices"], since.date()):
        found.setdefault(row["agent_id"], []).append(row["slice"])
    return found


async def rules(connection: Connection | Pool, agent_id: str | None = None) -> list[Rule]:
    """The rules of all agents, or of one."""
    return [Rule(**dict(row)) for row in await connection.fetch(_SQL["rules"], agent_id)]


async def put_rule(connection: Connection, rule: Rule) -> None:
    """Writes a rule."""
    await connection.execute(
        _SQL["put_rule"],
        *(rule.agent_id, rule.slice, rule.target, rule.tier, list(rule.fallbacks)),
        *(rule.confidence, rule.gate, rule.policy_version, rule.updated_at),
    )


async def drop_rules(connection: Connection, before: datetime) -> None:
    """Drops the rules that were last written before then."""
    await connection.execute(_SQL["drop_rules"], before)


# Alerts


async def raise_alert(connection: Connection, alert: Alert) -> None:
    """Raises an alert, unless one of its key has been raised."""
    detail = msgspec.json.encode(alert.detail)
    await connection.execute(_SQL["raise"], alert.key, alert.kind, alert.agent_id, detail, alert.at)


async def alerts(connection: Connection | Pool, limit: int = 100) -> list[Mapping[str, Any]]:
    """The newest alerts."""
    found = [dict(row) for row in await connection.fetch(_SQL["alerts"], limit)]
    return [one | {"detail": msgspec.json.decode(one["detail"])} for one in found]


async def forget(connection: Connection, *, alerts_before: datetime, policies_before: datetime) -> None:
    """Drops old alerts, divergences that have long been over, and old policies that are not in use."""
    await connection.execute(_SQL["forget_divergences"], alerts_before)
    await connection.execute(_SQL["forget_alerts"], alerts_before)
    await connection.execute(_SQL["forget_policies"], policies_before)
