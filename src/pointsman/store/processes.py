"""Child processes that end when their parent does, and what the system says about other processes."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pointsman.store.unprivileged import Account

IS_LINUX: Final = sys.platform == "linux"
WATCHDOG: Final = """
read -r _
[ "$(head -n 1 "$2" 2>/dev/null)" = "$1" ] && kill -INT "$1"
"""
"""Waits for the end of its input, which comes when the parent ends; then interrupts process $1, if the
first line of file $2 still names it."""

STEP: Final = """
import ctypes, os, sys
parent, last_signal, uid, gid = map(int, sys.argv[1:5])
if uid >= 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
if last_signal:
    ctypes.CDLL(None).prctl(1, last_signal, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
os.execv(sys.argv[5], sys.argv[5:])
"""
"""Runs in the child before the program: steps down to the account, asks for a signal when the parent ends
(PR_SET_PDEATHSIG; the change of account would clear that wish, so it comes first), and becomes the
program. It is a program of its own, not a function after a fork, because the parent has threads: a library's
handler of forks could wait for one of them for ever."""


def spawn(
    command: Sequence[str | Path], *, cwd: Path, account: Account | None, output: int, last_signal: int
) -> subprocess.Popen[bytes]:
    """Starts a program in its own session, so that a terminal's Ctrl-C does not reach it.

    On Linux it gets `last_signal` when the spawning thread ends, however that comes about: call this
    from a thread that lasts as long as the process (`lasts_with_process`).
    """
    uid, gid = (-1, -1) if account is None else (account.uid, account.gid)
    wish = last_signal if lasts_with_process() else 0
    step: list[str | Path] = []
    if wish or account is not None:
        step = [sys.executable, "-I", "-S", "-c", STEP, *map(str, (os.getpid(), wish, uid, gid))]
    return subprocess.Popen(
        [*step, *command],
        cwd=cwd,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def lasts_with_process() -> bool:
    """Whether the parent-death signal may be used from this thread, and our interpreter asked for it."""
    in_main = threading.current_thread() is threading.main_thread()
    return IS_LINUX and in_main and os.access(sys.executable, os.X_OK)


def start_watchdog(pid: int, pid_file: Path, account: Account | None) -> subprocess.Popen[bytes]:
    """A small shell that interrupts `pid` once this process is gone, where there is no parent-death
    signal. Its pipe must stay open: keep the returned object."""
    identity: dict[str, Any] = {}
    if account is not None:
        identity = {"user": account.uid, "group": account.gid, "extra_groups": []}
    return subprocess.Popen(
        ["/bin/sh", "-c", WATCHDOG, "watchdog", str(pid), pid_file.name],
        cwd=pid_file.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **identity,
    )


def state_of(pid: int) -> str:
    """The letter `ps` shows for a process (`Z`: ended, not yet collected by its parent); empty if there
    is none."""
    if not IS_LINUX:
        done = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()[:1]
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    return text[text.rindex(")") + 2]


def works_in(pid: int, folder: Path) -> bool:
    """Whether the process is a PostgreSQL server on this data folder. Servers change into it, so their
    working folder tells; without /proc their command line does."""
    if not IS_LINUX:
        done = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return str(folder) in done.stdout
    try:
        name = Path(f"/proc/{pid}/comm").read_text()
        return name.startswith("postgres") and Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:
        return False
