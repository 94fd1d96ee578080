"""The gates, in the order in which they are asked; the first that leaves nobody names the error."""

from typing import Final

from pointsman.routing.gates.allow_list import AllowList
from pointsman.routing.gates.base import Gate
from pointsman.routing.gates.budget import Budget
from pointsman.routing.gates.capability import Capability
from pointsman.routing.gates.context_window import ContextWindow
from pointsman.routing.gates.health import Healthy
from pointsman.routing.gates.tier import TierGate

GATES: Final[tuple[Gate, ...]] = (
    AllowList(),
    TierGate(),
    Capability(),
    ContextWindow(),
    Budget(),
    Healthy(),
)

PLANNED: Final = tuple(gate for gate in GATES if not gate.per_request)
"""Asked once for a plan."""
PER_REQUEST: Final = tuple(gate for gate in GATES if gate.per_request)
"""Asked for every request."""
