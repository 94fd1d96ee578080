"""Erases an agent: its requests, tasks, embeddings, evidence and name."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from pointsman.store.pool import Connection, Pool
from pointsman.store.sql import queries

FORGOTTEN: Final = "forgotten"
"""Whom the cost of forgotten agents is counted for."""
_SQL: Final = queries("forget")
_BEYOND: Final = {
    "erase_tasks": "task_executions",
    "erase_reports": "refused_reports",
    "erase_embedding": "agent_embeddings",
    "erase_tier": "model_tiers",
    "erase_name": "agents",
}
"""What names an agent in another column than `agent_id`."""


class Erased(Struct, frozen=True, kw_only=True):
    """What was deleted: rows by table, those without any left out. `keys` are the keys in force that still
    name the agent: revoke them if it must not come back."""

    agent_id: str
    rows: dict[str, int]
    keys: list[str]


async def forget(pool: Pool, names: Sequence[str]) -> Erased:
    """Erases all rows of an agent, whichever table has an `agent_id`, or none of them. `names` are its id
    and other names it is known by. What it used is added to FORGOTTEN, so that costs stay true."""
    rows: Counter[str] = Counter()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL["patience"])
        tables = [row["name"] for row in await connection.fetch(_SQL["tables"])]
        for name in names:
            await _erase(connection, name, tables, rows)
        keys = [row["id"] for row in await connection.fetch(_SQL["keys"], names[0])]
    return Erased(agent_id=names[0], rows={table: count for table, count in rows.items() if count}, keys=keys)


async def _erase(connection: Connection, name: str, tables: Sequence[str], rows: Counter[str]) -> None:
    await connection.execute(_SQL["keep_volume"], name, FORGOTTEN)
    for table in tables:
        rows[table] += await _deleted(connection, _SQL["erase"].replace("{table}", f'"{table}"'), name)
    for query, table in _BEYOND.items():
        rows[table] += await _deleted(connection, _SQL[query], name)


async def _deleted(connection: Connection, sql: str, agent_id: str) -> int:
    """How many rows went; the driver answers `DELETE 3`."""
    status = await connection.execute(sql, agent_id)
    return int(str(status).rpartition(" ")[2])
