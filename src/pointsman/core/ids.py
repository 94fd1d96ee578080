"""Identifiers: time-ordered, made where the thing is made, never by the database."""

import os
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]

_SHIFTS = range(100, -1, -10)


class IdFactory:
    """Makes ids like `req_01jd…`: 48 bits of milliseconds, 32 bits of process entropy, 30 of counter.

    Ids of one factory sort by creation time; two factories do not collide (32 random bits each).
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._lock = threading.Lock()
        self._counter = int.from_bytes(os.urandom(4), "big") & 0x3FFFFFFF
        self._node = int.from_bytes(os.urandom(4), "big")

    def __call__(self) -> str:
        """A new id: the prefix and 22 characters."""
        self._counter = counter = (self._counter + 1) & 0x3FFFFFFF
        value = ((time.time_ns() // 1_000_000) << 62) | (self._node << 30) | counter
        return self._prefix + "".join([_PAIRS[(value >> shift) & 0x3FF] for shift in _SHIFTS])


new_request_id = IdFactory("req_")
