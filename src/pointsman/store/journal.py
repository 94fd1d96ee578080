"""The gateway's journal: each finished attempt is in a local file before its answer is done.

A journal is a folder `<worker>-<uuid>` of numbered segments, written by one process only, which holds
`writer.lock` as long as it lives. A page once written belongs to the kernel, so it survives a kill of
the process; `sync()` makes it survive a power failure.
"""

import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from pointsman.store.file_lock import lock_file
from pointsman.store.frames import HEADER, Record, encode_frame

SEGMENT_BYTES: Final = 64 * 1024 * 1024
BUFFER_BYTES: Final = 16 * 1024 * 1024
"""How much is held in memory while the disk takes nothing."""
COMPLAIN_EVERY_S: Final = 10.0
CLOSED: Final = -1
WRITER_LOCK: Final = "writer.lock"
FRESH_PREFIX: Final = ".new-"
SUFFIX: Final = ".pmj"

_logger = logging.getLogger(__name__)
_WORKER_NAME: Final = re.compile(r"[^A-Za-z0-9_.]+")


class JournalCounts(Struct):
    """What a writer has done. `lost` records were in no file when the process had to drop them;
    `buffered` ones are in memory only."""

    appended: int = 0
    buffered: int = 0
    lost: int = 0


class JournalWriter:
    """Appends records to a new journal below `root`. Implements core.ports.Recorder.

    `append` is for one thread; `sync` and `close` may be called from another.
    """

    def __init__(self, root: Path, worker_id: str, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.journal_id = uuid.uuid4()
        self.counts = JournalCounts()
        self.folder = root / f"{_WORKER_NAME.sub('_', worker_id) or 'worker'}-{self.journal_id.hex}"
        self._segment_bytes = segment_bytes
        self._mutex = threading.Lock()
        self._retired: list[int] = []
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._complained_s = float("-inf")
        self._segment = 0
        self._lock_fd = _make_folder(root, self.folder)
        self._fd, self._size = self._open_segment(0)

    def append(self, record: Record) -> None:
        """Writes the record down; never raises. When the disk takes nothing, it is held in memory until
        `sync` can write it, and dropped and counted when that is full too."""
        try:
            frame = encode_frame(record)
        except (ValueError, OverflowError) as error:
            self._lose(1, f"a record of agent {record.agent_id!r} cannot be written: {error}")
            return
        if self._pending or self._size >= self._segment_bytes:
            self._append_slowly(frame)
            return
        try:
            written = os.write(self._fd, frame)
        except OSError as error:
            self._hold_first(frame, error)
            return
        if written != len(frame):
            self._hold_first(frame, self._cut_back())
            return
        self._size += written
        self.counts.appended += 1

    def append_all(self, records: Sequence[Record]) -> None:
        """The same for several records with one write, which is most of what a record costs."""
        if len(records) > 1 and not self._pending and self._size < self._segment_bytes:
            try:
                frames = b"".join([encode_frame(record) for record in records])
                if os.write(self._fd, frames) == len(frames):
                    self._size += len(frames)
                    self.counts.appended += len(records)
                    return
                self._cut_back()
            except (ValueError, OverflowError, OSError):
                self._cut_back()  # whatever it was: each by itself will tell
        for record in records:
            self.append(record)

    def sync(self) -> None:
        """Writes what was held in memory, and makes all of it survive a power failure. Blocks for the
        disk: call it each second from a thread. Raises nothing for a full disk."""
        with self._mutex:
            if self._pending:
                self._drain()
            retired, self._retired = self._retired, []
            current = os.dup(self._fd)
        for descriptor in (*retired, current):
            try:
                os.fsync(descriptor)
            except OSError as error:
                self._complain(f"the journal cannot be synced: {error}")
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Syncs, and gives the journal over to the loader. Nothing may be appended afterwards. May be called
        again."""
        if self._fd == CLOSED:
            return
        self.sync()
        if self._pending:
            self._lose(len(self._pending), "the disk took nothing until the end")
            self._pending.clear()
        os.close(self._fd)
        self._fd = CLOSED  # what is appended by mistake must not get into a file that has the number next
        os.close(self._lock_fd)

    def _append_slowly(self, frame: bytes) -> None:
        """The cases that are rare: a full segment, or frames that wait in memory."""
        with self._mutex:
            if self._pending:
                self._hold(frame, None)
                return
            error = self._put(frame)
            if error is not None:
                self._hold(frame, error)

    def _hold_first(self, frame: bytes, error: OSError) -> None:
        with self._mutex:
            self._hold(frame, error)

    def _drain(self) -> None:
        """Writes the frames in memory, oldest first, as far as the disk takes them."""
        waiting, done, error = self._pending, 0, None
        while done < len(waiting) and error is None:
            error = self._put(waiting[done])
            done += error is None
        self._pending_bytes -= sum(len(frame) for frame in waiting[:done])
        self._pending = waiting[done:]
        self.counts.buffered = len(self._pending)
        if error is None:
            _logger.warning("Journal %s: %d waiting records are written.", self.folder.name, done)
        else:
            self._complain(f"the disk still takes nothing ({error}), {len(self._pending)} records wait")

    def _put(self, frame: bytes) -> OSError | None:
        """Writes one frame, into a new segment if this one is full. Returns what stood in the way."""
        try:
            if self._size >= self._segment_bytes:
                self._rotate()
            written = os.write(self._fd, frame)
        except OSError as error:
            return error
        if written != len(frame):
            return self._cut_back()
        self._size += written
        self.counts.appended += 1
        return None

    def _cut_back(self) -> OSError:
        """Removes the half of a frame that the disk still took. If even that fails, readers skip it."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            self._size = os.fstat(self._fd).st_size
        return OSError("disk full")

    def _hold(self, frame: bytes, error: OSError | None) -> None:
        if self._pending_bytes + len(frame) > BUFFER_BYTES:
            self._lose(1, "the disk takes nothing and the memory set aside is full")
            return
        self._pending.append(frame)
        self._pending_bytes += len(frame)
        self.counts.buffered = len(self._pending)
        self._complain(f"the journal cannot be written ({error or 'disk full'}), records wait in memory")

    def _rotate(self) -> None:
        """Goes over to a new segment. Raises OSError, and changes nothing, when there is no room for one."""
        fresh, size = self._open_segment(self._segment + 1)
        self._segment += 1
        self._retired.append(self._fd)
        self._fd, self._size = fresh, size

    def _open_segment(self, number: int) -> tuple[int, int]:
        path = segment_path(self.folder, number)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if os.write(descriptor, HEADER) != len(HEADER):
                raise OSError("disk full")
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        return descriptor, len(HEADER)

    def _lose(self, count: int, why: str) -> None:
        self.counts.lost += count
        self._complain(f"{self.counts.lost} records lost: {why}")

    def _complain(self, message: str) -> None:
        """Logs loudly, but not for each request."""
        now_s = time.monotonic()
        if now_s - self._complained_s >= COMPLAIN_EVERY_S:
            self._complained_s = now_s
            _logger.error("Journal %s: %s.", self.folder.name, message)


def segment_path(folder: Path, number: int) -> Path:
    """The file of a segment, numbered from 0."""
    return folder / f"{number:08d}{SUFFIX}"


def _make_folder(root: Path, folder: Path) -> int:
    """Makes the journal's folder, already locked when it gets its name, so that nobody takes it for the
    journal of a dead process. Returns the lock."""
    root.mkdir(parents=True, exist_ok=True)
    fresh = root / (FRESH_PREFIX + folder.name)
    fresh.mkdir(mode=0o700)
    lock = lock_file(fresh / WRITER_LOCK)
    if lock is None:
        raise OSError(f"somebody else has locked {fresh}")
    fresh.rename(folder)
    opened = os.open(root, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)
    return lock
