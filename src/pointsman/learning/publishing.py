"""Publishes what was learned as the next policy, goes back to an earlier one, and mends what was lost.

Facts (targets, profiles) belong to the gateways, what was learned to learning: a publication joins the newest
of each. A gateway that publishes a change of its facts may not have heard of the latest learning; `mend` sees
that and publishes it again.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

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
from pointsman.routing.soundness import sound
from pointsman.store import learned, snapshots
from pointsman.store.learned import Alert, Published
from pointsman.store.pool import Connection

NO_CHANGE_SEEN: Final = -1
"""Stands for the changes that a policy holds which somebody went back to: all that was counted is news to it,
so that learning publishes at once after the release."""
TRIED: Final = 100
"""Among so many policies one is looked for that can be read."""
_logger = logging.getLogger("pointsman.learning")


class NoSuchPolicy(Exception):
    """There is no policy of that number, or none that can be read."""


class Newest(Struct, frozen=True):
    """The newest policy that can be read, without evidence that cannot be true; None when there is none.
    `spoiled` says what is wrong with it and with those after it, by version."""

    policy: PolicySnapshot | None
    spoiled: Mapping[int, str]


async def newest(connection: Connection) -> Newest:
    """Looks for the newest policy that can be read among the last ones."""
    spoiled: dict[int, str] = {}
    for entry in await snapshots.listing(connection, TRIED):
        try:
            found, dropped = await _read(connection, entry.version)
        except NoSuchPolicy as error:
            spoiled[entry.version] = str(error)
            continue
        if dropped:
            spoiled[entry.version] = f"evidence that cannot be true: {', '.join(dropped[:20])}"
        return Newest(found, spoiled)
    return Newest(None, spoiled)


async def latest(connection: Connection) -> PolicySnapshot | None:
    """The newest policy that can be read, without evidence that cannot be true; None when there is none."""
    return (await newest(connection)).policy


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
    """Publishes again what was learned, if the latest policy does not have it or is spoiled. Returns its
    version; None when all is well."""
    if (await learned.published(connection)).settled_version == await snapshots.latest_version(connection):
        return None
    return await restore(connection, now)


async def restore(connection: Connection, now: datetime) -> int | None:
    """The same, also when the policy that is spoiled had been seen to be good. What is spoiled raises an
    alert."""
    async with connection.transaction():
        state = await learned.published(connection, lock=True)
        found = await newest(connection)
        await _complain(connection, found.spoiled, now)
        current = found.policy
        if current is None or (state.published_version is None and not found.spoiled):
            return None
        ours, change = await _learned_last(connection, state, current, now)
        is_whole = not found.spoiled and change == state.published_change
        if is_whole and encode_snapshot(with_learned(current, ours)) == encode_snapshot(current):
            await learned.settle(connection, current.version)
            return None
        made = await _put(connection, ours, "learning", change, now)
        if made is not None and state.pinned_version is not None:
            await learned.pin(connection, made)
        return made


async def policy(connection: Connection, version: int) -> PolicySnapshot:
    """One policy, without evidence that cannot be true. Raises `NoSuchPolicy`."""
    return (await _read(connection, version))[0]


async def _read(connection: Connection, version: int) -> tuple[PolicySnapshot, tuple[str, ...]]:
    """One policy, and what of its evidence was left out. Raises `NoSuchPolicy`."""
    stored = await snapshots.get(connection, version)
    if stored is None:
        raise NoSuchPolicy(f"there is no policy {version}")
    try:
        return sound(decode_snapshot(stored.body, version))
    except (msgspec.MsgspecError, ValueError) as error:
        raise NoSuchPolicy(f"policy {version} cannot be read: {error}") from error


async def _learned_last(
    connection: Connection, state: Published, current: PolicySnapshot, now: datetime
) -> tuple[PolicySnapshot, int]:
    """The policy that holds what was learned last, and after how many changes. Of a spoiled one there is
    what is left of it, or the current one, and all that was counted is news to it."""
    if state.published_version is None:
        return current, NO_CHANGE_SEEN
    try:
        ours, dropped = await _read(connection, state.published_version)
    except NoSuchPolicy as error:
        await _complain(connection, {state.published_version: str(error)}, now)
        return current, NO_CHANGE_SEEN
    return ours, NO_CHANGE_SEEN if dropped else state.published_change


async def _complain(connection: Connection, spoiled: Mapping[int, str], now: datetime) -> None:
    for version, error in spoiled.items():
        _logger.error("Policy %d is spoiled: %s", version, error)
        detail = {"policy": version, "error": error[:500]}
        alert = Alert(key=f"bad_policy {version}", kind="bad_policy", detail=detail, at=now)
        await learned.raise_alert(connection, alert)


async def _put(
    connection: Connection, found: PolicySnapshot, reason: str, change: int, now: datetime
) -> int | None:
    current = await latest(connection)
    if current is None:
        return None
    body = encode_snapshot(with_learned(replace(current, version=UNNUMBERED), found))
    last = await snapshots.latest(connection)
    if last is not None and body == last.body and reason == "learning":
        version = last.version
    else:
        version = await snapshots.add(connection, body, reason, now)
    await learned.note_published(connection, version, change, now)
    return version
