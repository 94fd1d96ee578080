"""The keys' hashes in a file, so that keys are known while the database is away."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pointsman.app.private_files import write_private
from pointsman.core.keys import ApiKey


def read(file: Path) -> Sequence[ApiKey]:
    """The keys as last written; none if the file is missing or unreadable."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(file.read_bytes(), type=list[ApiKey])
    return []


def write(file: Path, keys: Sequence[ApiKey]) -> None:
    """Replaces the file in one step. Only hashes are in it. Raises OSError."""
    fresh = file.with_suffix(".new")
    write_private(fresh, msgspec.json.encode(keys).decode())
    fresh.replace(file)
