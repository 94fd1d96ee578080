"""Identifiers: time-ordered, made where the thing is made, never by the database."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]

_HEAD_SHIFTS = range(70, -1, -10)


class IdFactory:
    """Makes ids like `req_01jd…`: 48 bits of milliseconds, 32 bits of process entropy, 30 of counter.

    Ids of one factory sort by creation time; two factories do not collide (32 random bits each).
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._head = (-1, "")
        self._counter = int.from_bytes(os.urandom(4), "big") & 0x3FFFFFFF
        self._node = int.from_bytes(os.urandom(4), "big")

    def __call__(self) -> str:
        """A new id: the prefix and 22 characters."""
        self._counter = counter = (self._counter + 1) & 0x3FFFFFFF
        now_ms = time.time_ns() // 1_000_000
        at_ms, head = self._head
        if at_ms != now_ms:
            head = self._head_at(now_ms)
            self._head = (now_ms, head)
        return f"{head}{_PAIRS[counter >> 20]}{_PAIRS[counter >> 10 & 0x3FF]}{_PAIRS[counter & 0x3FF]}"

    def _head_at(self, now_ms: int) -> str:
        """All but the counter, which is the same for a whole millisecond."""
        value = (now_ms << 32) | self._node
        return self._prefix + "".join([_PAIRS[(value >> shift) & 0x3FF] for shift in _HEAD_SHIFTS])


new_request_id = IdFactory("req_")
