"""One PostgreSQL server process on one data folder: make the folder, start, wait until ready, stop."""

import asyncio
import contextlib
import io
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from pointsman.store.binaries import version_of
from pointsman.store.errors import EmbeddedFailed
from pointsman.store.folders import Folders, dsn_of
from pointsman.store.processes import IS_LINUX, lasts_with_process, spawn, start_watchdog, state_of, works_in
from pointsman.store.unprivileged import Account, is_reachable

POLL_S: Final = 0.01
INITDB_TIMEOUT_S: Final = 300.0
LOG_LIMIT_BYTES: Final = 10_000_000
LOG_KEPT_BYTES: Final = 1_000_000
HERE: Final = Path("/proc/self/cwd")
"""A path to the working folder that needs no rights on the folders above it: so the data can lie below
root's private home although PostgreSQL does not run as root."""

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_parallel_maintenance_workers": "0",  # a container's /dev/shm may hold as little as 64 MB
    "log_timezone": "UTC",
    "timezone": "UTC",
}
ADVICE: Final[Mapping[str, str]] = {
    "No space left on device": "The disk is full: make room, then start again.",
    "Read-only file system": "The disk is read-only: mount it writable, or set POINTSMAN_HOME elsewhere.",
    "Permission denied": "A file cannot be reached: give the folder back to the account PostgreSQL runs as.",
    "could not create shared memory segment": "No shared memory left: raise kernel.shmmax.",
    "could not map anonymous shared memory": "Too little memory for shared_buffers: free some, or lower it.",
    "could not look up effective user ID": "This uid has no name: give it one in /etc/passwd.",
    "Address already in use": "Another server listens there: stop it, or choose another port.",
}
"""What to do, by a sign in the server's log."""


class Server(Struct, kw_only=True):
    """A data folder and how to run a server on it."""

    folders: Folders
    programs: Path
    sockets: Path
    account: Account | None
    settings: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    watchdog: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The TCP port, also part of the socket's name."""
        return int(self.settings["port"])

    def dsn(self, database: str) -> str:
        """How to reach a database of this server."""
        return dsn_of(self.sockets, self.port, database)

    def data_argument(self, folder: Path) -> str:
        """The data folder as the server may name it."""
        reachable = self.account is None or is_reachable(folder, self.account)
        if not reachable and not IS_LINUX:
            raise EmbeddedFailed(f"{folder} cannot be reached by uid {os.geteuid()}: set POINTSMAN_HOME.")
        return str(folder if reachable else HERE)


def check_data(server: Server) -> None:
    """Refuses a data folder of another account or of another major version."""
    data = server.folders.data
    owner = os.geteuid() if server.account is None else server.account.uid
    if data.stat().st_uid != owner:
        raise EmbeddedFailed(
            f"{data} belongs to uid {data.stat().st_uid}, this process runs as uid {os.geteuid()}. "
            f"Start it as that user, or run: chown -R {os.geteuid()} {data}"
        )
    found = (data / "PG_VERSION").read_text().strip()
    ours = version_of(server.programs).split(".")[0]
    if found != ours:
        raise EmbeddedFailed(
            f"{data} was made by PostgreSQL {found}, installed is {ours}. Dump it with version {found} "
            "(pg_dump), move the folder away, start, and restore the dump; or install the version before."
        )


