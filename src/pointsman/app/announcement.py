"""Where the gateway of a home listens, for the commands that ask it."""

import contextlib
import json
import os
from pathlib import Path

from pointsman.app.private_files import write_private


def announce(file: Path, url: str) -> None:
    """Says that this process listens at `url`, unless another living gateway of the home has said so: the
    commands go on asking the first one. Raises OSError."""
    pid = _written_pid(file)
    if pid is None or pid == os.getpid() or not _lives(pid):
        write_private(file, json.dumps({"url": url, "pid": os.getpid()}))


def withdraw(file: Path) -> None:
    """Takes the word back if it is this process's."""
    if _written_pid(file) == os.getpid():
        with contextlib.suppress(OSError):
            file.unlink()


def _written_pid(file: Path) -> int | None:
    try:
        return int(json.loads(file.read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
