"""How long learning takes over one day of traffic, all of it at once.

    python bench/learning_day.py --requests 1000000

Makes up a day in an empty PostgreSQL of its own (agents, conversations, task vectors, outcomes that are late,
weak, strong and told), then runs every phase, and says how long each took and what the fit found.
"""

import argparse
import asyncio
import base64
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from pointsman.core.money import Price
from pointsman.core.snapshot import (
    AgentProfile,
    Alias,
    Model,
    PolicySnapshot,
    Target,
    encode_snapshot,
)
from pointsman.learning.phases import PHASES, STATEMENT_TIMEOUT_MS, run_these
from pointsman.learning.work import Options
from pointsman.learning.worker import now as clock
from pointsman.memory.embed import EMBEDDING, SURFACE
from pointsman.store import partitions, snapshots
from pointsman.store.database import open_database
from pointsman.store.pool import Connection, connect

AGENTS, MODELS, CONVERSATION = 100, 8, 20
DOMAINS = ("code", "writing", "data_science", "infrastructure", "testing", "planning")
CHUNK = 20_000
LABELLED = 0.6
SIGNALS = (
    ("tool_result", 0.15, "observed"),
    ("tests_turned", 1.0, "observed"),
    ("continued", 0.15, "inferred"),
)
EVERY_REQUEST = {
    "attempt": 0,
    "agent_source": "header",
    "kind": "request",
    "dialect": "openai_chat",
    "requested_model": "auto",
    "provider": "shop",
    "tier": "medium",
    "streamed": True,
    "status": 200,
    "finish_state": "completed",
    "latency_ms": 900.0,
    "tokens_in": 1000,
    "tokens_out": 300,
    "tokens_cached": 0,
    "tokens_cache_write": 0,
    "tokens_reasoning": 0,
    "usage_estimated": False,
    "cost_usd_micros": 1000,
    "price_source": "catalogue",
    "price_version": "1",
    "confidence": 0.8,
    "fallback_used": False,
    "policy_version": 1,
    "reason_code": "best_score",
    "tool_call_ids": [],
    "losses": [],
}
LOG = ["started_at", "request_id", "decision_id", "agent_id", "model", "task_type", "session_key", "features"]
EVERY_OUTCOME = {"attempt": 0, "outcome": "", "detail": "made_up"}
OUTCOMES = [
    "event_id",
    "decision_id",
    "target",
    "agent_id",
    "signal",
    "label",
    "weight",
    "source",
    "seen_at",
    "decided_at",
]

Row = tuple[Any, ...]


def policy() -> PolicySnapshot:
    """The policy the day was decided by."""
    targets = [
        Target(
            id=f"shop/model-{n}",
            provider="shop",
            model=Model(name=f"model-{n}", price=Price(input_usd_micros=100_000 * (n + 1))),
            upstream_model=f"model-{n}",
            dialects=("openai_chat",),
        )
        for n in range(MODELS)
    ]
    return PolicySnapshot(
        version=0,
        targets={one.id: one for one in targets},
        names={one.model.name: (one.id,) for one in targets},
        aliases={"auto": Alias(name="auto")},
        agents={},
        default_agent=AgentProfile(id="default"),
    )


