"""The task memory of one process: its embedder, its classifier, its mirror, and what keeps them fresh."""

import asyncio
import logging
from pathlib import Path

from msgspec import Struct

from pointsman.memory import agents, history
from pointsman.memory.agents import Refreshed
from pointsman.memory.classify import Classifier
from pointsman.memory.embed import Embedder, NoEmbedder
from pointsman.memory.history import MayEmbed, Scribe
from pointsman.memory.mirror import TaskMirror
from pointsman.memory.reader import TaskReader
from pointsman.memory.texts import Bundled, TextEmbedder
from pointsman.store import task_memory
from pointsman.store.pool import Pool

_logger = logging.getLogger("pointsman.memory")


class MemoryState(Struct, frozen=True, kw_only=True):
    """What `pointsman status` tells: `embedder` is None while there is none, and `error` says why; `tasks`
    are those in memory; `agents_dir` is where specifications are read from, if anywhere."""

    embedder: str | None
    tasks: int
    agents_dir: str | None
    error: str | None


class TaskMemory:
    """Made without I/O; `load` makes it usable, and the rest keeps it in line with the store.

    `folder` is where the mirror is kept between starts (None: nowhere); `agents_dir` holds the agents'
    specifications (None: there are none).
    """

    def __init__(self, folder: Path | None = None, agents_dir: Path | None = None) -> None:
        self.embedder: TextEmbedder | None = None
        self.classifier: Classifier | None = None
        self.mirror: TaskMirror | None = None
        self.agents_dir = agents_dir
        self.error: str | None = None
        self.reader: TaskReader | None = None
        self._folder = folder

    def load(self, embedder: TextEmbedder | None = None) -> None:
        """Makes the memory usable with `embedder`; without one, with the bundled one (half a second: call
        it in a thread). Where that is not installed the memory stays empty, and says why."""
        if embedder is not None:
            self._use(embedder)
        elif (bundled := self.read_bundled()) is not None:
            mirror = self._use(Bundled(bundled))
            if self.classifier is not None:
                self.reader = TaskReader(bundled, self.classifier, mirror)

    def read_bundled(self) -> Embedder | None:
        """Reads the bundled embedder, with which requests are read whatever embeds the tasks; None where it
        is not installed."""
        try:
            bundled = Embedder.load()
        except NoEmbedder as error:
            self.error = str(error)
            _logger.warning("Texts cannot be read: %s", error)
            return None
        self.classifier = Classifier(Bundled(bundled))
        self.reader = TaskReader(bundled, self.classifier, None)
        return bundled

    def _use(self, embedder: TextEmbedder) -> TaskMirror:
        file = self._folder / "tasks.index" if self._folder is not None else None
        if self.classifier is None:
            self.classifier = Classifier(embedder)
        self.mirror = TaskMirror(embedder.name, embedder.dimensions, file)
        self.embedder, self.error = embedder, None
        return self.mirror

    async def begin(self, pool: Pool, may_embed: MayEmbed) -> None:
        """What is to be done once the store is there: the index, erasing what agents left that opted out,
        the mirror, and tasks that another embedder has done."""
        if self.embedder is None or self.mirror is None:
            return
        await task_memory.ensure_index(pool, self.embedder.dimensions)
        await self.respect(pool, may_embed)
        await self.mirror.restore()
        await self.keep_up(pool, may_embed)
        scribe = Scribe(self.embedder, self.classifier)
        redone = await history.embed_missing(pool, scribe, may_embed, of_others=True)
        if redone:
            _logger.info("%d tasks were embedded anew by %s.", redone, self.embedder.name)

    async def respect(self, pool: Pool, may_embed: MayEmbed) -> None:
        """Erases the embeddings of agents that opted out."""
        gone = [agent for agent in await task_memory.embedded_agents(pool) if not may_embed(agent)]
        if gone:
            await task_memory.drop_embeddings(pool, gone)

    async def keep_up(self, pool: Pool, may_embed: MayEmbed) -> None:
        """Embeds new tasks, and brings the mirror up to date. For each announcement of the store."""
        if self.embedder is not None and self.mirror is not None:
            await history.embed_missing(pool, Scribe(self.embedder, self.classifier), may_embed)
            await self.mirror.refresh(pool)

    async def start_over(self, pool: Pool) -> None:
        """Reads the mirror anew, after tasks were erased."""
        if self.mirror is not None:
            await asyncio.to_thread(self.mirror.erase_file)
            await self.mirror.rebuild(pool)

    async def read_agents(self, pool: Pool) -> Refreshed | None:
        """Brings the agents' specifications up to date; None without a folder. Raises OSError when it
        cannot be read."""
        if self.embedder is None or self.agents_dir is None:
            return None
        return await agents.refresh(pool, self.embedder, self.agents_dir)

    async def save(self) -> None:
        """Keeps the mirror for the next start."""
        if self.mirror is not None:
            await self.mirror.save()

    def state(self) -> MemoryState:
        """How it is."""
        return MemoryState(
            embedder=self.embedder.name if self.embedder is not None else None,
            tasks=len(self.mirror) if self.mirror is not None else 0,
            agents_dir=str(self.agents_dir) if self.agents_dir is not None else None,
            error=self.error,
        )
