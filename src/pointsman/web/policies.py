"""Policies: listed, compared, gone back to; and how learning is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, json, to_builtins
from starlette.requests import Request

from pointsman.core.errors import InvalidRequest, NotFound
from pointsman.core.ports import Control
from pointsman.core.reports import Name
from pointsman.learning import publishing
from pointsman.learning.changes import PolicyChange, changes_between
from pointsman.learning.phases import PHASES
from pointsman.learning.publishing import NoSuchPolicy
from pointsman.store import learned, snapshots
from pointsman.store.learned import Divergence, Rule
from pointsman.store.pool import Pool
from pointsman.web.bodies import read_as
from pointsman.web.database import database
from pointsman.web.operations import Query
from pointsman.web.queries import number, only

MOST = 1000
LIMIT = Query("limit", f"How many at most, 1 to {MOST}; 100 if not given.", "integer")
AGENT = Query("agent", "Only the rules of this agent, by its name in the log.")


class PolicyListed(Struct, kw_only=True):
    """A policy. `learned` marks the one with what was learned last, `pinned` the one that was gone back
    to."""

    version: int
    created_at_us: int
    body_bytes: int
    reason: str
    running: bool
    learned: bool
    pinned: bool


class PolicyList(Struct, kw_only=True):
    """Policies, newest first."""

    policies: list[PolicyListed]


class PolicyDiff(Struct, kw_only=True):
    """What differs between two policies."""

    old: int
    new: int
    changes: list[PolicyChange]


class PolicyPinned(Struct, kw_only=True):
    """Which policy is pinned now, or None."""

    pinned_version: int | None


class PhaseTold(Struct, kw_only=True):
    """A phase of learning, and how it last went. `every_s` is how often this gateway's learner runs it; null
    when `[learning]` turns that off."""

    phase: str
    what: str
    every_s: float | None
    started_at: datetime | None
    finished_at: datetime | None
    runs: int
    failures: int
    error: str | None
    told: dict[str, Any]


class LearningTold(Struct, kw_only=True):
    """How learning is: its phases, the policy published last, alerts and divergences, newest first."""

    phases: list[PhaseTold]
    published_version: int | None
    pinned_version: int | None
    alerts: list[dict[str, Any]]
    divergences: list[Divergence]


class DivergenceReviewed(Struct, kw_only=True, forbid_unknown_fields=True):
    """The divergence that somebody has looked at: its `model`."""

    model: Name


class RuleList(Struct, kw_only=True):
    """What agents' requests go to, by kind of task."""

    rules: list[Rule]


async def listing(control: Control, request: Request) -> Any:
    """The latest policies."""
    only(request, [LIMIT.name])
    limit = number(request, LIMIT.name, 100, MOST)
    async with database(control) as pool:
        state = await learned.published(pool)
        entries = await snapshots.listing(pool, limit)
    return PolicyList(
        policies=[
            PolicyListed(
                **to_builtins(entry),
                running=entry.version == control.policy.version,
                learned=entry.version == state.published_version,
                pinned=entry.version == state.pinned_version,
            )
            for entry in entries
        ]
    )


async def diff(control: Control, request: Request) -> Any:
    """What differs between two policies."""
    old, new = (_version(request, name) for name in ("old", "new"))
    async with database(control) as pool, pool.acquire() as connection:
        before = await _policy(connection, old)
        after = await _policy(connection, new)
    return PolicyDiff(old=old, new=new, changes=changes_between(before, after))


async def roll_back(control: Control, request: Request) -> Any:
    """Goes back to what a policy had learned, and pins that."""
    version = _version(request, "version")
    async with database(control) as pool, pool.acquire() as connection:
        try:
            made = await publishing.roll_back(connection, version, datetime.now(UTC))
        except NoSuchPolicy as error:
            raise NotFound(f"{str(error).capitalize()}; see /api/v1/policies.") from error
    return PolicyPinned(pinned_version=made)


async def release(control: Control, request: Request) -> Any:
    """Lets learning publish again."""
    async with database(control) as pool, pool.acquire() as connection:
        await publishing.release(connection)
    return PolicyPinned(pinned_version=None)


async def learning(control: Control, request: Request) -> Any:
    """How learning is."""
    async with database(control) as pool:
        state = await learned.published(pool)
        return LearningTold(
            phases=await _phases(pool, control.phase_intervals_s),
            published_version=state.published_version,
            pinned_version=state.pinned_version,
            alerts=[dict(one) for one in await learned.alerts(pool)],
            divergences=await learned.divergences(pool),
        )


async def review(control: Control, request: Request) -> Any:
    """Notes that somebody has looked at a divergence."""
    agent = request.path_params["agent_id"]
    seen = await read_as(request, DivergenceReviewed)
    if "\0" in agent + seen.model:
        raise InvalidRequest("No agent's or model's name holds a zero character.", param="model")
    async with database(control) as pool:
        found = await learned.review_divergence(pool, agent, seen.model, datetime.now(UTC))
    if found is None:
        raise NotFound(f"Agent {agent!r} has no divergence at {seen.model!r}; see /api/v1/learning.")
    return found


async def rules(control: Control, request: Request) -> Any:
    """What agents' requests go to."""
    only(request, [AGENT.name])
    agent = request.query_params.get(AGENT.name)
    if agent is not None and "\0" in agent:
        raise InvalidRequest("No agent's name holds a zero character.", param=AGENT.name)
    async with database(control) as pool:
        return RuleList(rules=await learned.rules(pool, agent))


async def _phases(pool: Pool, intervals_s: Mapping[str, float]) -> list[PhaseTold]:
    known = await learned.phases(pool)
    told = []
    for phase in PHASES:
        last = known.get(phase.name)
        told.append(
            PhaseTold(
                phase=phase.name,
                what=phase.what,
                every_s=intervals_s.get(phase.name),
                started_at=last.started_at if last else None,
                finished_at=last.finished_at if last else None,
                runs=last.runs if last else 0,
                failures=last.failures if last else 0,
                error=last.error if last else None,
                told=json.decode(last.told) if last and last.told else {},
            )
        )
    return told


async def _policy(connection: Any, version: int) -> Any:
    try:
        return await publishing.policy(connection, version)
    except NoSuchPolicy as error:
        raise NotFound(f"{str(error).capitalize()}; see /api/v1/policies.") from error


def _version(request: Request, name: str) -> int:
    """A version out of the path. Raises NotFound for what is none."""
    text = request.path_params[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound(f"There is no policy {text[:40]!r}; see /api/v1/policies.")
    return int(text)
