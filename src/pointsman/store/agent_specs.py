"""Embeddings of agents' specifications (`agent_embeddings`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from pointsman.store.pool import Pool
from pointsman.store.sql import queries

_SQL: Final = queries("agent_specs")


class SpecMark(Struct, frozen=True):
    """What a stored embedding was made of and by: the specification's SHA-256 in hex, the embedder."""

    spec_hash: str
    embedder: str


class EmbeddedSpec(Struct, frozen=True, kw_only=True):
    """One specification to be stored."""

    agent_name: str
    vector: Sequence[float]
    mark: SpecMark


class NearAgent(Struct, frozen=True):
    """An agent and the cosine of its specification to what was asked, -1 to 1."""

    agent_name: str
    similarity: float


async def marks(pool: Pool) -> Mapping[str, SpecMark]:
    """What is stored, by agent."""
    rows = await pool.fetch(_SQL["hashes"])
    return {row["agent_name"]: SpecMark(row["spec_hash"], row["embedder"]) for row in rows}


async def replace(pool: Pool, specs: Sequence[EmbeddedSpec], gone: Sequence[str], at: datetime) -> None:
    """Stores specifications and drops those that are `gone`, all or nothing."""
    rows = [(one.agent_name, one.vector, one.mark.embedder, one.mark.spec_hash, at) for one in specs]
    async with pool.acquire() as connection, connection.transaction():
        await connection.executemany(_SQL["put"], rows)
        await connection.execute(_SQL["remove"], list(gone))


async def nearest(pool: Pool, vector: Sequence[float], embedder: str) -> list[NearAgent]:
    """The agents by how near their specification is to `vector` (of length 1), nearest first."""
    rows = await pool.fetch(_SQL["nearest"], vector, embedder)
    return [NearAgent(row["agent_name"], row["similarity"]) for row in rows]


async def names(pool: Pool) -> list[str]:
    """The agents that have a specification."""
    return [row["agent_name"] for row in await pool.fetch(_SQL["names"])]
