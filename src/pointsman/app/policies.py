"""Keeps the running policy: builds it from configuration and catalogue, numbers it, and swaps it in.

A version is the number under which the store keeps the snapshot's bytes, so that each logged decision
can be replayed. The last one is also in a file, so that a start without the database knows its number.
"""

import asyncio
import logging
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pointsman.core.snapshot import PolicySnapshot
from pointsman.gateway.policy import Policy
from pointsman.store import snapshots
from pointsman.store.pool import Pool

_logger = logging.getLogger("pointsman.policy")
UNPUBLISHED = 0
"""The version of a policy that no store knows yet."""


class Numbered(Struct, frozen=True):
    """A snapshot's bytes with version 0 in them, and the number under which the store has them."""

    version: int
    body: bytes


class PolicyKeeper:
    """Owns the `Policy`. `publish` is safe to call again and again; only a changed policy gets a new
    version."""

    def __init__(self, snapshot: PolicySnapshot, file: Path) -> None:
        self._file = file
        self._published = _read(file)
        self._lock = asyncio.Lock()
        self.policy = Policy(self._numbered(snapshot))

    def replace(self, snapshot: PolicySnapshot) -> None:
        """Swaps `snapshot` in; it gets its number with the next `publish`. Raises ValueError, keeping
        the old one, for a snapshot that no router can be made for."""
        self.policy.swap(self._numbered(snapshot))

    async def publish(self, pool: Pool) -> None:
        """Stores the running policy if the store's latest is another one, and numbers it."""
        async with self._lock:
            running = self.policy.current
            body = encode(running)
            known = await snapshots.latest(pool)
            if known is not None and bytes(known.body) == body:
                version = known.version
            else:
                version = await snapshots.publish(pool, body, "configuration")
                _logger.info("Policy %d is in force.", version)
            self._published = Numbered(version, body)
            _write(self._file, self._published)
            if self.policy.current is running and running.version != version:
                self.policy.swap(replace(running, version=version))

    def _numbered(self, snapshot: PolicySnapshot) -> PolicySnapshot:
        known = self._published
        version = known.version if known is not None and known.body == encode(snapshot) else UNPUBLISHED
        return replace(snapshot, version=version)


def encode(snapshot: PolicySnapshot) -> bytes:
    """The snapshot's bytes as they are stored: with version 0, since the store gives the number."""
    return msgspec.json.encode(replace(snapshot, version=UNPUBLISHED), order="sorted")


def _read(file: Path) -> Numbered | None:
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=Numbered)
    except (OSError, msgspec.MsgspecError):
        return None


def _write(file: Path, numbered: Numbered) -> None:
    fresh = file.with_suffix(".new")
    try:
        fresh.write_bytes(msgspec.msgpack.encode(numbered))
        fresh.replace(file)
    except OSError as error:
        _logger.warning("Cannot write %s: %s", file, error)
