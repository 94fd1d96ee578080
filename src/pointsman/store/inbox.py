"""Takes what agents report before the database does, so that nothing is lost while it is away.

A report is a line of a file, on the disk before its sender is answered: a CRC-32 in hex, a blank, JSON.
`deliver_forever` hands the lines over in order; a file is removed once all of it has been delivered.
After a crash lines are delivered again, so delivering must be idempotent.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import uuid
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct, field

from pointsman.core.reports import Report
from pointsman.store.file_lock import lock_file
from pointsman.store.pool import AWAY

SEGMENT_BYTES: Final = 4 * 1024 * 1024
BATCH: Final = 200
PATIENCE_S: Final = 2.0
RETRY_S: Final = 2.0
MAX_HELD: Final = 100_000
WRITER_LOCK: Final = "writer.lock"
FRESH_PREFIX: Final = ".new-"
SUFFIX: Final = ".reports"
DAMAGED_SUFFIX: Final = ".bad"
"""Of files with lines that could not be read: they are kept for people to look at."""

CONFLICT: Final = (
    "This was told before, with other content. To correct it, send it with a new Idempotency-Key."
)

_logger = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Report).decode


class Refusal(Struct, frozen=True):
    """Why a report was not taken: what it is about is `unknown`, it is in `conflict` with what was told
    before, or the database finds it `invalid`."""

    why: Literal["unknown", "conflict", "invalid"]
    message: str
    param: str | None = None


class Undelivered(Struct, frozen=True):
    """A report, the reason why it was refused, and whether somebody was told so."""

    report: Report
    refusal: Refusal
    told: bool


class InboxCounts(Struct, kw_only=True):
    """What an inbox has done since it was made. `held` reports wait for the database."""

    taken: int = 0
    delivered: int = 0
    refused: int = 0
    damaged: int = 0
    held: int = 0


class InboxFull(Exception):
    """So many reports wait for the database that no more are taken."""


class _Held(Struct):
    """A report that is in the file and not delivered."""

    digest: str
    waiters: list["asyncio.Future[Refusal | None]"] = field(default_factory=list)


Deliver = Callable[[Sequence[Report]], Awaitable[Sequence[Refusal | None]]]
"""Writes reports to the database, all or none, and says of each whether it was refused. Raises what
`store.pool.AWAY` names while the database is away."""
Keep = Callable[[Sequence[Undelivered]], Awaitable[None]]
"""Keeps what was refused, for people to look at."""


class Inbox:
    """The reports of one process, in a folder of its own below `root`. For one event loop. What a process
    that is dead has left there is taken over."""

    def __init__(self, root: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.counts = InboxCounts()
        self.reachable = False
        self._segment_bytes = segment_bytes
        self._folder, self._lock_fd = _make_folder(root)
        self._held: dict[uuid.UUID, _Held] = {}
        self._closed: list[Path] = []
        self._number = 0
        self._fd, self._path = self._open()
        self._size = self._written = self._synced = 0
        self._disk = asyncio.Lock()
        self._wake = asyncio.Event()
        self._take_over(root)

    async def put(self, report: Report, patience_s: float = PATIENCE_S) -> Refusal | bool:
        """Takes a report. Returns a Refusal, True when it is in the database, and False when it is safe on
        the disk but the database was away or slower than `patience_s`.

        Raises InboxFull and OSError (disk full): then it was not taken.
        """
        held = self._held.get(report.id)
        if held is None:
            if len(self._held) >= MAX_HELD:
                raise InboxFull
            self._write(report)
            held = self._held[report.id] = _Held(report.digest)
            self.counts.taken += 1
            self.counts.held = len(self._held)
        elif held.digest != report.digest:
            return Refusal("conflict", CONFLICT)
        settled: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
        held.waiters.append(settled)
        try:
            await self._sync()
            self._wake.set()
            if not self.reachable and not settled.done():
                return False
            return await asyncio.wait_for(settled, patience_s) or True
        except TimeoutError:
            return False
        finally:
            settled.cancel()

    async def deliver_forever(self, deliver: Deliver, keep: Keep) -> None:
        """Delivers until cancelled, as soon as there is something and the database can be reached."""
        try:
            while True:
                self._wake.clear()
                await self._deliver_patiently(deliver, keep)
                await self._wake.wait()
        finally:
            self.reachable = False

    async def deliver_all(self, deliver: Deliver, keep: Keep) -> None:
        """Delivers all there is. Raises what `deliver` raises; the rest stays."""
        while self._closed or self._size:
            if not self._closed:
                await self._rotate()
            path = self._closed[0]
            damaged = self.counts.damaged
            for reports in self._batches(await asyncio.to_thread(_content, path)):
                await self._hand_over(reports, deliver, keep)
            if self.counts.damaged == damaged:
                path.unlink(missing_ok=True)
            else:
                path.rename(self._folder.parent / f"{self._folder.name}-{path.stem}{DAMAGED_SUFFIX}")
            self._closed.pop(0)

    def close(self) -> None:
        """Gives the files that are left to the next process."""
        with contextlib.suppress(OSError):
            os.fsync(self._fd)
        os.close(self._fd)
        if self._size == 0:
            self._path.unlink(missing_ok=True)
        if not any(self._folder.glob("*" + SUFFIX)):
            shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock_fd)

    async def _deliver_patiently(self, deliver: Deliver, keep: Keep) -> None:
        """Delivers all there is, however long the database is away."""
        while True:
            try:
                await self.deliver_all(deliver, keep)
            except AWAY as error:
                if self.reachable:
                    _logger.warning("Reports wait in %s: %s", self._folder, error or type(error).__name__)
                self.reachable = False
                await asyncio.sleep(RETRY_S)
            else:
                self.reachable = True
                return

    async def _hand_over(self, reports: Sequence[Report], deliver: Deliver, keep: Keep) -> None:
        verdicts = await deliver(reports)
        refused = [
            Undelivered(report, verdict, told=self._is_awaited(report))
            for report, verdict in zip(reports, verdicts, strict=True)
            if verdict is not None
        ]
        if refused:
            await keep(refused)
        for report, verdict in zip(reports, verdicts, strict=True):
            self._settle(report, verdict)
        self.counts.delivered += len(reports) - len(refused)
        self.counts.refused += len(refused)
        self.counts.held = len(self._held)

    def _is_awaited(self, report: Report) -> bool:
        held = self._held.get(report.id)
        return held is not None and any(not waiter.done() for waiter in held.waiters)

    def _settle(self, report: Report, verdict: Refusal | None) -> None:
        held = self._held.pop(report.id, None)
        for waiter in held.waiters if held is not None else ():
            if not waiter.done():
                waiter.set_result(verdict)

    def _batches(self, content: bytes) -> Iterator[Sequence[Report]]:
        reports: list[Report] = []
        for report in read(content):
            if report is None:
                self.counts.damaged += 1
                _logger.error("A line of the inbox %s cannot be read.", self._folder)
                continue
            reports.append(report)
            if len(reports) == BATCH:
                yield reports
                reports = []
        if reports:
            yield reports

    def _write(self, report: Report) -> None:
        """Appends a line, whole or not at all."""
        if self._size >= self._segment_bytes:
            self._next_segment()
        text = line_of(report)
        try:
            if os.write(self._fd, text) != len(text):
                raise OSError("disk full")
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        self._size += len(text)
        self._written += 1

    async def _sync(self) -> None:
        """Waits until all that has been written is on the disk; one wait serves many reports."""
        wanted = self._written
        async with self._disk:
            if self._synced < wanted:
                reached, descriptor = self._written, os.dup(self._fd)
                try:
                    await asyncio.to_thread(os.fsync, descriptor)
                finally:
                    os.close(descriptor)
                self._synced = max(self._synced, reached)

    async def _rotate(self) -> None:
        async with self._disk:
            self._next_segment()

    def _next_segment(self) -> None:
        """Goes over to a new file. Raises OSError, and changes nothing, when there is no room for one."""
        self._number += 1
        fresh, path = self._open()
        os.fsync(self._fd)
        os.close(self._fd)
        self._closed.append(self._path)
        self._fd, self._path, self._size = fresh, path, 0
        self._synced = self._written

    def _open(self) -> tuple[int, Path]:
        path = self._folder / f"{self._number:08d}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        return os.open(path, flags, 0o600), path

    def _take_over(self, root: Path) -> None:
        """Moves the files of dead processes here, to be delivered first."""
        for folder in sorted(root.iterdir()):
            if folder == self._folder or folder.name.startswith(FRESH_PREFIX) or not folder.is_dir():
                continue
            try:
                lock = lock_file(folder / WRITER_LOCK)
            except OSError as error:
                _logger.error("The inbox %s is left alone: %s", folder, error)
                continue
            if lock is None:
                continue
            for path in sorted(folder.glob("*" + SUFFIX)):
                self._closed.append(path.rename(self._folder / f"{folder.name[:32]}-{path.name}"))
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
        for path in self._closed:
            reports = [report for report in read(_content(path)) if report is not None]
            self._held.update({report.id: _Held(report.digest) for report in reports})
        self.counts.held = len(self._held)


def line_of(report: Report) -> bytes:
    """The line of a report."""
    text = _encode(report)
    return b"%08x %b\n" % (zlib.crc32(text), text)


def read(content: bytes) -> Iterator[Report | None]:
    """The reports in a file; None for a line that is none. A last line without its end is left out: its
    sender was never answered."""
    *lines, _ = content.split(b"\n")
    for line in lines:
        checksum, _, text = line.partition(b" ")
        try:
            whole = int(checksum, 16) == zlib.crc32(text)
            yield _decode(text) if whole else None
        except (ValueError, msgspec.DecodeError):
            yield None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _make_folder(root: Path) -> tuple[Path, int]:
    """Makes a folder, already locked when it gets its name. Returns it and the lock."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = uuid.uuid4().hex
    fresh = root / (FRESH_PREFIX + name)
    fresh.mkdir(mode=0o700)
    lock = lock_file(fresh / WRITER_LOCK)
    if lock is None:
        raise OSError(f"somebody else has locked {fresh}")
    return fresh.rename(root / name), lock
