"""Where the embedded PostgreSQL keeps its files, and how its socket gets a path short enough."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from msgspec import Struct

from pointsman.store.errors import EmbeddedFailed
from pointsman.store.unprivileged import Account, is_reachable

MAX_SOCKET_PATH_BYTES: Final = 103
"""The kernel's limit is 108 with the closing zero on Linux, 104 on macOS."""
DATABASE: Final = "pointsman"
SHORT_TEMPORARY: Final = "/tmp"  # noqa: S108 - the folder made in it is private and its owner is checked
_PLAIN_PATH: Final = re.compile(r"[\w/.+-]+", re.ASCII)


class Folders(Struct, frozen=True, kw_only=True):
    """The files below `<home>/postgres`."""

    root: Path
    data: Path
    lock: Path
    connection: Path
    log: Path


def folders_under(home: Path) -> Folders:
    """The layout for one home. Makes the root folder; raises EmbeddedFailed when that cannot be written."""
    root = home.absolute() / "postgres"
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o755)
    except OSError as error:
        raise EmbeddedFailed(
            f"Cannot create {root}: {error.strerror}. Set POINTSMAN_HOME to a folder you can write, "
            "or DATABASE_URL to a PostgreSQL server."
        ) from error
    return Folders(
        root=root,
        data=root / "data",
        lock=root / "owner.lock",
        connection=root / "connection.json",
        log=root / "postgres.log",
    )


def socket_dir(folders: Folders, account: Account | None, port: int) -> Path:
    """A folder with mode 0700 for the socket, owned by the account PostgreSQL runs as.

    `<root>/run` when the path is short and plain and the account reaches it, else a folder named after
    the root's hash in the user's runtime or temporary folder.
    """
    own = folders.root / "run"
    reachable = account is None or is_reachable(own, account)
    if reachable and _fits(own, port):
        return private_folder(own, account)
    name = "pointsman-" + hashlib.sha256(os.fsencode(folders.root)).hexdigest()[:12]
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), SHORT_TEMPORARY):
        folder = Path(base) / name
        if base and _fits(folder, port) and (account is None or is_reachable(folder.parent, account)):
            return private_folder(folder, account)
    raise EmbeddedFailed("No folder with a short enough path for the database socket: set TMPDIR=/tmp.")


def dsn_of(sockets: Path, port: int, database: str = DATABASE) -> str:
    """How to reach a database behind the socket."""
    return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(sockets))}&port={port}"


def sockets_of(dsn: str) -> Path:
    """The socket's folder in an address made by `dsn_of`.

    >>> sockets_of(dsn_of(Path("/tmp/a b"), 5432))
    PosixPath('/tmp/a b')
    """
    return Path(parse_qs(urlsplit(dsn).query)["host"][0])


def _fits(folder: Path, port: int) -> bool:
    path = str(folder / f".s.PGSQL.{port}")
    return len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES and _PLAIN_PATH.fullmatch(path) is not None


def private_folder(folder: Path, account: Account | None) -> Path:
    """Makes the folder, or takes the one there if nobody else can have made it."""
    owner = os.geteuid() if account is None else account.uid
    try:
        folder.mkdir(mode=0o700)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
            raise EmbeddedFailed(f"{folder} belongs to somebody else: remove it, then start again.") from None
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)
    return folder
