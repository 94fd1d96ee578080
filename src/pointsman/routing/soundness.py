"""Leaves out of a policy what cannot be true of what was learned, so that it never costs a request."""

from msgspec.structs import replace

from pointsman.core.snapshot import PolicySnapshot
from pointsman.routing.evidence import checked


def sound(snapshot: PolicySnapshot) -> tuple[PolicySnapshot, tuple[str, ...]]:
    """The policy without evidence that cannot be true, and the names of what was left out: models and agents
    fall back to their prior; all evidence goes (`*`) when its shared level is bad."""
    if snapshot.evidence is None:
        return snapshot, ()
    try:
        evidence, dropped = checked(snapshot.evidence)
    except ValueError:
        return replace(snapshot, evidence=None), ("*",)
    return (replace(snapshot, evidence=evidence), dropped) if dropped else (snapshot, ())