class Day:
    """The made-up day. A model's skill hangs on the domain, and an agent's luck with it on the agent."""

    def __init__(self, seed: int, start: datetime) -> None:
        self.chance = np.random.default_rng(seed)
        self.start = start
        self.skill = self.chance.uniform(0.3, 0.95, (MODELS, len(DOMAINS)))
        self.luck = self.chance.normal(0.0, 0.08, (AGENTS, MODELS))
        self.centres = self.chance.normal(0.0, 0.4, (len(DOMAINS), EMBEDDING + SURFACE))

    def rows(self, first: int, count: int, total: int) -> tuple[list[Row], list[Row]]:
        """Requests and outcomes number `first` to `first + count`."""
        chance = self.chance
        numbers = np.arange(first, first + count)
        agents = (numbers // CONVERSATION) % AGENTS
        domains = chance.integers(len(DOMAINS), size=count)
        models = chance.integers(MODELS, size=count)
        vectors = (self.centres[domains] + chance.normal(0.0, 0.3, (count, EMBEDDING + SURFACE))).astype(
            "<f4"
        )
        rates = np.clip(self.skill[models, domains] + self.luck[agents, models], 0.02, 0.98)
        good = chance.random(count) < rates
        signs = (chance.random(count) < LABELLED) * (1 + chance.integers(2, size=count))
        requests, outcomes = [], []
        for place, number in enumerate(numbers.tolist()):
            agent, domain = f"agent-{agents[place]}", DOMAINS[domains[place]]
            name, request_id = f"model-{models[place]}", f"req_{number:022d}"
            at = self.start + timedelta(microseconds=86_000_000_000 * number // total)
            task_type = f"P1_{domain}_moderate"
            features = {"agent": agent, "requested": "auto", "dialect": "openai_chat", "task_type": task_type}
            features["vector"] = base64.b64encode(vectors[place].tobytes()).decode()
            conversation = f"conv-{number // CONVERSATION}"
            own = (at, request_id, request_id, agent, name, task_type, conversation)
            requests.append((*own, json.dumps(features).encode(), *EVERY_REQUEST.values()))
            for which in range(int(signs[place])):
                signal, weight, source = SIGNALS[(number + which) % len(SIGNALS)]
                about = (f"out_{number}_{which}", request_id, f"shop/{name}", agent, signal)
                said = (float(good[place]), weight, source, at + timedelta(seconds=30 * (which + 1)), at)
                outcomes.append((*about, *said, *EVERY_OUTCOME.values()))
        return requests, outcomes


async def fill(connection: Connection, total: int, start: datetime) -> int:
    """Writes the day; returns how many outcomes it has."""
    await partitions.ensure(connection, [start.date(), *partitions.days_ahead(start.date())])
    day, written = Day(1, start), 0
    for first in chunks(total):
        requests, outcomes = day.rows(first, min(CHUNK, total - first), total)
        await connection.copy_records_to_table(
            "gateway_request_log", records=requests, columns=[*LOG, *EVERY_REQUEST]
        )
        await connection.copy_records_to_table(
            "outcomes", records=outcomes, columns=[*OUTCOMES, *EVERY_OUTCOME]
        )
        written += len(outcomes)
    await connection.execute("ANALYZE")
    return written


def chunks(total: int) -> Iterator[int]:
    """Where each chunk starts."""
    return iter(range(0, total, CHUNK))


async def measure(total: int, home: Path) -> None:
    """Fills an empty database and learns from it."""
    database = await open_database(home, None)
    connection = await connect(database.dsn, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    try:
        began_s = time.perf_counter()
        start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
        await snapshots.publish(database.pool, encode_snapshot(policy()), "configuration")
        outcomes = await fill(connection, total, start)
        print(
            f"a day of {total:,} requests with {outcomes:,} outcomes, "
            f"written in {time.perf_counter() - began_s:.0f} s"
        )
        whole_s = 0.0
        for phase in PHASES:
            ran = await run_these(connection, [phase.name], Options(), clock)
            for one in ran or []:
                whole_s += one.seconds
                figures = {key: value for key, value in one.told.items() if not isinstance(value, dict)}
                print(f"{one.phase:<12} {one.seconds:8.1f} s  {one.error or figures}")
        print(f"all phases   {whole_s:8.1f} s")
        size = await connection.fetchval(
            "SELECT octet_length(body) FROM policy_snapshots ORDER BY version DESC LIMIT 1"
        )
        print(f"policy: {size:,} bytes")
    finally:
        await connection.close()
        await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="learning-day-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(measure(given.requests, Path(folder)))


if __name__ == "__main__":
    main()
