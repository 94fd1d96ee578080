"""The running gateway: everything it is made of, in the order in which it is put together.

Nothing here waits for the database: requests are served, decided and journaled without it, and the
tasks in `background` bring journal and database together once it is there.
"""

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from pointsman.accounting.budgets import Budgets
from pointsman.app import keys_file
from pointsman.app.bridge import Bridge, bridged
from pointsman.app.catalogue import Catalogue, discover, snapshot_of
from pointsman.app.config import Config
from pointsman.app.learner import Learner
from pointsman.app.loading import Loading
from pointsman.app.local_models import LocalModels
from pointsman.app.paths import Paths
from pointsman.app.policies import PolicyKeeper
from pointsman.app.private_files import kept_secret
from pointsman.core.snapshot import PolicySnapshot
from pointsman.gateway.agents import AgentRegistry
from pointsman.gateway.frontend import Frontend
from pointsman.gateway.http.client import Upstream
from pointsman.gateway.http.protocol import Limits
from pointsman.gateway.identify import Identifier
from pointsman.gateway.keyring import KeyRing
from pointsman.gateway.masks import Mask
from pointsman.gateway.outcomes import Observer
from pointsman.gateway.parts import Parts
from pointsman.gateway.pipeline import Pipeline
from pointsman.gateway.providers.base import Endpoint
from pointsman.gateway.shadow import Shadows
from pointsman.memory.keeper import TaskMemory
from pointsman.store.database import Database
from pointsman.store.inbox import Inbox
from pointsman.store.journal import JournalWriter

AT_START = (
    "host",
    "port",
    "require_keys",
    "split_sdk_callers",
    "allow_beyond_loopback",
    "drain_timeout_s",
)


class Runtime:
    """All parts of one gateway process. `open` makes it ready to serve; `close` ends it in good order."""

    def __init__(
        self,
        config: Config,
        home: Paths,
        environ: Mapping[str, str],
        config_file: Path | None,
        *,
        require_keys: bool,
    ) -> None:
        self.config = config
        self.home = home
        self.environ = environ
        self.config_file = config_file
        self.require_keys = require_keys
        self.database: Database | None = None
        self.database_error: str | None = None
        self.catalogue = Catalogue()
        self.local_models = LocalModels(config.local, home.logs)
        self.bridge = Bridge(config.providers, environ, home.logs)
        self.loading = Loading(home.journal, home.loader, home.logs, environ)
        self.learner = Learner(config, home.logs, environ)
        self.keyring = KeyRing(keys_file.read(home.keys))
        self.budgets = Budgets()
        self.journal = JournalWriter(home.journal, f"gateway{os.getpid()}")
        self.observer = Observer(self.journal)
        self.inbox = Inbox(home.inbox)
        self.memory = TaskMemory(home.memory)

    async def open(self) -> None:
        """Starts the local models and the bridge, looks for providers, and puts the request path together."""
        await self.local_models.start()
        await self.bridge.start()
        self.catalogue = await self.discover(self.config)
        snapshot = self.snapshot()
        self.policies = PolicyKeeper(snapshot, self.home.policy)
        self.parts = Parts(
            policy=self.policies.policy,
            identifier=Identifier(
                self.keyring,
                require_key=self.require_keys,
                split_sdk_callers=self.config.server.split_sdk_callers,
            ),
            registry=AgentRegistry(snapshot.agents),
            recorder=self.journal,
            budgets=self.budgets,
            observer=self.observer,
            memory=self.memory,
            mask=Mask(kept_secret(self.home.mask).encode()),
        )
        self.parts.shadows = Shadows(self.parts)
        self.observer.on_stall = self.parts.turns.stalled
        self.connect()
        self.frontend = Frontend(Pipeline(self.parts), self.limits())

    async def discover(self, config: Config) -> Catalogue:
        """Who serves what at this moment, as `config` has it."""
        return await discover(config, self.environ, self.bridge.endpoints())

    def limits(self) -> Limits:
        """What a client may do, as configured."""
        server = self.config.server
        return Limits(
            max_body_bytes=server.max_body_bytes,
            max_header_bytes=server.max_header_bytes,
            request_arrival_s=server.arrival_timeout_s,
            idle_connection_s=server.idle_timeout_s,
        )

    def snapshot(self) -> PolicySnapshot:
        """The policy of the present configuration, catalogue and local models, not yet numbered."""
        local = {name: target for name, (target, _) in self.local_models.targets().items()}
        return snapshot_of(self.config, {**self.catalogue.targets, **local}, version=0)

    def connect(self) -> None:
        """Makes an upstream for every endpoint, keeps those that have not changed, closes the others."""
        local = {name: endpoint for name, (_, endpoint) in self.local_models.targets().items()}
        wanted: dict[str, Endpoint] = {**self.catalogue.endpoints, **local}
        old = self.parts.upstreams
        fresh = {
            name: old[name] if name in old and old[name].endpoint == endpoint else Upstream(endpoint)
            for name, endpoint in wanted.items()
        }
        for name in local:
            fresh[name].revive = partial(self.local_models.ready, name)
        self.parts.upstreams = fresh
        for name, upstream in old.items():
            if fresh.get(name) is not upstream:
                upstream.close()

    async def apply(self, config: Config) -> None:
        """Runs on under `config` from the next request on. Raises `ConfigInvalid` or ValueError, and
        changes nothing, when no policy can be made from it. Needs no restart but for the address."""
        catalogue = await self.discover(config)
        before = self.config, self.catalogue
        self.config, self.catalogue = config, catalogue
        try:
            snapshot = self.snapshot()
            self.policies.replace(snapshot)
        except Exception:
            self.config, self.catalogue = before
            raise
        self.connect()
        self.parts.registry.expect(snapshot.agents)
        self.parts.health.keep(snapshot.targets)
        self.frontend.limits = self.limits()
        await self.learner.follow(config)
        if self.database is not None:
            await self.policies.publish(self.database.pool)

    def needs_restart(self, config: Config) -> list[str]:
        """The keys of `config` that differ from the running ones and take effect only at the next start."""
        old, new = self.config.server, config.server
        names = [f"server.{name}" for name in AT_START if getattr(old, name) != getattr(new, name)]
        if self.config.log.level != config.log.level:
            names.append("log.level")
        if self.config.memory.embedder != config.memory.embedder:
            names.append("memory.embedder")
        sections = ("database", "local")
        names += [name for name in sections if getattr(self.config, name) != getattr(config, name)]
        if bridged(self.config.providers) != bridged(config.providers):
            names.append("providers.NAME.bridge")
        return names

    def now_s(self) -> float:
        """The clock of health and repeats: the running loop's."""
        return asyncio.get_running_loop().time()

    async def close(self) -> None:
        """Ends in good order: what was journaled stays, upstreams and children go."""
        self.observer.close()
        if self.parts.shadows is not None:
            await self.parts.shadows.close()
        for upstream in self.parts.upstreams.values():
            upstream.close()
        await asyncio.gather(self.local_models.stop(), self.bridge.stop())
        await asyncio.to_thread(self.journal.close)
        await asyncio.to_thread(self.inbox.close)
        await self.memory.save()
