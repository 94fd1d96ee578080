"""PostgreSQL refuses to run as root. This chooses the account root steps down to."""

import os
import pwd
import stat
from pathlib import Path
from typing import Final

from msgspec import Struct

NOBODY: Final = 65534


class Account(Struct, frozen=True):
    """A user and group that PostgreSQL runs as."""

    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """None unless this process is root. Root takes the account the data folder already belongs to, else
    `nobody`."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (found := data.stat()).st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(NOBODY, NOBODY)
    return Account(entry.pw_uid, entry.pw_gid)


def is_reachable(folder: Path, account: Account) -> bool:
    """Whether the account may walk down to `folder` (which need not exist yet), by owner, group and mode.

    >>> is_reachable(Path("/"), Account(65534, 65534))
    True
    """
    resolved = folder.resolve()
    return all(_may_enter(p, account) for p in (resolved, *resolved.parents) if p.exists())


def _may_enter(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
