"""The keys that open the gateway, in memory."""

import hashlib
from collections.abc import Iterable

from msgspec.structs import replace

from pointsman.core.keys import ApiKey


class KeyRing:
    """Active keys by digest. Revoked keys are not kept, so they are as unknown as made-up ones.

    >>> from pointsman.core.keys import digest_of
    >>> ring = KeyRing([ApiKey(id="k1", name="ci", digest=digest_of("pm-secret"), hint="cret")])
    >>> ring.lookup(b"pm-secret").id, ring.lookup(b"pm-other")
    ('k1', None)
    """

    __slots__ = ("_by_digest",)

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._by_digest: dict[str, ApiKey] = {}
        self.replace(keys)

    def __len__(self) -> int:
        return len(self._by_digest)

    def lookup(self, secret: bytes) -> ApiKey | None:
        """The key with this secret. One SHA-256 and one look-up, known or not, so that the time it takes
        tells nothing about the secrets held. An empty ring does not look."""
        if not self._by_digest:
            return None
        return self._by_digest.get(hashlib.sha256(secret).hexdigest())

    def replace(self, keys: Iterable[ApiKey]) -> None:
        """Holds exactly the active ones of `keys` from now on. Agent ids are brought to lower case, the
        form in which callers' ids are compared."""
        self._by_digest = {key.digest: _lowered(key) for key in keys if key.revoked_s is None}


def _lowered(key: ApiKey) -> ApiKey:
    agent = key.agent.lower() if key.agent else None
    return replace(key, agent=agent, allowed_agents=tuple([name.lower() for name in key.allowed_agents]))
