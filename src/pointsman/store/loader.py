"""Loads journals into the log: each record once, whoever is killed when.

Rows, sums and the journal's offset move in one transaction. A segment is removed only after a commit that
has reached the disk. One loader at a time works on a folder of journals; the kernel frees its place when
it ends. The offset's row lock guards the rest.
"""

import asyncio
import contextlib
import logging
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from pointsman.core.events import RequestRecord
from pointsman.core.outcomes import OutcomeRecord
from pointsman.store import batch, outcomes, partitions
from pointsman.store.errors import DatabaseAway
from pointsman.store.file_lock import lock_file
from pointsman.store.frames import Record
from pointsman.store.journal import JournalWriter
from pointsman.store.pool import AWAY, Connection, Pool
from pointsman.store.reader import CHUNK_BYTES, Chunk, JournalReader, UnknownFormat, journals
from pointsman.store.rows import time_of
from pointsman.store.sql import queries

PAUSE_S: Final = 0.5
SYNC_EVERY_S: Final = 1.0
MAX_PAUSE_S: Final = 10.0
COMPLAIN_EVERY_S: Final = 60.0
LOCK_POLL_S: Final = 0.05
LOADER_LOCK: Final = "loader.lock"
REFUSED: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""What the database answers to a row it will never take."""

_SQL: Final = queries("loader")
_logger = logging.getLogger(__name__)


class LoaderCounts(Struct, kw_only=True):
    """What a loader has done since it was made. `loaded` counts records, `repeated` the requests which the
    log had already, `refused` records the database would not take; `lag_bytes` is what the journals
    still held after the last pass."""

    loaded: int = 0
    repeated: int = 0
    refused: int = 0
    damaged_bytes: int = 0
    unreadable: int = 0
    torn_bytes: int = 0
    lag_bytes: int = 0
    failures: int = 0


class Position(Struct, frozen=True):
    """How far a journal has been loaded."""

    segment: int
    offset: int


class _Moved(Exception):
    """Somebody else has moved the offset, or the server has lost its last commits: look again."""


class Loader:
    """Loads the journals below `root`. `own_journal` is synced to the disk each second while `run` runs;
    leave it out if somebody else does that. `chunk_bytes` is how much is read and written at once: the
    more, the less work in all, and the longer nothing else runs in this process."""

    def __init__(
        self,
        root: Path,
        pool: Pool,
        *,
        own_journal: JournalWriter | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self.counts = LoaderCounts()
        self._root = root
        self._pool = pool
        self._own_journal = own_journal
        self._chunk_bytes = chunk_bytes
        self._days: set[date] = set()
        self._damaged: set[tuple[uuid.UUID, int]] = set()
        self._left_alone: set[uuid.UUID] = set()
        self._lag_bytes = 0
        self._complained_s = float("-inf")

    async def run(self) -> None:
        """Loads until cancelled. While the database is away it waits, longer each time, and says so."""
        async with asyncio.TaskGroup() as tasks:
            if self._own_journal is not None:
                tasks.create_task(keep_synced(self._own_journal))
            tasks.create_task(self._load_forever())

    async def drain(self) -> int:
        """Loads all there is now, after a loader at work has made room, and returns how many records that
        were. Raises DatabaseAway."""
        loaded = self.counts.loaded
        while True:
            with _place(self._root) as got:
                if got:
                    await self._pass()
                    return self.counts.loaded - loaded
            await asyncio.sleep(LOCK_POLL_S)

    async def _load_forever(self) -> None:
        pause_s = PAUSE_S
        while True:
            try:
                with _place(self._root) as got:
                    if got:
                        await self._pass()
                pause_s = PAUSE_S
            except (DatabaseAway, OSError) as error:
                self.counts.failures += 1
                self._complain(f"The request log waits in {self._root}: {error}")
                pause_s = min(pause_s * 2, MAX_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def _pass(self) -> None:
        """Loads every journal as far as it goes now."""
        found = [reader for reader in journals(self._root) if self._may_load(reader)]
        self._lag_bytes = 0
        for reader in found:
            try:
                await self._load_journal(reader)
            except UnknownFormat as error:
                self._left_alone.add(reader.journal_id)
                _logger.error("A journal is left alone: %s.", error)
            except AWAY as error:
                self.counts.lag_bytes = sum(r.size(n) for r in found for n in r.segments())
                raise DatabaseAway(str(error) or type(error).__name__) from error
        self.counts.lag_bytes = self._lag_bytes

    def _may_load(self, reader: JournalReader) -> bool:
        if reader.journal_id in self._left_alone:
            return False
        if os.access(reader.folder, os.R_OK | os.W_OK | os.X_OK):
            return True
        self._left_alone.add(reader.journal_id)
        _logger.error("A journal is left alone, because this account may not use %s.", reader.folder)
        return False

    async def _load_journal(self, reader: JournalReader) -> None:
        alive = reader.is_alive()  # asked first: what is listed after the writer's end is all there is
        segments = reader.segments()
        async with self._pool.acquire() as connection:
            for number in segments:
                closed = number != segments[-1] or not alive
                await self._load_segment(connection, reader, number, closed=closed)
            if not alive:
                await connection.execute(_SQL["forget"], reader.journal_id)
                if not reader.remove():
                    self._left_alone.add(reader.journal_id)

    async def _load_segment(
        self, connection: Connection, reader: JournalReader, number: int, *, closed: bool
    ) -> None:
        """Loads one segment as far as it goes, and removes it if it is done."""
        while True:
            position = await _position(connection, reader)
            if number < position.segment:  # loaded, but its loader was killed before it could remove it
                break
            start = Position(number, position.offset if number == position.segment else 0)
            chunk = reader.read(number, start.offset, closed=closed, chunk_bytes=self._chunk_bytes)
            if chunk.next == start.offset and not chunk.done:
                self._lag_bytes += max(reader.size(number) - start.offset, 0)
                return
            try:
                await self._take(connection, reader, position, start, chunk)
            except _Moved:
                continue
            self._count_damage(reader, number, chunk)
        self._discard(reader, number)

    async def _take(
        self, connection: Connection, reader: JournalReader, was: Position, start: Position, chunk: Chunk
    ) -> None:
        """Writes a chunk and moves the offset; a part of it when the database refuses one of its rows."""
        target = Position(start.segment + 1, 0) if chunk.done else Position(start.segment, chunk.next)
        records: Sequence[Record] = chunk.records
        staged = False
        while True:
            await self._ensure_days(connection, records)
            try:
                new = await _commit(connection, reader, was, target, records, staged=staged)
            except asyncpg.CheckViolationError:  # a partition was dropped meanwhile
                self._days.clear()
            except asyncpg.UniqueViolationError:
                staged = True
            except REFUSED as error:
                records, target = self._smaller(reader, start, chunk, records, error)
            else:
                self.counts.loaded += len(records)
                self.counts.repeated += sum(record.logged for record in _requests(records)) - new
                return

    def _smaller(
        self,
        reader: JournalReader,
        start: Position,
        chunk: Chunk,
        records: Sequence[Record],
        error: Exception,
    ) -> tuple[Sequence[Record], Position]:
        """The first half of the records, or nothing but the step over a single one that is refused. The
        rest of the chunk is read again."""
        half = len(records) // 2
        if not half:
            self.counts.refused += 1
            _logger.error(
                "Record %s of journal %s is left out: %s", records[0].decision_id, reader.folder.name, error
            )
        end = chunk.ends[max(half, 1) - 1]
        chunk.next, chunk.done = end, False
        return records[:half], Position(start.segment, end)

    async def _ensure_days(self, connection: Connection, records: Sequence[Record]) -> None:
        missing = {time_of(r.started_at_us).date() for r in _requests(records) if r.logged} - self._days
        if missing:
            await partitions.ensure(connection, missing)
            self._days |= missing

    def _count_damage(self, reader: JournalReader, number: int, chunk: Chunk) -> None:
        self.counts.damaged_bytes += chunk.damaged_bytes
        self.counts.unreadable += chunk.unreadable
        self.counts.torn_bytes += chunk.torn_bytes if chunk.done else 0
        if chunk.damaged_bytes or chunk.unreadable:
            self._damaged.add((reader.journal_id, number))
            _logger.error(
                "Journal %s, segment %d is damaged before offset %d: %d bytes and %d frames hold no record.",
                *(reader.folder.name, number, chunk.next, chunk.damaged_bytes, chunk.unreadable),
            )

    def _discard(self, reader: JournalReader, number: int) -> None:
        key = (reader.journal_id, number)
        reader.discard(number, damaged=key in self._damaged)
        self._damaged.discard(key)

    def _complain(self, message: str) -> None:
        now_s = time.monotonic()
        if now_s - self._complained_s >= COMPLAIN_EVERY_S:
            self._complained_s = now_s
            _logger.error("%s", message)


async def keep_synced(journal: JournalWriter) -> None:
    """Makes a journal survive power failures, each second, until cancelled."""
    while True:
        await asyncio.sleep(SYNC_EVERY_S)
        await asyncio.to_thread(journal.sync)


async def _position(connection: Connection, reader: JournalReader) -> Position:
    """How far the journal is loaded; a journal not yet known is written down."""
    row = await connection.fetchrow(_SQL["position"], reader.journal_id)
    if row is not None:
        return Position(row["segment"], row["byte_offset"])
    await connection.execute(_SQL["introduce"], reader.journal_id, reader.worker, datetime.now(UTC))
    return Position(0, 0)


async def _commit(
    connection: Connection,
    reader: JournalReader,
    was: Position,
    target: Position,
    records: Sequence[Record],
    *,
    staged: bool,
) -> int:
    """Writes the records and moves the offset from `was` to `target`, both or neither. Returns how many
    requests are new. Waits for the disk when the segment is done and will be removed."""
    async with connection.transaction():
        await connection.execute(_SQL["relaxed" if target.offset else "strict"])
        row = await connection.fetchrow(_SQL["claim"], reader.journal_id)
        if row is None or (row["segment"], row["byte_offset"]) != (was.segment, was.offset):
            raise _Moved
        new = await batch.write(connection, _requests(records), staged=staged)
        now = datetime.now(UTC)
        await connection.execute(_SQL["advance"], reader.journal_id, target.segment, target.offset, now)
        await outcomes.add(connection, [one for one in records if isinstance(one, OutcomeRecord)])
    return new


def _requests(records: Sequence[Record]) -> list[RequestRecord]:
    return [one for one in records if isinstance(one, RequestRecord)]


@contextlib.contextmanager
def _place(root: Path) -> Iterator[bool]:
    """Holds the only loader's place for these journals; gives False while another has it."""
    try:
        lock = lock_file(root / LOADER_LOCK)
    except FileNotFoundError:
        yield True
        return
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)
