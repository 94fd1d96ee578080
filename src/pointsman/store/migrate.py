"""Brings a database to the form this version needs.

Migrations are files `NNNN_pre_name.sql` and `NNNN_post_name.sql`. A pre file only adds, so that the
version before still runs on the result; its post file may do what needs the new version everywhere.
Each file is applied in a transaction of its own, by one process at a time.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final, Literal

import asyncpg
from msgspec import Struct

from pointsman.store.errors import ExtensionMissing, MigrationChanged, SchemaTooNew
from pointsman.store.pool import Connection
from pointsman.store.sql import queries

Stage = Literal["pre", "post"]

_SQL: Final = queries("migrate")
_FILE_NAME: Final = re.compile(r"(\d{4})_(pre|post)_(\w+)\.sql")
_ORDER: Final = {"pre": 0, "post": 1}


class Migration(Struct, frozen=True, kw_only=True):
    """One file. `name` is the file's name without its ending; `checksum` is SHA-256 in hex."""

    name: str
    number: int
    stage: Stage
    sql: str

    @property
    def checksum(self) -> str:
        """Tells whether the file is still what was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known() -> Sequence[Migration]:
    """All migrations of this version, in order."""
    folder = files(__package__) / "migrations"
    texts = {f.name: f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.endswith(".sql")}
    return in_order(texts)


def in_order(texts: Mapping[str, str]) -> Sequence[Migration]:
    """Migrations by file name. Raises ValueError for a name out of form or a number without its pre file."""
    found: list[Migration] = []
    for file_name, text in texts.items():
        parts = _FILE_NAME.fullmatch(file_name)
        if parts is None:
            raise ValueError(f"{file_name} is not named NNNN_pre_name.sql or NNNN_post_name.sql")
        stage: Stage = "pre" if parts[2] == "pre" else "post"
        found.append(Migration(name=file_name[:-4], number=int(parts[1]), stage=stage, sql=text))
    found.sort(key=lambda m: (m.number, _ORDER[m.stage]))
    numbers = [m.number for m in found if m.stage == "pre"]
    if numbers != sorted({m.number for m in found}):
        raise ValueError("each number needs exactly one pre file")
    return found


async def migrate(
    connection: Connection,
    *,
    migrations: Sequence[Migration] | None = None,
    stage: Stage = "post",
    now: datetime | None = None,
) -> Sequence[str]:
    """Applies what is missing and returns the names applied. Safe to call from many processes at once.

    `stage="pre"` leaves out the last number's post file: use it while the version before still runs.
    Raises SchemaTooNew, MigrationChanged and ExtensionMissing; nothing is changed then.
    """
    wanted = list(known() if migrations is None else migrations)
    await _refuse_foreign(connection, wanted)
    await _ensure_vector(connection)
    if stage == "pre" and wanted and wanted[-1].stage == "post":
        last = wanted[-1].number
        targets = [m for m in wanted if m.number < last or m.stage == "pre"]
    else:
        targets = wanted
    done = [await _apply(connection, m, wanted, now or datetime.now(UTC)) for m in targets]
    return [m.name for m, applied in zip(targets, done, strict=True) if applied]


async def pending(connection: Connection) -> Sequence[str]:
    """The names of migrations not yet applied. Raises as `migrate` does for a foreign history."""
    wanted = known()
    have = await _refuse_foreign(connection, wanted)
    return [m.name for m in wanted if m.name not in have]


async def _apply(
    connection: Connection, migration: Migration, wanted: Sequence[Migration], now: datetime
) -> bool:
    """Applies one migration unless somebody already has."""
    async with connection.transaction():
        await connection.execute(_SQL["lock"])
        if migration.name in await _refuse_foreign(connection, wanted):
            return False
        await connection.execute(_SQL["create_history"])
        await connection.execute(migration.sql)
        await connection.execute(_SQL["record"], migration.name, migration.checksum, now)
    return True


async def _refuse_foreign(connection: Connection, wanted: Sequence[Migration]) -> Mapping[str, str]:
    """The history, if it is a part of ours."""
    if not await connection.fetchval(_SQL["has_history"]):
        return {}
    have: dict[str, str] = {row["name"]: row["checksum"] for row in await connection.fetch(_SQL["applied"])}
    ours = {m.name: m.checksum for m in wanted}
    if unknown := sorted(have.keys() - ours.keys()):
        raise SchemaTooNew(
            f"The database has been migrated by a newer Pointsman ({', '.join(unknown)}). "
            "Install that version, or restore the backup made before."
        )
    if changed := [name for name, checksum in have.items() if ours[name] != checksum]:
        raise MigrationChanged(
            f"{', '.join(changed)} was applied to this database in another wording. Applied migrations "
            "must not be edited: restore the file, and write a new migration for the change."
        )
    return have


async def _ensure_vector(connection: Connection) -> None:
    if await connection.fetchval(_SQL["has_vector"]):
        return
    try:
        async with connection.transaction():
            await connection.execute(_SQL["lock"])
            await connection.execute(_SQL["create_vector"])
    except asyncpg.InsufficientPrivilegeError as error:
        role, database = (await connection.fetch(_SQL["whoami"]))[0]
        raise ExtensionMissing(
            f"The role {role} may not install pgvector. A superuser must run this once: "
            f"psql -d {database} -c 'CREATE EXTENSION vector'"
        ) from error
    except (asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError) as error:
        raise ExtensionMissing(
            "The PostgreSQL server has no pgvector. Install its package for that server "
            "(such as postgresql-18-pgvector), then run CREATE EXTENSION vector in the database."
        ) from error
