"""Reads journals: which there are, what of a segment is new, and when a segment is done."""

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from pointsman.store.file_lock import lock_file
from pointsman.store.frames import (
    HEADER,
    MAGIC,
    MAX_PAYLOAD_BYTES,
    PREFIX_BYTES,
    READABLE,
    Damage,
    Record,
    scan,
)
from pointsman.store.journal import FRESH_PREFIX, SUFFIX, WRITER_LOCK, segment_path

LARGEST_FRAME_BYTES: Final = MAX_PAYLOAD_BYTES + PREFIX_BYTES
CHUNK_BYTES: Final = 64 * 1024
"""How much of a segment is read at once: little, because reading it stops the process's other work."""


class Chunk(Struct, kw_only=True):
    """What came of one read, from an offset on.

    `records` and `ends` (the offset after each) go together; `next` is where to go on; `done` says that
    the segment has nothing more and never will. `torn_bytes` is an unfinished frame at the end of a
    segment nobody writes to; `damaged_bytes` lay between whole frames; `unreadable` frames were whole,
    but held no record of ours.
    """

    records: list[Record]
    ends: list[int]
    next: int
    done: bool
    torn_bytes: int = 0
    damaged_bytes: int = 0
    unreadable: int = 0


class UnknownFormat(ValueError):
    """A segment written by another version of Pointsman: it must be left alone."""


class JournalReader:
    """One journal's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.worker, _, hexed = folder.name.rpartition("-")
        self.journal_id = uuid.UUID(hex=hexed)

    def segments(self) -> Sequence[int]:
        """The numbers of the segments there are, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("*" + SUFFIX))

    def is_alive(self) -> bool:
        """Whether a process may still append."""
        lock = lock_file(self.folder / WRITER_LOCK)
        if lock is None:
            return True
        os.close(lock)
        return False

    def size(self, segment: int) -> int:
        """The segment's length in bytes; 0 when it is gone."""
        try:
            return segment_path(self.folder, segment).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, segment: int, offset: int, *, closed: bool, chunk_bytes: int = CHUNK_BYTES) -> Chunk:
        """What the segment holds from `offset` (0: its start) on, at most about `chunk_bytes` of it.

        `closed` says that nobody appends to it any more: then an unfinished end is skipped, else it is
        waited for. Raises UnknownFormat and OSError.
        """
        path = segment_path(self.folder, segment)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if offset < len(HEADER):
                offset = _header_end(file.read(len(HEADER)), path)
            file.seek(offset)
            data = file.read(chunk_bytes)
            chunk = _collect(data, offset)
            if chunk.next == offset and offset + len(data) < size:  # a frame longer than that, or damage
                data += file.read(2 * LARGEST_FRAME_BYTES)
                chunk = _collect(data, offset)
        end = offset + len(data)
        if end >= size and closed:
            chunk.torn_bytes = end - chunk.next
            chunk.done = True
        elif end < size and chunk.next == offset:
            chunk.next = end - LARGEST_FRAME_BYTES
            chunk.damaged_bytes = chunk.next - offset
        return chunk

    def discard(self, segment: int, *, damaged: bool) -> None:
        """Removes a segment that has been loaded; a damaged one is kept beside, renamed to `.bad`."""
        path = segment_path(self.folder, segment)
        if damaged:
            path.rename(path.with_suffix(".bad"))
        else:
            path.unlink(missing_ok=True)

    def remove(self) -> bool:
        """Removes the folder of a dead and emptied journal; False when something worth keeping is in it."""
        if any(path.name != WRITER_LOCK for path in self.folder.iterdir()):
            return False
        shutil.rmtree(self.folder, ignore_errors=True)
        return True


def journals(root: Path) -> Sequence[JournalReader]:
    """All journals below `root`, in a fixed order. Folders with other names are left out."""
    found = []
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.name.startswith(FRESH_PREFIX) or not folder.is_dir():
            continue
        try:
            found.append(JournalReader(folder))
        except ValueError:
            continue
    return found


def _header_end(found: bytes, path: Path) -> int:
    """Where the frames start; 0 when there is no header (yet), so that the search starts there."""
    if not found.startswith(MAGIC) or len(found) < len(HEADER):
        return 0
    if found[-1] not in READABLE:
        raise UnknownFormat(f"{path} is of format {found[-1]}, this version reads up to {HEADER[-1]}")
    return len(HEADER)


def _collect(data: bytes, offset: int) -> Chunk:
    chunk = Chunk(records=[], ends=[], next=offset, done=False)
    for found in scan(data, offset):
        chunk.next = found.end
        if isinstance(found, Damage):
            chunk.damaged_bytes += found.end - found.start
        elif found.record is None:
            chunk.unreadable += 1
        else:
            chunk.records.append(found.record)
            chunk.ends.append(found.end)
    return chunk
