"""Other names for agents that do not want theirs in the log: the same one each time, and only the holder
of the secret can tell whose it is."""

import hashlib
import hmac
from functools import lru_cache

PREFIX = "anon-"
LENGTH = 16


class Mask:
    """Hides ids under a keyed hash (HMAC-SHA-256).

    >>> mask = Mask(b"secret")
    >>> mask("alice") == mask("alice") != mask("bob"), len(mask("alice"))
    (True, 21)
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.sha256(secret).digest()
        self._hide = lru_cache(maxsize=4096)(self._digest)

    def __call__(self, agent_id: str) -> str:
        """The name under which `agent_id` is logged."""
        return self._hide(agent_id)

    def _digest(self, agent_id: str) -> str:
        return PREFIX + hmac.new(self._secret, agent_id.encode(), hashlib.sha256).hexdigest()[:LENGTH]
