"""Which targets are worth asking: one circuit breaker per target.

A circuit is *closed* (asked freely), *open* (not asked) or *half open* (one request at a time may try).
`failures_to_open` availability failures in a row open it for a cool-down that doubles with each failed
try, with jitter, from `base_cooldown_s` to `max_cooldown_s`. A provider's own `retry-after` with a 429 or
503 opens it at once for that long. A client's own mistakes (`UpstreamRejected`) never count.

All times are seconds of one monotonic clock, handed in by the caller.
"""

import random
from collections.abc import Callable, Collection
from math import ceil, inf
from typing import Literal

from msgspec import Struct

from pointsman.core.errors import (
    PointsmanError,
    UpstreamFault,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
)

CircuitState = Literal["closed", "open", "half_open"]
JITTER = 0.25
"""A cool-down is longer than its nominal value by up to this share, never over the maximum."""
LATENCY_WEIGHT = 0.1
"""Weight of a new latency in the moving average."""
PROBE_LEASE_S = 120.0
"""After this long a try that was never reported counts as lost, and another may be made."""
MAX_RETRY_AFTER_S = 3600.0


class TargetHealth(Struct, frozen=True, kw_only=True):
    """One target's state for people. `open_for_s` is the rest of its cool-down; `latency_ms` a moving
    average of successes; counts are since the start."""

    target: str
    state: CircuitState
    failures_in_row: int
    open_for_s: float
    successes: int
    failures: int
    latency_ms: float | None
    last_error: str | None


class _Circuit(Struct, gc=False):
    """`open_until_s` is None while closed; `half_open` is set once that time was seen to have passed;
    `probe_until_s` is the end of a running try's lease."""

    failures_in_row: int = 0
    open_until_s: float | None = None
    half_open: bool = False
    trips: int = 0
    probe_until_s: float = -inf
    successes: int = 0
    failures: int = 0
    latency_ms: float | None = None
    last_error: str | None = None


