"""Folders and ports for servers under test."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2_000_000_000


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for the time of a test, in memory where there is enough of it, so that tests neither wait
    for the disk nor wear it."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES
    folder = Path(tempfile.mkdtemp(prefix="pm-", dir=MEMORY if roomy else None))
    folder.chmod(0o755)  # so that the server's socket can lie in it, whoever runs the server
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
