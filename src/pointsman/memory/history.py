"""Gives finished and running tasks their embeddings, away from any request.

Tasks are written by whoever tells of them, without an embedding. This fills in what is missing, and embeds
anew what another embedder has done: a change of the embedder reaches old tasks in the background, and
until then they are left out, since vectors of two embedders cannot be compared.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from pointsman.memory.texts import TextEmbedder
from pointsman.store import task_memory
from pointsman.store.pool import Pool
from pointsman.store.task_memory import TaskText

BATCH: Final = 200
MayEmbed = Callable[[str], bool]
"""Whether the tasks of the agent of that id may be embedded."""


async def embed_missing(
    pool: Pool, embedder: TextEmbedder, may_embed: MayEmbed, *, of_others: bool = False
) -> int:
    """Embeds the tasks that have no embedding, or (`of_others`) one of another embedder, and returns how
    many. Tasks of agents that `may_embed` refuses get none. Several processes may do so at once."""
    done = 0
    refused: set[str] = set()
    while True:
        found, embedded = await _embed_batch(pool, embedder, may_embed, refused, of_others=of_others)
        done += embedded
        if found < BATCH:
            return done


async def _embed_batch(
    pool: Pool, embedder: TextEmbedder, may_embed: MayEmbed, refused: set[str], *, of_others: bool
) -> tuple[int, int]:
    """How many tasks were found and embedded. Whom `may_embed` refuses is added to `refused`, and not looked
    at again."""
    async with pool.acquire() as connection, connection.transaction():
        but = sorted(refused)
        found = await task_memory.wanting(connection, embedder.name, BATCH, but, of_others=of_others)
        refused |= {task.agent_id for task in found if not may_embed(task.agent_id)}
        tasks = [task for task in found if task.agent_id not in refused]
        if tasks:
            vectors = await asyncio.to_thread(_embedded, embedder, tasks)
            pairs = [(task.id, vector) for task, vector in zip(tasks, vectors, strict=True)]
            await task_memory.set_embeddings(connection, embedder.name, pairs)
    return len(found), len(tasks)


def _embedded(embedder: TextEmbedder, tasks: Sequence[TaskText]) -> list[list[float]]:
    found: list[list[float]] = embedder.embed([task.text for task in tasks]).tolist()
    return found
