"""Keeps the running policy: puts it together, numbers it, and swaps it in.

A policy has two halves: facts, which configuration and catalogue of this process say, and what learning
has found out, which comes from the policy published last, by whichever process. A version is the number
under which the store keeps a policy's bytes, so that each logged decision can be replayed. The last one is
also in a file, so that a start without the database knows its number and has not forgotten anything.
"""

import asyncio
import logging
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pointsman.core.snapshot import (
    UNNUMBERED,
    PolicySnapshot,
    decode_snapshot,
    encode_snapshot,
    with_learned,
)
from pointsman.gateway.policy import Policy
from pointsman.routing.soundness import sound
from pointsman.store import snapshots
from pointsman.store.pool import Pool

_logger = logging.getLogger("pointsman.policy")


class Numbered(Struct, frozen=True):
    """A policy's bytes and the number under which the store has them."""

    version: int
    body: bytes


class PolicyKeeper:
    """Owns the `Policy`. `publish` and `hear` are safe to call again and again, and by many processes: only
    a policy that differs from what its process runs is published; of equal ones the newest number counts,
    so that a rollback to what is running shows too."""

    def __init__(self, snapshot: PolicySnapshot, file: Path) -> None:
        self._file = file
        self._known = _read(file)
        self._lock = asyncio.Lock()
        learned = _readable(self._known) if self._known is not None else None
        self.policy = Policy(self._numbered(with_learned(snapshot, learned) if learned else snapshot))

    def replace(self, snapshot: PolicySnapshot) -> None:
        """Swaps the facts of `snapshot` in; what was learned stays. It gets its number with the next
        `publish`. Raises ValueError, keeping the old one, for a policy no router can be made for."""
        self.policy.swap(self._numbered(with_learned(snapshot, self.policy.current)))

    async def publish(self, pool: Pool) -> None:
        """Stores the running policy if the store's latest is another one, and numbers it."""
        async with self._lock:
            running = self.policy.current
            body = encode_snapshot(running)
            latest = await snapshots.latest(pool)
            if latest is not None and latest.body == body:
                version = latest.version
            else:
                version = await snapshots.publish(pool, body, "configuration")
            await self._settle(running, Numbered(version, body))

    async def hear(self, pool: Pool) -> None:
        """Takes over what the policy published last has learned. A policy that cannot be read, or that no
        router can be made for, leaves the running one in force."""
        async with self._lock:
            latest = await snapshots.latest(pool)
            running = self.policy.current
            if latest is None or latest.version <= running.version:
                return
            found = _readable(Numbered(latest.version, latest.body))
            if found is None:
                return
            wanted = with_learned(running, found)
            body = encode_snapshot(wanted)
            is_running = running.version != UNNUMBERED and body == encode_snapshot(running)
            if is_running and body != latest.body:
                return
            try:
                self.policy.swap(replace(wanted, version=UNNUMBERED))
            except ValueError as error:
                _logger.error("Policy %d cannot be used and is left out: %s", latest.version, error)
                return
            version = latest.version
            if body != latest.body:
                version = await snapshots.publish(pool, body, "configuration")
            await self._settle(self.policy.current, Numbered(version, body))

    async def _settle(self, running: PolicySnapshot, numbered: Numbered) -> None:
        """Gives the running policy its number, here and in the file."""
        if self._known != numbered:
            self._known = numbered
            await asyncio.to_thread(_write, self._file, numbered)
        if self.policy.current is running and running.version != numbered.version:
            self.policy.swap(replace(running, version=numbered.version))
            _logger.info("Policy %d is in force.", numbered.version)

    def _numbered(self, snapshot: PolicySnapshot) -> PolicySnapshot:
        known = self._known
        is_known = known is not None and known.body == encode_snapshot(snapshot)
        return replace(snapshot, version=known.version if known is not None and is_known else UNNUMBERED)


def _readable(numbered: Numbered) -> PolicySnapshot | None:
    """The policy, without evidence that cannot be true; None when it cannot be read at all."""
    try:
        found, dropped = sound(decode_snapshot(numbered.body, numbered.version))
    except (msgspec.MsgspecError, ValueError) as error:
        _logger.error("Policy %d cannot be read and is left out: %s", numbered.version, error)
        return None
    if dropped:
        _logger.error("Policy %d has evidence that cannot be true: %s", numbered.version, dropped[:20])
    return found


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
