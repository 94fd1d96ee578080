"""Exclusive locks on files. The kernel frees them when their holder ends, however that comes about."""

import fcntl
import os
from pathlib import Path


def lock_file(path: Path) -> int | None:
    """Takes the lock for as long as the returned descriptor is open; None while another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
