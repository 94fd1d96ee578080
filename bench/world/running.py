"""A gateway in this process, made of the product's own parts: pipeline, observer, journal, loader, learning,
policies. Nothing is told to it but requests. Its clock is made up, so that days pass in seconds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest import mock

from bench.world.provider import StandIn
from bench.world.truth import EXPLORATION, PROVIDER, configuration

from pointsman.accounting.budgets import Budgets
from pointsman.app.catalogue import discover, snapshot_of
from pointsman.app.config import parse_config
from pointsman.app.learner import options_of
from pointsman.app.policies import PolicyKeeper
from pointsman.gateway.agents import AgentRegistry
from pointsman.gateway.frontend import Frontend
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.http.protocol import Limits
from pointsman.gateway.identify import Identifier
from pointsman.gateway.keyring import KeyRing
from pointsman.gateway.masks import Mask
from pointsman.gateway.outcomes import Observer
from pointsman.gateway.pipeline import Parts, Pipeline
from pointsman.learning.phases import run_due
from pointsman.memory.keeper import TaskMemory
from pointsman.store.journal import JournalWriter
from pointsman.store.loader import Loader
from pointsman.store.pool import connect, create_pool

BEGIN_S: Final = datetime(2026, 3, 2, 7, tzinfo=UTC).timestamp()
OFFLINE: Final = {"OLLAMA_HOST": "127.0.0.1:1"}


class Clock:
    """The wall clock and the running loop's, both moved on by `sleep`."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def pass_time(self, seconds: float) -> None:
        """So much time passes."""
        self.now_s += seconds

    def utc(self) -> datetime:
        """What the wall clock shows."""
        return datetime.fromtimestamp(BEGIN_S + self.now_s, UTC)

    @contextmanager
    def ruling(self) -> Iterator[None]:
        """Everything in this process goes by this clock."""
        loop = asyncio.get_running_loop()
        began_s, real = loop.time(), loop.time

        def monotonic_s() -> float:
            return real() + self.now_s

        def wall_ns() -> int:
            return int((BEGIN_S + monotonic_s() - began_s) * 1e9)

        with mock.patch.object(loop, "time", monotonic_s), mock.patch("time.time_ns", wall_ns):
            yield


class _Wire:
    """Takes what is written to a client."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        """Keeps it."""
        self.data += data

    def abort(self) -> None:
        """Nothing to break off."""


class Gateway:
    """The gateway, its provider, and what learns beside it."""

    def __init__(self, frontend: Frontend, provider: StandIn, clock: Clock) -> None:
        self.provider = provider
        self.clock = clock
        self.reason = ""
        self._frontend = frontend

    async def ask(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """One request; the body of its answer, and in `reason` why it went where it did. Raises RuntimeError
        when it was refused."""
        wire = _Wire()
        exchange = Exchange(wire, lambda _: None)  # type: ignore[arg-type]
        exchange.headers = {name.encode(): value.encode() for name, value in headers.items()}
        exchange.method, exchange.client_ip, exchange.body = "POST", "127.0.0.1", body
        exchange.chunked = False
        self._frontend.match(b"POST", path.encode(), exchange)
        await self._frontend.serve(exchange)
        await asyncio.sleep(0)
        head, _, answer = wire.data.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(wire.data.decode())
        self.reason = head.partition(b"x-pointsman-reason: ")[2].partition(b"\r\n")[0].decode()
        return answer


class Learning:
    """Loader and phases on a connection of their own, run whenever it is looked after them."""

    def __init__(self, parts: Any) -> None:
        self._loader, self._connection, self._pool, self._policies, self._options, self._clock = parts
        self.ran: list[tuple[str, dict[str, Any]]] = []

    async def look(self) -> None:
        """What the background tasks of a gateway do by and by: load the journal, run the phases that are
        due, take over what was published."""
        await self._loader.drain()
        for one in await run_due(self._connection, self._options, self._clock.utc) or ():
            if one.error is not None:
                raise RuntimeError(f"{one.phase}: {one.error}")
            self.ran.append((one.phase, one.told))
        await self._policies.hear(self._pool)

    @property
    def policy(self) -> Any:
        """The policy in force."""
        return self._policies.policy.current


@asynccontextmanager
async def running(
    dsn: str, folder: Path, seed: int, exploration: float = EXPLORATION, more: str = ""
) -> AsyncIterator[tuple[Gateway, Learning]]:
    """A gateway on an empty, migrated database. `more` comes behind the world's configuration."""
    clock = Clock()
    with clock.ruling():
        config = parse_config(configuration(exploration) + "\n" + more)
        catalogue = await discover(config, OFFLINE)
        snapshot = snapshot_of(config, catalogue.targets, version=0)
        policies = PolicyKeeper(snapshot, folder / "policy.bin")
        journal = JournalWriter(folder / "journal", "world")
        provider = StandIn(Random(seed))
        memory = TaskMemory()
        memory.load()
        observer = Observer(journal)
        parts = Parts(
            policy=policies.policy,
            identifier=Identifier(KeyRing(), require_key=False),
            registry=AgentRegistry(snapshot.agents),
            recorder=journal,
            budgets=Budgets(),
            mask=Mask(b"world"),
            upstreams={PROVIDER: provider},  # type: ignore[dict-item]
            memory=memory,
            observer=observer,
        )
        observer.on_stall = parts.turns.stalled
        pool, connection = await create_pool(dsn), await connect(dsn)
        try:
            await policies.publish(pool)
            loader = Loader(folder / "journal", pool)
            learning = Learning((loader, connection, pool, policies, options_of(config), clock))
            yield Gateway(Frontend(Pipeline(parts), Limits()), provider, clock), learning
        finally:
            observer.close()
            journal.close()
            await connection.close()
            await pool.close()
