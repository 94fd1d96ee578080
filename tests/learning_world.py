"""Agents, models and what became of their requests, put straight into the store."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec.structs import replace
from tests.store_records import a_record, an_outcome
from tests.unit.routing.routing_world import model, target, world

from pointsman.core.events import RequestRecord
from pointsman.core.features import Features
from pointsman.core.outcomes import OutcomeRecord, OutcomeSource
from pointsman.core.snapshot import AgentProfile, encode_snapshot
from pointsman.learning.phases import run_these
from pointsman.learning.work import Options
from pointsman.store import batch, outcomes, partitions, snapshots
from pointsman.store.pool import Connection, Pool
from pointsman.store.rows import time_of, us_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICY = world(
    target("shop", model("good", 60.0, 1_000_000)),
    target("shop", model("bad", 60.0, 500_000)),
    agents=(AgentProfile(id="timed", success_signal="completion_time", latency_slo_ms=1000),),
)
OPTIONS = Options()


def at(minutes_ago: float) -> int:
    """Microseconds since the epoch, so long before NOW."""
    return us_of(NOW - timedelta(minutes=minutes_ago))


def a_request(number: int, model_name: str, minutes_ago: float = 60.0, **changes: object) -> RequestRecord:
    """A whole answer of `shop/model_name`, with its recorded features."""
    agent = str(changes.get("agent_id", "coder"))
    features = Features(agent=agent, requested="auto", dialect="openai_chat", seed=number)
    return a_record(
        number,
        **{
            "request_id": f"req_{number:06}",
            "decision_id": f"req_{number:06}",
            "started_at_us": at(minutes_ago) + number,
            "agent_id": "coder",
            "provider": "shop",
            "model": model_name,
            "task_type": "P1_code_simple",
            "features": msgspec.json.encode(features),
            **changes,
        },
    )


def sign_of(request: RequestRecord, label: float, weight: float = 1.0, **changes: object) -> OutcomeRecord:
    """A sign of how good an answer was."""
    values = {
        "event_id": f"out_{request.request_id}_{changes.get('signal', 'tests_turned')}",
        "decision_id": request.request_id,
        "attempt": request.attempt,
        "target": f"{request.provider}/{request.model}",
        "agent_id": request.agent_id,
        "signal": "tests_turned",
        "label": label,
        "weight": weight,
        "source": OutcomeSource.OBSERVED,
        "decided_at_us": request.started_at_us,
        "seen_at_us": request.started_at_us + 1_000_000,
    }
    return replace(an_outcome(0), **{**values, **changes})


def some_traffic(count: int, seed: int = 1, **changes: object) -> list[tuple[RequestRecord, OutcomeRecord]]:
    """Requests of which `good` does nine in ten and `bad` three in ten."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        name = "good" if number % 2 else "bad"
        request = a_request(number, name, minutes_ago=120.0, **changes)
        made.append((request, sign_of(request, float(chance.random() < (0.9 if name == "good" else 0.3)))))
    return made


async def put(pool: Pool, pairs: Sequence[tuple[RequestRecord, OutcomeRecord | None]]) -> None:
    """Writes requests and their signs."""
    requests = [request for request, _ in pairs]
    async with pool.acquire() as connection:
        await partitions.ensure(connection, {time_of(one.started_at_us).date() for one in requests})
        async with connection.transaction():
            await batch.write(connection, requests, staged=True)
            await outcomes.add(connection, [sign for _, sign in pairs if sign is not None])


async def tell(pool: Pool, *signs: OutcomeRecord) -> None:
    """Writes signs."""
    async with pool.acquire() as connection, connection.transaction():
        await outcomes.add(connection, signs)


async def publish(pool: Pool, policy=POLICY) -> int:
    """Publishes as a gateway does."""
    return await snapshots.publish(pool, encode_snapshot(policy), "configuration")


async def learn(connection: Connection, *names: str, now: datetime = NOW, options: Options = OPTIONS):
    """Runs phases by name; what they told, by phase. None of them may fail."""
    ran = await run_these(connection, names, options, lambda: now)
    assert ran is not None
    assert [one.error for one in ran] == [None] * len(ran)
    return {one.phase: one.told for one in ran}


async def score_of(connection: Connection, model: str, agent: str = "coder") -> float:
    """What the agent is taken to reach with the model."""
    sql = "SELECT score FROM agent_confidence_scores WHERE agent_id = $1 AND model = $2"
    return await connection.fetchval(sql, agent, model)
