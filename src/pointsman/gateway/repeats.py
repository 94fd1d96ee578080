"""Notices requests that come again: retries of what did not end well, and clients caught in a loop.

Clients that got a truncated or empty answer may ask again at once, without end. Scripts that sample a
model, and load tests, send the same body again and again too, and must not be stopped. The rule:

* A *repeat* is a request that starts when no identical one of the same agent is running. Identical
  requests side by side are never repeats.
* A repeat is *suspect* if the answer before it was truncated, empty, failed or abandoned, or if it comes
  from an agent in the middle of its tool loop (`in_tool_loop`), whose history should have grown. A whole
  answer outside a tool loop clears the count.
* A *loop* is more than `max_quick` identical requests in `quick_s` that were each answered (with
  whatever), or more than `max_any` in `any_s` whatever became of them. The first one counts.
* While a loop is held back every identical request is refused. The wait is 1, 2, 4 .. `max_wait_s`
  seconds; after it requests pass again, and a new loop waits longer. One whole answer outside a tool loop,
  or `RETRY_WINDOW_S` of silence, forgives all.
"""

from collections import OrderedDict
from math import ceil, inf

from msgspec import Struct
from xxhash import xxh3_64_intdigest

from pointsman.core.chat import Outline
from pointsman.core.events import COMPLETED, FinishState

RETRY_WINDOW_S = 60.0
_ANSWERED = frozenset([COMPLETED, FinishState.TRUNCATED])


class Repeat(Struct, frozen=True, gc=False):
    """What is known of a request's body. `retry`: it repeats one that did not end well. `loop`: refuse
    it, to be asked again in `retry_after_s` whole seconds. `body_hash` identifies it to `finished`."""

    body_hash: int
    retry: bool = False
    loop: bool = False
    retry_after_s: int = 0


class _Seen(Struct, gc=False):
    """Memory of one body. `open_failures` counts bad ends that no retry has answered yet; `starts` are
    the times of the current run of repeats, and `answered` how many ended with an answer since the last
    that did not."""

    starts: list[float]
    touched_s: float
    running: int = 1
    open_failures: int = 0
    answered: int = 0
    suspect: bool = False
    loops: int = 0
    held_until_s: float = -inf


def in_tool_loop(outline: Outline) -> bool:
    """Whether an agent with tools is past its first answer, so that asking the same again is odd."""
    return bool(outline.tool_names) and outline.message_count > 2


class Repeats:
    """Remembers the last `capacity` bodies by agent and hash. Times are seconds of one monotonic clock."""

    __slots__ = ("_any_s", "_capacity", "_max_any", "_max_quick", "_max_wait_s", "_quick_s", "_seen")

    def __init__(
        self,
        *,
        capacity: int = 8192,
        max_quick: int = 3,
        quick_s: float = 2.0,
        max_any: int = 12,
        any_s: float = 20.0,
        max_wait_s: int = 30,
    ) -> None:
        if capacity < 1 or max_quick < 1 or max_any < max_quick:
            raise ValueError("repeats need capacity >= 1 and max_any >= max_quick >= 1")
        self._capacity = capacity
        self._max_quick = max_quick
        self._quick_s = quick_s
        self._max_any = max_any
        self._any_s = any_s
        self._max_wait_s = max_wait_s
        self._seen: OrderedDict[tuple[str, int], _Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def seen(
        self,
        agent: str,
        body: bytes,
        now_s: float,
        retry_count_header: bytes | None = None,
        *,
        tool_loop: bool = False,
    ) -> Repeat:
        """Takes note of a request that starts now. `retry_count_header` is the client's own count
        (`x-stainless-retry-count`), `tool_loop` the word of `in_tool_loop`. Unless it is a loop, report
        its end to `finished` once."""
        body_hash = xxh3_64_intdigest(body)
        told = retry_count_header is not None and retry_count_header not in (b"0", b"")
        key = (agent, body_hash)
        entry = self._seen.get(key)
        if entry is None:
            self._seen[key] = _Seen([now_s], now_s)
            if len(self._seen) > self._capacity:
                self._seen.popitem(last=False)
            return Repeat(body_hash, told)
        self._seen.move_to_end(key)
        return self._again(entry, body_hash, now_s, told, tool_loop)

    def finished(
        self, agent: str, body_hash: int, outcome: FinishState, now_s: float, *, empty: bool = False
    ) -> None:
        """Takes note of how a request ended for its client, after all attempts. `empty`: it was answered
        with neither text nor tool call."""
        entry = self._seen.get((agent, body_hash))
        if entry is None:
            return
        entry.touched_s = now_s
        entry.running = max(entry.running - 1, 0)
        entry.suspect = empty or outcome is not COMPLETED
        entry.answered = entry.answered + 1 if outcome in _ANSWERED else 0
        if outcome is not COMPLETED:
            entry.open_failures += 1
        elif entry.running == 0:
            entry.open_failures = 0

    def _again(self, entry: _Seen, body_hash: int, now_s: float, told: bool, tool_loop: bool) -> Repeat:
        if entry.running == 0 and now_s - entry.touched_s > RETRY_WINDOW_S:
            _forget(entry)
        retry = told or entry.open_failures > 0
        if now_s < entry.held_until_s:
            return Repeat(body_hash, retry, True, ceil(entry.held_until_s - now_s))
        if entry.running == 0 and not (entry.suspect or tool_loop):
            _forget(entry)
        if entry.running == 0 and self._is_loop(entry, now_s):
            return Repeat(body_hash, retry, True, self._hold(entry, now_s))
        if entry.running == 0:
            entry.starts.append(now_s)
        entry.open_failures = max(entry.open_failures - 1, 0)
        entry.running += 1
        entry.touched_s = now_s
        return Repeat(body_hash, retry)

    def _is_loop(self, entry: _Seen, now_s: float) -> bool:
        starts = entry.starts
        del starts[: -self._max_any]
        if (
            entry.answered >= self._max_quick <= len(starts)
            and now_s - starts[-self._max_quick] <= self._quick_s
        ):
            return True
        return len(starts) >= self._max_any and now_s - starts[-self._max_any] <= self._any_s

    def _hold(self, entry: _Seen, now_s: float) -> int:
        wait_s = min(1 << entry.loops, self._max_wait_s)
        if wait_s < self._max_wait_s:
            entry.loops += 1
        entry.held_until_s = entry.touched_s = now_s + wait_s
        entry.starts.clear()
        entry.answered = 0
        return wait_s


def _forget(entry: _Seen) -> None:
    """Leaves nothing of the past but the place."""
    entry.open_failures = entry.loops = entry.answered = 0
    entry.suspect = False
    entry.held_until_s = -inf
    entry.starts.clear()
