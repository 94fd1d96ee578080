"""Publishes what was learned as the next policy, goes back to an earlier one, and mends what was lost.

Facts (targets, profiles) belong to the gateways, what was learned to learning: a publication joins the newest
of each. A gateway that publishes a change of its facts may not have heard of the latest learning; `mend` sees
that and publishes it again.
"""

import logging
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from pointsman.core.snapshot import (
    UNNUMBERED,
    PolicySnapshot,
    decode_snapshot,
    encode_snapshot,
    with_learned,
)
from pointsman.routing.soundness import sound
from pointsman.store import learned, snapshots
from pointsman.store.pool import Connection

NO_CHANGE_SEEN: Final = -1
"""Stands for the changes that a policy holds which somebody went back to: all that was counted is news to it,
so that learning publishes at once after the release."""
_logger = logging.getLogger("pointsman.learning")


class NoSuchPolicy(Exception):
    """There is no policy of that number, or none that can be read."""


async def latest(connection: Connection) -> PolicySnapshot | None:
    """The policy published last; None when there is none that can be read."""
    stored = await snapshots.latest(connection)
    try:
        return None if stored is None else decode_snapshot(stored.body, stored.version)
    except (msgspec.MsgspecError, ValueError) as error:
        _logger.error("The latest policy cannot be read: %s", error)
        return None


async def publish(connection: Connection, found: PolicySnapshot, *, change: int, now: datetime) -> int | None:
    """Publishes what `found` has learned, with the facts of the latest policy. Returns its version; None
    while a policy is pinned or there is none to add to."""
    async with connection.transaction():
        state = await learned.published(connection, lock=True)
        if state.pinned_version is not None:
            return None
        return await _put(connection, found, "learning", change, now)


async def roll_back(connection: Connection, version: int, now: datetime) -> int:
    """Publishes what policy `version` had learned as a new policy, and pins that until `release`. How many
    requests there were stays known: going back makes no gateway new. Returns its version. Raises
    `NoSuchPolicy`."""
    async with connection.transaction():
        await learned.published(connection, lock=True)
        old, newest = await policy(connection, version), await latest(connection)
        if newest is not None:
            old = replace(old, answered=max(old.answered, newest.answered))
        made = await _put(connection, old, f"rollback to {version}", NO_CHANGE_SEEN, now)
        if made is None:
            raise NoSuchPolicy("the latest policy cannot be read")
        await learned.pin(connection, made)
        return made


async def release(connection: Connection) -> int | None:
    """Lets learning publish again. Returns which policy was pinned."""
    async with connection.transaction():
        state = await learned.published(connection, lock=True)
        await learned.pin(connection, None)
        return state.pinned_version


async def mend(connection: Connection, now: datetime) -> int | None:
    """Publishes again what was learned, if the latest policy does not have it. Returns its version; None
    when all is well."""
    if (await learned.published(connection)).settled_version == await snapshots.latest_version(connection):
        return None
    async with connection.transaction():
        state = await learned.published(connection, lock=True)
        newest = await snapshots.latest_version(connection)
        if state.published_version is None or newest is None:
            return None
        current = await latest(connection)
        if current is None:
            return None
        ours = await policy(connection, state.published_version)
        if encode_snapshot(with_learned(current, ours)) == encode_snapshot(current):
            await learned.settle(connection, newest)
            return None
        made = await _put(connection, ours, "learning", state.published_change, now)
        if made is not None and state.pinned_version is not None:
            await learned.pin(connection, made)
        return made


async def policy(connection: Connection, version: int) -> PolicySnapshot:
    """One policy, without evidence that cannot be true. Raises `NoSuchPolicy`."""
    stored = await snapshots.get(connection, version)
    if stored is None:
        raise NoSuchPolicy(f"there is no policy {version}")
    try:
        return sound(decode_snapshot(stored.body, version))[0]
    except (msgspec.MsgspecError, ValueError) as error:
        raise NoSuchPolicy(f"policy {version} cannot be read: {error}") from error


async def _put(
    connection: Connection, found: PolicySnapshot, reason: str, change: int, now: datetime
) -> int | None:
    current = await latest(connection)
    if current is None:
        return None
    body = encode_snapshot(with_learned(replace(current, version=UNNUMBERED), found))
    if body == encode_snapshot(current) and reason == "learning":
        version = current.version
    else:
        version = await snapshots.add(connection, body, reason, now)
    await learned.note_published(connection, version, change, now)
    return version
