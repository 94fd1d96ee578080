"""The embedded PostgreSQL: one server for a home, run by whoever comes first, shared by all others.

The first process takes an exclusive lock, starts the server and writes down how to reach it; others
attach. The server ends with its owner, even when the owner is killed; the next start recovers.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from pointsman.store.binaries import runnable_bin_dir
from pointsman.store.errors import EmbeddedFailed
from pointsman.store.file_lock import lock_file
from pointsman.store.folders import DATABASE, Folders, folders_under, private_folder, socket_dir, sockets_of
from pointsman.store.postmaster import SETTINGS, Server, answers, cap_log, check_data, halt, launch, make_data
from pointsman.store.unprivileged import account_for

ATTACH_POLL_S: Final = 0.02
TEND_EVERY_S: Final = 1.0
RESTART_MAX_DELAY_S: Final = 60.0
RESTART_TIMEOUT_S: Final = 60.0

_logger = logging.getLogger(__name__)


class Connection(Struct, frozen=True, kw_only=True):
    """How to reach the running server; the content of `connection.json`."""

    dsn: str
    owner_pid: int


class EmbeddedServer:
    """A running embedded PostgreSQL. `dsn` reaches Pointsman's database; `owner` says whether this
    process runs the server (then `stop` ends it) or has attached to another's. When that other process
    ends, the server ends with it, and one of those attached starts it again."""

    def __init__(self, dsn: str, folders: Folders, settings: Mapping[str, str]) -> None:
        self.dsn = dsn
        self._folders = folders
        self._settings = settings
        self._owned: _Owned | None = None
        self._tending: asyncio.Task[None] | None = None

    @property
    def owner(self) -> bool:
        """Whether this process runs the server."""
        return self._owned is not None

    @property
    def pid(self) -> int | None:
        """The server's process, while this process owns it and it runs."""
        process = self._owned.server.process if self._owned is not None else None
        return process.pid if process is not None else None

    def tend(self, owned: "_Owned | None") -> None:
        """Begins to look after the server."""
        self._owned = owned
        self._tending = asyncio.create_task(self._tend())

    async def stop(self) -> None:
        """Ends the server in good order if this process owns it. May be called again."""
        if self._tending is not None:
            self._tending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._tending
            self._tending = None
        owned, self._owned = self._owned, None
        if owned is None:
            return
        self._folders.connection.unlink(missing_ok=True)
        await halt(owned.server)
        if owned.server.sockets.parent != self._folders.root:
            shutil.rmtree(owned.server.sockets, ignore_errors=True)
        _release(owned.lock)

    async def _tend(self) -> None:
        """Starts the server again if it dies, or if its owner has gone, and keeps its log short."""
        delay_s = TEND_EVERY_S
        while True:
            await asyncio.sleep(delay_s)
            try:
                if self._owned is None:
                    await self._take_over()
                else:
                    await _keep_up(self._owned.server)
                delay_s = TEND_EVERY_S
            except (EmbeddedFailed, OSError) as error:
                delay_s = min(delay_s * 2, RESTART_MAX_DELAY_S)
                _logger.error("PostgreSQL does not start; next try in %.0f s: %s", delay_s, error)

    async def _take_over(self) -> None:
        lock = _take(self._folders)
        if lock is not None:
            _logger.warning("The process that ran PostgreSQL has ended; starting it here.")
            self._owned = await _own(self._folders, lock, self._settings, RESTART_TIMEOUT_S, self.dsn)


class _Owned(Struct):
    """What an owner holds: the lock on the folder, and the server."""

    lock: int
    server: Server


async def start(
    home: Path, *, settings: Mapping[str, str] | None = None, timeout_s: float = 60.0
) -> EmbeddedServer:
    """Starts the server of `home`, or attaches to the one that another process runs there.

    Call it from the main thread. `settings` are PostgreSQL parameters over our own. Raises
    EmbeddedFailed with a message that says what to do.
    """
    folders = folders_under(home)
    wanted = {**SETTINGS, **(settings or {})}
    deadline_s = time.monotonic() + timeout_s
    while True:
        lock = _take(folders)
        if lock is not None:
            owned = await _own(folders, lock, wanted, timeout_s)
            running = EmbeddedServer(owned.server.dsn(DATABASE), folders, wanted)
            running.tend(owned)
            return running
        found = _written(folders)
        if found is not None and await answers(found.dsn):
            attached = EmbeddedServer(found.dsn, folders, wanted)
            attached.tend(None)
            return attached
        if time.monotonic() > deadline_s:
            raise EmbeddedFailed(
                f"Another process owns the database in {folders.root}, but it does not answer: "
                f"look into {folders.log}, or stop the process named in {folders.lock}."
            )
        await asyncio.sleep(ATTACH_POLL_S)


async def _own(
    folders: Folders, lock: int, settings: Mapping[str, str], timeout_s: float, dsn: str | None = None
) -> _Owned:
    """Starts the server, reachable as `dsn` says if that is given."""
    server: Server | None = None
    try:
        account = account_for(folders.data)
        port = int(settings["port"])
        server = Server(
            folders=folders,
            programs=await asyncio.to_thread(runnable_bin_dir, account, folders.root),
            sockets=private_folder(sockets_of(dsn), account) if dsn else socket_dir(folders, account, port),
            account=account,
            settings=settings,
        )
        folders.connection.unlink(missing_ok=True)
        if not folders.data.exists():
            await make_data(server)
        check_data(server)
        await launch(server, timeout_s)
        await _ensure_database(server)
        _write(folders, Connection(dsn=server.dsn(DATABASE), owner_pid=os.getpid()))
    except BaseException as error:
        if server is not None:
            await halt(server)
        _release(lock)
        if isinstance(error, OSError):
            raise EmbeddedFailed(f"Cannot use {folders.root}: {error}.") from error
        raise
    return _Owned(lock, server)


async def _keep_up(server: Server) -> None:
    cap_log(server.folders)
    if server.process is not None and server.process.poll() is None:
        return
    _logger.error("PostgreSQL has ended unexpectedly; starting it again.")
    await halt(server)
    await launch(server, RESTART_TIMEOUT_S)


async def _ensure_database(server: Server) -> None:
    connection = await asyncpg.connect(server.dsn("postgres"))
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        await connection.close()


def _take(folders: Folders) -> int | None:
    """The owner's lock with our pid in it, or None while another process holds it."""
    try:
        lock = lock_file(folders.lock)
    except OSError as error:
        raise EmbeddedFailed(
            f"Cannot write in {folders.root}: {error.strerror}. Set POINTSMAN_HOME to a folder you can write."
        ) from error
    if lock is not None:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _release(lock: int) -> None:
    os.close(lock)


def _written(folders: Folders) -> Connection | None:
    try:
        return msgspec.json.decode(folders.connection.read_bytes(), type=Connection)
    except (OSError, msgspec.DecodeError):
        return None


def _write(folders: Folders, connection: Connection) -> None:
    fresh = folders.connection.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(connection))
    fresh.replace(folders.connection)