class Health:
    """Circuits of all targets seen so far. `jitter` gives numbers from 0 to 1."""

    __slots__ = (
        "_base_s",
        "_circuits",
        "_failures_to_open",
        "_jitter",
        "_max_s",
        "_next_change_s",
        "_unhealthy",
    )

    def __init__(
        self,
        *,
        failures_to_open: int = 3,
        base_cooldown_s: float = 1.0,
        max_cooldown_s: float = 60.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if failures_to_open < 1 or not 0 < base_cooldown_s <= max_cooldown_s:
            raise ValueError("health needs failures_to_open >= 1 and 0 < base_cooldown_s <= max_cooldown_s")
        self._failures_to_open = failures_to_open
        self._base_s = base_cooldown_s
        self._max_s = max_cooldown_s
        self._jitter = jitter
        self._circuits: dict[str, _Circuit] = {}
        self._unhealthy: tuple[str, ...] = ()
        self._next_change_s = inf

    def unhealthy(self, now_s: float) -> tuple[str, ...]:
        """Sorted ids of the targets that must not be asked now. The same object while nothing changes."""
        if now_s >= self._next_change_s:
            self._refresh(now_s)
        return self._unhealthy

    def admit(self, target: str, now_s: float) -> bool:
        """Whether `target` may be asked now; call it right before asking. In a half-open circuit the first
        caller gets the only try, and owes a `succeeded`, `failed` or `released`."""
        circuit = self._circuits.get(target)
        if circuit is None or circuit.open_until_s is None:
            return True
        if now_s < circuit.open_until_s or now_s < circuit.probe_until_s:
            return False
        circuit.half_open = True
        circuit.probe_until_s = now_s + PROBE_LEASE_S
        self._next_change_s = -inf
        return True

    def succeeded(self, target: str, latency_ms: float) -> None:
        """`target` answered. Closes a half-open circuit; an answer that comes while the circuit is open, to
        a request from before, leaves it open."""
        circuit = self._circuit(target)
        circuit.successes += 1
        circuit.failures_in_row = 0
        old_ms = circuit.latency_ms
        circuit.latency_ms = latency_ms if old_ms is None else old_ms + LATENCY_WEIGHT * (latency_ms - old_ms)
        if circuit.half_open:
            circuit.open_until_s = None
            circuit.half_open = False
            circuit.trips = 0
            circuit.probe_until_s = -inf
            self._next_change_s = -inf

    def failed(self, target: str, error: PointsmanError, now_s: float) -> None:
        """`target` did not answer as it should. Errors that say nothing about its availability only end a
        running try."""
        if not isinstance(error, UpstreamFault) or isinstance(error, UpstreamRejected):
            self.released(target)
            return
        circuit = self._circuit(target)
        circuit.failures += 1
        circuit.failures_in_row += 1
        circuit.last_error = f"{error.code or error.kind}: {error.message}"[:300]
        asked_s = _asked_wait_s(error)
        until_s = circuit.open_until_s
        tried = until_s is not None and now_s >= until_s
        if until_s is not None and not tried:
            if asked_s:
                self._open(circuit, max(until_s, now_s + asked_s))
        elif asked_s:
            circuit.trips += 1
            self._open(circuit, now_s + asked_s)
        elif tried or circuit.failures_in_row >= self._failures_to_open:
            circuit.trips += 1
            self._open(circuit, now_s + self._cooldown_s(circuit.trips))

    def released(self, target: str) -> None:
        """A request to `target` ended without telling anything about it (the client went away)."""
        circuit = self._circuits.get(target)
        if circuit is not None and circuit.probe_until_s != -inf:
            circuit.probe_until_s = -inf
            self._next_change_s = -inf

    def retry_after_s(self, now_s: float) -> int:
        """Whole seconds until the first open circuit may be tried, at least 1: what to tell a client when
        no target is left."""
        waits = [c.open_until_s - now_s for c in self._circuits.values() if c.open_until_s is not None]
        return max(1, ceil(min(waits, default=1.0)))

    def keep(self, targets: Collection[str]) -> None:
        """Forgets every target that is not among `targets` (after a reload)."""
        self._circuits = {name: circuit for name, circuit in self._circuits.items() if name in targets}
        self._next_change_s = -inf

    def snapshot(self, now_s: float) -> list[TargetHealth]:
        """Every target seen so far, by id."""
        return [_shown(name, circuit, now_s) for name, circuit in sorted(self._circuits.items())]

    def _circuit(self, target: str) -> _Circuit:
        circuit = self._circuits.get(target)
        if circuit is None:
            circuit = self._circuits[target] = _Circuit()
        return circuit

    def _open(self, circuit: _Circuit, until_s: float) -> None:
        circuit.open_until_s = until_s
        circuit.half_open = False
        circuit.probe_until_s = -inf
        self._next_change_s = -inf

    def _cooldown_s(self, trips: int) -> float:
        nominal_s = self._base_s * 2.0 ** min(trips - 1, 32)
        return min(nominal_s * (1 + JITTER * self._jitter()), self._max_s)

    def _refresh(self, now_s: float) -> None:
        out: list[str] = []
        next_s = inf
        for name, circuit in self._circuits.items():
            if circuit.open_until_s is None:
                continue
            circuit.half_open = now_s >= circuit.open_until_s
            blocked_until_s = max(circuit.open_until_s, circuit.probe_until_s)
            if now_s < blocked_until_s:
                out.append(name)
                next_s = min(next_s, blocked_until_s)
        fresh = tuple(sorted(out))
        if fresh != self._unhealthy:
            self._unhealthy = fresh
        self._next_change_s = next_s


def _asked_wait_s(error: UpstreamFault) -> float:
    """How long the provider asked to be left alone; 0 if it did not."""
    if isinstance(error, UpstreamLimited | UpstreamOverloaded) and error.retry_after_s:
        return min(float(error.retry_after_s), MAX_RETRY_AFTER_S)
    return 0.0


def _shown(target: str, circuit: _Circuit, now_s: float) -> TargetHealth:
    until_s = circuit.open_until_s
    state: CircuitState = "closed"
    if until_s is not None:
        state = "open" if now_s < until_s else "half_open"
    return TargetHealth(
        target=target,
        state=state,
        failures_in_row=circuit.failures_in_row,
        open_for_s=max(until_s - now_s, 0.0) if until_s is not None else 0.0,
        successes=circuit.successes,
        failures=circuit.failures,
        latency_ms=circuit.latency_ms,
        last_error=circuit.last_error,
    )