async def make_data(server: Server) -> None:
    """Runs initdb beside the final place and moves the result there, so that a half-made one never counts."""
    folders = server.folders
    for leftover in folders.root.glob("data.new*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = folders.root / f"data.new{os.getpid()}"
    fresh.mkdir(mode=0o700)
    if server.account is not None:
        os.chown(fresh, server.account.uid, server.account.gid)
    command: list[str | Path] = [
        server.programs / "initdb",
        *("-D", server.data_argument(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
    ]
    with _log(folders) as log:
        process = spawn(
            command, cwd=fresh, account=server.account, output=log.fileno(), last_signal=signal.SIGKILL
        )
        try:
            await _ended(lambda: process.poll() is not None, INITDB_TIMEOUT_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode:
        raise EmbeddedFailed(f"Cannot make the data folder {folders.data}. {log_advice(folders)}")
    fresh.rename(folders.data)


async def launch(server: Server, timeout_s: float) -> None:
    """Starts the server and returns when it answers. Raises EmbeddedFailed when it ends or stays silent."""
    await _free_data(server)
    cap_log(server.folders)
    data = server.folders.data
    settings = {**server.settings, "unix_socket_directories": str(server.sockets)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command: list[str | Path] = [server.programs / "postgres", "-D", server.data_argument(data), *options]
    with _log(server.folders) as log:
        server.process = spawn(
            command, cwd=data, account=server.account, output=log.fileno(), last_signal=signal.SIGINT
        )
    if not lasts_with_process():
        server.watchdog = start_watchdog(server.process.pid, data / "postmaster.pid", server.account)
    await _until_ready(server, server.process, timeout_s)


async def halt(server: Server) -> None:
    """Stops the server: first so that it ends its sessions and writes all down, after 30 s at once."""
    process = server.process
    if process is not None:
        for number, patience_s in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if process.poll() is None:
                process.send_signal(number)
                await _ended(lambda: process.poll() is not None, patience_s)
    if server.watchdog is not None:
        server.watchdog.kill()
        server.watchdog.communicate()
        server.watchdog = None
    server.process = None


async def answers(dsn: str) -> bool:
    """Whether a server accepts sessions there now."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True


def cap_log(folders: Folders) -> None:
    """Cuts an overlong log down to its end. The server appends, so it may write on meanwhile."""
    try:
        size = folders.log.stat().st_size
    except FileNotFoundError:
        return
    if size <= LOG_LIMIT_BYTES:
        return
    with folders.log.open("r+b") as log:
        log.seek(size - LOG_KEPT_BYTES)
        kept = log.read(LOG_KEPT_BYTES)
        log.seek(0)
        log.truncate()
        log.write(kept)


def log_advice(folders: Folders) -> str:
    """What the end of the log says, and what to do about it."""
    try:
        lines = folders.log.read_text(errors="replace").splitlines()[-8:]
    except OSError:
        lines = []
    text = "\n".join(lines)
    known = [advice for sign, advice in ADVICE.items() if sign in text]
    return "\n".join([*known, f"The log {folders.log} ends with:", text])


def _log(folders: Folders) -> io.FileIO:
    return folders.log.open("ab", buffering=0)


async def _until_ready(server: Server, process: subprocess.Popen[bytes], timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not await answers(server.dsn("postgres")):
        if process.poll() is not None:
            raise EmbeddedFailed(f"PostgreSQL ended while starting. {log_advice(server.folders)}")
        if time.monotonic() > deadline_s:
            await halt(server)
            raise EmbeddedFailed(
                f"PostgreSQL did not answer within {timeout_s:.0f} s. {log_advice(server.folders)}"
            )
        await asyncio.sleep(POLL_S)


async def _free_data(server: Server) -> None:
    """Deals with a server that an earlier owner left: waits for its end, else ends it; and with pids in
    lock files that belong to a dead or a foreign process."""
    lock = server.folders.data / "postmaster.pid"
    pid = _first_number(lock)
    if pid is not None and _serves(pid, server):
        await _end_left_over(pid, server)
    for file in (lock, server.sockets / f".s.PGSQL.{server.port}.lock"):
        _disown(file, server)


async def _end_left_over(pid: int, server: Server) -> None:
    def gone() -> bool:
        return not _serves(pid, server)

    for number, patience_s in ((0, 3.0), (signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if await _ended(gone, patience_s):
            return
    raise EmbeddedFailed(f"The PostgreSQL server {pid} on {server.folders.data} does not end: stop it.")


def _disown(file: Path, server: Server) -> None:
    """Puts our own pid into a lock file whose process exists but is no server of ours: a zombie, or a
    stranger with a recycled number. PostgreSQL takes its parent's pid for a leftover, and still looks at
    the rest of the file, which guards against children of a dead server."""
    pid = _first_number(file)
    if pid is None or not state_of(pid) or _serves(pid, server):
        return
    rest = file.read_text().split("\n", 1)[1:]
    file.write_text("\n".join([str(os.getpid()), *rest]))


def _serves(pid: int, server: Server) -> bool:
    return state_of(pid) not in ("", "Z") and works_in(pid, server.folders.data)


def _first_number(file: Path) -> int | None:
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


async def _ended(gone: Callable[[], bool], patience_s: float) -> bool:
    deadline_s = time.monotonic() + patience_s
    while not gone():
        if time.monotonic() > deadline_s:
            return False
        await asyncio.sleep(POLL_S)
    return True
