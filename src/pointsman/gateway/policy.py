"""Holds the running snapshot. Swapping it is one assignment; whoever reads it mid-way keeps the old one."""

from pointsman.core.snapshot import PolicySnapshot
from pointsman.routing.engine import Router


class Policy:
    """The current snapshot and the router prepared for it."""

    __slots__ = ("current", "router")

    def __init__(self, snapshot: PolicySnapshot) -> None:
        self.current = snapshot
        self.router = Router(snapshot)

    def swap(self, snapshot: PolicySnapshot) -> None:
        """From now on decisions are made from `snapshot`."""
        router = Router(snapshot)
        self.current, self.router = snapshot, router
