"""The keys' hashes in a file, so that keys are known while the database is away."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pointsman.core.keys import ApiKey

MODE = 0o600


def read(file: Path) -> Sequence[ApiKey]:
    """The keys as last written; none if the file is missing or unreadable."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(file.read_bytes(), type=list[ApiKey])
    return []


def write(file: Path, keys: Sequence[ApiKey]) -> None:
    """Replaces the file in one step. Only hashes are in it. Raises OSError."""
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.encode(keys))
    fresh.replace(file)
