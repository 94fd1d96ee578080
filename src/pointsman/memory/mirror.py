"""The finished tasks in memory, so that requests can be compared with them without asking the store.

The newest MAX_TASKS are held. The store announces changes; `refresh` reads what is new, `rebuild` starts
over, which is also how erased tasks leave. A file keeps the index between two starts: it may be lost.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import numpy as np
from msgspec import Struct

from pointsman.core.features import Neighbour
from pointsman.memory.index import VectorIndex
from pointsman.memory.texts import Floats
from pointsman.store import task_memory
from pointsman.store.pool import Pool
from pointsman.store.rows import EPOCH
from pointsman.store.task_memory import NO_ID, Change

MAX_TASKS: Final = 100_000
BATCH: Final = 500
SENT_HEAD_BYTES: Final = 4
FORMAT: Final = 1

_logger = logging.getLogger("pointsman.memory")


class Remembered(Struct, frozen=True):
    """What is known of a task in memory."""

    agent: str
    model: str
    success: bool


class _Kept(Struct, frozen=True, kw_only=True):
    """What belongs to the file of the index."""

    format: int
    embedder: str
    position: tuple[datetime, UUID]
    keys: list[UUID | None]
    tasks: dict[UUID, Remembered]


class TaskMirror:
    """The tasks that have an embedding of `embedder`. `file` is where the index is kept, if anywhere;
    `generation` grows whenever tasks come in or change."""

    def __init__(self, embedder: str, dimensions: int, file: Path | None = None) -> None:
        self.embedder = embedder
        self.dimensions = dimensions
        self._file = file
        self._index: VectorIndex[UUID] = VectorIndex(dimensions)
        self._tasks: dict[UUID, Remembered] = {}
        self._position = (EPOCH, NO_ID)
        self._changed = False
        self.generation = 0
        self._lock = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._tasks)

    def neighbours(self, vector: Floats, count: int = 8) -> list[Neighbour]:
        """The `count` tasks nearest to `vector` (of length 1), nearest first."""
        found: list[Neighbour] = []
        for task, similarity in self._index.search(vector, count):
            known = self._tasks.get(task)
            if known is not None:
                found.append(
                    Neighbour(
                        model=known.model,
                        similarity=similarity,
                        success=known.success,
                        agent=known.agent,
                        task=str(task),
                    )
                )
        return found

    async def refresh(self, pool: Pool) -> int:
        """Reads what changed since the last time, and returns how many tasks that were. Raises what the
        driver does while the database is away."""
        async with self._lock:
            if self._position[0] == EPOCH:
                self._position = (await task_memory.edge(pool, self.embedder, MAX_TASKS), NO_ID)
            return await self._catch_up(pool)

    async def rebuild(self, pool: Pool) -> None:
        """Forgets all and reads it again. Until it is done the tasks read so far are found."""
        async with self._lock:
            self._index, self._tasks = VectorIndex(self.dimensions), {}
            self._position = (await task_memory.edge(pool, self.embedder, MAX_TASKS), NO_ID)
            self._changed = True
            await self._catch_up(pool)
            await asyncio.to_thread(self._save)

    async def restore(self) -> bool:
        """Takes over what the file holds, and says whether it held anything of use."""
        async with self._lock:
            return await asyncio.to_thread(self._restore)

    async def save(self) -> None:
        """Writes the file."""
        async with self._lock:
            await asyncio.to_thread(self._save)

    async def _catch_up(self, pool: Pool) -> int:
        read = 0
        while changes := await task_memory.changes(pool, self.embedder, *self._position, BATCH):
            await asyncio.to_thread(self._take, changes)
            self._position = (changes[-1].changed_at, changes[-1].id)
            read += len(changes)
        return read

    def _take(self, changes: Sequence[Change]) -> None:
        """Brings a batch in. A task whose embedding is in the index already only changes its facts: an
        embedding belongs to the words a task was begun with."""
        self._changed = True
        self.generation += 1
        gone = [change.id for change in changes if change.embedding is None]
        for task in gone:
            self._tasks.pop(task, None)
        self._index.remove(gone)
        fresh: dict[UUID, bytes] = {}
        for change in changes:
            if change.embedding is not None:
                self._tasks[change.id] = _remembered(change)
                fresh[change.id] = change.embedding
        added = [task for task in fresh if task not in self._index]
        if added:
            self._index.put(added, np.stack([_vector(fresh[task]) for task in added]))
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Keeps within MAX_TASKS; the dictionary's order is that of arrival."""
        surplus = list(self._tasks)[: max(len(self._tasks) - MAX_TASKS, 0)]
        for task in surplus:
            del self._tasks[task]
        self._index.remove(surplus)

    def _save(self) -> None:
        if self._file is None or not self._changed:
            return
        notes = _notes_of(self._file)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            notes.unlink(missing_ok=True)  # so that notes never tell of another index
            kept = _Kept(
                format=FORMAT,
                embedder=self.embedder,
                position=self._position,
                keys=self._index.save(self._file),
                tasks=self._tasks,
            )
            fresh = notes.with_suffix(".fresh")
            fresh.touch(mode=0o600)
            fresh.write_bytes(msgspec.msgpack.encode(kept))
            fresh.replace(notes)
            self._changed = False
        except OSError as error:
            _logger.warning("The index of the task memory is not kept: %s", error)

    def _restore(self) -> bool:
        if self._file is None:
            return False
        try:
            kept = msgspec.msgpack.decode(_notes_of(self._file).read_bytes(), type=_Kept)
            if (kept.format, kept.embedder) != (FORMAT, self.embedder):
                return False
            index = VectorIndex[UUID].restored(self._file, self.dimensions, kept.keys)
        except (OSError, ValueError):
            return False
        self._index, self._tasks, self._position = index, kept.tasks, kept.position
        return True

    def erase_file(self) -> None:
        """Removes what is kept between starts."""
        if self._file is not None:
            for path in (_notes_of(self._file), self._file):
                with contextlib.suppress(OSError):
                    path.unlink()


def _notes_of(file: Path) -> Path:
    return file.with_suffix(".notes")


def _remembered(change: Change) -> Remembered:
    return Remembered(change.agent_used, change.assigned_model or "", bool(change.success))


def _vector(sent: bytes) -> Floats:
    """A vector as `halfvec_send` sends it: two 16-bit numbers, then half floats, all big-endian."""
    return np.frombuffer(sent, ">f2", offset=SENT_HEAD_BYTES).astype(np.float32)
