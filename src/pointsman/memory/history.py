"""Gives finished and running tasks their embeddings, away from any request.

Tasks are written by whoever tells of them, without an embedding. This fills in what is missing, and embeds
anew what another embedder has done: a change of the embedder reaches old tasks in the background, and
until then they are left out, since vectors of two embedders cannot be compared.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from pointsman.memory.texts import TextEmbedder
from pointsman.store import task_memory
from pointsman.store.pool import Pool
from pointsman.store.task_memory import TaskText

BATCH: Final = 200


async def embed_missing(
    pool: Pool, embedder: TextEmbedder, opted_out: Sequence[str] = (), *, of_others: bool = False
) -> int:
    """Embeds the tasks that have no embedding, or (`of_others`) one of another embedder, and returns how
    many. Tasks of agents that `opted_out` of logging get none. Several processes may do so at once."""
    done = 0
    while True:
        count = await _embed_batch(pool, embedder, opted_out, of_others=of_others)
        done += count
        if count < BATCH:
            return done


async def prepare(pool: Pool, embedder: TextEmbedder, opted_out: Sequence[str] = ()) -> None:
    """Makes the store ready for an embedder: its index, and no embeddings of agents that `opted_out`."""
    await task_memory.ensure_index(pool, embedder.dimensions)
    if opted_out:
        await task_memory.drop_embeddings(pool, opted_out)


async def _embed_batch(
    pool: Pool, embedder: TextEmbedder, opted_out: Sequence[str], *, of_others: bool
) -> int:
    async with pool.acquire() as connection, connection.transaction():
        tasks = await task_memory.wanting(connection, embedder.name, BATCH, opted_out, of_others=of_others)
        if tasks:
            vectors = await asyncio.to_thread(_embedded, embedder, tasks)
            pairs = [(task.id, vector) for task, vector in zip(tasks, vectors, strict=True)]
            await task_memory.set_embeddings(connection, embedder.name, pairs)
    return len(tasks)


def _embedded(embedder: TextEmbedder, tasks: Sequence[TaskText]) -> list[list[float]]:
    found: list[list[float]] = embedder.embed([task.text for task in tasks]).tolist()
    return found
