"""Keeps the task memory of a runtime in line with the store, the folder of agents, and who opted out."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pointsman.app.config import Config
from pointsman.app.config.schema import BUNDLED
from pointsman.app.provider_embedder import DIALECT, ProviderEmbedder
from pointsman.app.runtime import Runtime
from pointsman.core.errors import UpstreamBroken, UpstreamFault
from pointsman.core.snapshot import Target
from pointsman.gateway.http.client import Upstream
from pointsman.store.pool import Pool

RETRY_S = 10.0
_logger = logging.getLogger("pointsman.memory")


class MemoryTasks:
    """What `background` runs for the memory. The errors of a database that is away are raised."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._complaint = ""
        self._begun = False
        self._loaded = asyncio.Event()

    async def load(self) -> None:
        """Reads the embedder, which needs no store; waits for the provider when it is one of those."""
        memory, chosen = self._runtime.memory, self._runtime.config.memory.embedder
        if chosen == BUNDLED:
            await asyncio.to_thread(memory.load)
        else:
            await asyncio.to_thread(memory.read_bundled)
            await asyncio.to_thread(memory.load, await self._provider(chosen))
        self._loaded.set()

    async def _provider(self, chosen: str) -> ProviderEmbedder:
        """The embedder of a provider, as soon as it answers."""
        while True:
            try:
                return await ProviderEmbedder.connected(self._target(chosen), partial(self._upstream, chosen))
            except (UpstreamFault, OSError) as error:
                self._runtime.memory.error = str(error)
                self._complain(f"The task memory waits for {chosen}: {error}")
            await asyncio.sleep(RETRY_S)

    def _target(self, chosen: str) -> Target:
        target = self._runtime.policies.policy.current.targets.get(chosen)
        if target is None or DIALECT not in target.dialects:
            raise UpstreamBroken("nothing serves it as an embedding model in OpenAI's form")
        return target

    def _upstream(self, chosen: str) -> Upstream | None:
        upstreams = self._runtime.parts.upstreams
        return upstreams.get(chosen) or upstreams.get(chosen.partition("/")[0])

    async def begin(self, pool: Pool) -> None:
        """Brings the memory up to date for the first time, once the embedder is there."""
        await self._loaded.wait()
        with self._noting_faults():
            await self._runtime.memory.begin(pool, self.may_embed())
            self._begun = True

    async def keep_up(self, pool: Pool) -> None:
        """Takes in what the store has announced."""
        with self._noting_faults():
            await self._runtime.memory.keep_up(pool, self.may_embed())

    async def start_over(self, pool: Pool) -> None:
        """Lets go of tasks that were erased."""
        await self._runtime.memory.start_over(pool)

    async def look_around(self, pool: Pool) -> None:
        """Erases the embeddings of agents that opted out meanwhile, takes in what an announcement did not
        lead to, makes up for a beginning that failed, and reads changed specifications."""
        memory = self._runtime.memory
        memory.agents_dir = agents_folder(
            self._runtime.config, self._runtime.config_file, self._runtime.home.home
        )
        await memory.respect(pool, self.may_embed())
        await (self.keep_up(pool) if self._begun else self.begin(pool))
        try:
            read = await memory.read_agents(pool)
        except FileNotFoundError as error:
            self._complain(f"The folder of agents is not there: {error.filename}")
            return
        except OSError as error:
            self._complain(f"The folder of agents cannot be read: {error}")
            return
        except UpstreamFault as error:
            self._tell_fault(error)
            return
        if read is not None and read.unreadable:
            self._complain(f"Specifications that cannot be read: {', '.join(read.unreadable)}")

    def may_embed(self) -> Callable[[str], bool]:
        """Tells whose tasks may be embedded: those of agents that did not opt out of logging, under
        whichever name they are logged."""
        policy = self._runtime.policies.policy.current
        mask = self._runtime.parts.mask
        hidden = {mask(name) for name, profile in policy.agents.items() if not profile.log_requests}

        def may(agent: str) -> bool:
            return agent not in hidden and policy.profile(agent).log_requests

        return may

    @contextmanager
    def _noting_faults(self) -> Iterator[None]:
        """Tells of an embedder's provider that does not do its part, until it does again: what could not be
        embedded waits for the next look around."""
        memory = self._runtime.memory
        try:
            yield
        except UpstreamFault as error:
            self._tell_fault(error)
        else:
            if memory.embedder is not None:
                memory.error = None

    def _tell_fault(self, error: UpstreamFault) -> None:
        self._runtime.memory.error = error.message
        self._complain(f"What is to be embedded waits: {error.message}")

    def _complain(self, message: str) -> None:
        """Says each thing once."""
        if message != self._complaint:
            self._complaint = message
            _logger.warning("%s", message)


def agents_folder(config: Config, config_file: Path | None, home: Path) -> Path | None:
    """The folder of `memory.agents_dir`; a relative one starts where the configuration lies, else at home."""
    written = config.memory.agents_dir
    if not written:
        return None
    base = config_file.parent if config_file is not None else home
    return base / Path(written).expanduser()
