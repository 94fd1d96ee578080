"""What a batch of records adds to the counters by agent and key. Pure sums, so that order does not matter."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from msgspec import Struct, field

from pointsman.core.events import SHADOW_TIER, RequestKind, RequestRecord
from pointsman.store.rows import time_of

MAX_COUNT: Final = 10**12
"""The most tokens or micro-USD that one attempt adds."""


class Volume(Struct):
    """Sums of one agent, tier and day. `requests` counts each request once, whatever its kind; retries
    and side requests are among them. Tokens and cost are of all attempts."""

    requests: int = 0
    retries: int = 0
    side_requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd_micros: int = 0


class Seen(Struct):
    """When an agent was first and last seen, in microseconds since the epoch."""

    source: str
    first_us: int
    last_us: int


class Sums(Struct):
    """All that a batch adds, by (agent, tier, day), (key, day) and agent."""

    volumes: dict[tuple[str, str, date], Volume] = field(default_factory=dict)
    keys: dict[tuple[str, date], Volume] = field(default_factory=dict)
    agents: dict[str, Seen] = field(default_factory=dict)


def sums_of(records: Iterable[RequestRecord]) -> Sums:
    """Adds the records up. What shadows use has a tier of its own, apart from the agent's work."""
    sums = Sums()
    for record in records:
        day = time_of(record.started_at_us).date()
        agent = _clean(record.agent_id)
        tier = SHADOW_TIER if record.kind == RequestKind.SHADOW else _clean(record.tier)
        _add(sums.volumes.setdefault((agent, tier, day), Volume()), record)
        if record.key_id is not None:
            _add(sums.keys.setdefault((_clean(record.key_id), day), Volume()), record)
        seen = sums.agents.setdefault(
            agent, Seen(_clean(record.agent_source), record.started_at_us, record.started_at_us)
        )
        seen.first_us = min(seen.first_us, record.started_at_us)
        if record.started_at_us >= seen.last_us:
            seen.last_us, seen.source = record.started_at_us, _clean(record.agent_source)
    return sums


def _add(volume: Volume, record: RequestRecord) -> None:
    if record.attempt == 0 and record.kind != RequestKind.SHADOW:
        volume.requests += 1
        volume.retries += record.kind == RequestKind.RETRY
        volume.side_requests += record.kind.startswith("side_")
    volume.tokens_in += _sane(record.tokens_in)
    volume.tokens_out += _sane(record.tokens_out)
    volume.cost_usd_micros += _sane(record.cost_usd_micros)


def _sane(count: int) -> int:
    """A figure that cannot bring a day's sum over its column, whatever a provider claims."""
    return min(max(count, 0), MAX_COUNT)


def _clean(text: str) -> str:
    return text.replace("\0", "\ufffd") if "\0" in text else text
