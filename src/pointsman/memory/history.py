"""Gives finished and running tasks their embeddings and labels, away from any request.

Tasks are written by whoever tells of them, without an embedding, and with the labels they care to tell. This
fills in what is missing, and embeds
anew what another embedder has done: a change of the embedder reaches old tasks in the background, and
until then they are left out, since vectors of two embedders cannot be compared.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from pointsman.memory.classify import NOTHING_STATED, Classifier, TaskLabels
from pointsman.memory.texts import TextEmbedder
from pointsman.store import task_memory
from pointsman.store.pool import Pool
from pointsman.store.task_memory import TaskText, Understood

BATCH: Final = 200
MayEmbed = Callable[[str], bool]
"""Whether the tasks of the agent of that id may be embedded."""


class Scribe(Struct, frozen=True):
    """Reads tasks: embeds their words, and labels them if there is a classifier."""

    embedder: TextEmbedder
    classifier: Classifier | None = None

    def read(self, tasks: Sequence[TaskText]) -> list[Understood]:
        """What the tasks are about. Labels that were told stay."""
        vectors = self.embedder.embed([task.text for task in tasks]).tolist()
        labels = [self._labels(task) for task in tasks]
        return [
            Understood(
                id=task.id,
                vector=vector,
                priority=found.priority,
                domain=found.domain,
                complexity=found.complexity,
            )
            for task, vector, found in zip(tasks, vectors, labels, strict=True)
        ]

    def _labels(self, task: TaskText) -> TaskLabels:
        if self.classifier is None:
            return NOTHING_STATED
        told = TaskLabels(
            priority=task.priority or "", domain=task.domain or "", complexity=task.complexity or ""
        )
        return self.classifier.labels(task.text, stated=told)


async def embed_missing(pool: Pool, scribe: Scribe, may_embed: MayEmbed, *, of_others: bool = False) -> int:
    """Embeds and labels the tasks that have no embedding, or (`of_others`) one of another embedder, and
    returns how many. Tasks of agents that `may_embed` refuses get neither. Several processes may do so at
    once."""
    done = 0
    refused: set[str] = set()
    while True:
        found, embedded = await _embed_batch(pool, scribe, may_embed, refused, of_others=of_others)
        done += embedded
        if found < BATCH:
            return done


async def _embed_batch(
    pool: Pool, scribe: Scribe, may_embed: MayEmbed, refused: set[str], *, of_others: bool
) -> tuple[int, int]:
    """How many tasks were found and embedded. Whom `may_embed` refuses is added to `refused`, and not looked
    at again."""
    async with pool.acquire() as connection, connection.transaction():
        but = sorted(refused)
        name = scribe.embedder.name
        found = await task_memory.wanting(connection, name, BATCH, but, of_others=of_others)
        refused |= {task.agent_id for task in found if not may_embed(task.agent_id)}
        tasks = [task for task in found if task.agent_id not in refused]
        if tasks:
            await task_memory.note(connection, name, await asyncio.to_thread(scribe.read, tasks))
    return len(found), len(tasks)
