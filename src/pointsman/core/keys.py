"""API keys as the gateway knows them: by hash only."""

import hashlib
import secrets

from msgspec import Struct

KEY_PREFIX = "pm-"


class ApiKey(Struct, frozen=True, kw_only=True):
    """One key. `digest` is the SHA-256 of the secret in hex, `hint` its last four characters for people.

    `agent` fixes the caller's identity; empty means that the key may speak for `allowed_agents` (empty:
    any). `allowed_models` (empty: any) and `daily_budget_usd_micros` (None: no limit) bound its use.
    Times are seconds since the epoch.
    """

    id: str
    name: str
    digest: str
    hint: str
    agent: str | None = None
    allowed_agents: tuple[str, ...] = ()
    allowed_models: tuple[str, ...] = ()
    daily_budget_usd_micros: int | None = None
    created_s: int = 0
    revoked_s: int | None = None


def new_secret() -> str:
    """A fresh secret with 256 bits of entropy; shown once and never stored."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """The form in which a secret is kept. A plain hash is enough for secrets of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
