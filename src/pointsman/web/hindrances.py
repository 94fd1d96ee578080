"""What keeps the gateway from learning of an agent: what its operator should know, and can change."""

from typing import Final

from msgspec import Struct

from pointsman.core.calibration import CALIBRATION_AGENT
from pointsman.core.snapshot import AgentProfile

NO_DATABASE: Final = "The database is away. Until it is back, what happens waits in the journal."
TURNED_OFF: Final = "Learning is turned off in this gateway: `enabled = false` under [learning]."
NOT_LOGGED: Final = "Its requests are not logged: `log_requests = false` in its profile."
ANONYMOUS: Final = (
    "Its outcomes are kept under a hash of its name (`anonymous = true` in its profile): they teach what all "
    "agents share, and give it no confidence of its own."
)
NOTHING_YET: Final = (
    "Decisions go by the models' capability until enough outcomes of all agents are counted "
    "(`least_outcomes` under [learning]). `pointsman learn --phase confidence` counts them now."
)
NOTHING_SEEN: Final = (
    "Nothing was seen or reported of how its work went. `pointsman log` shows what it asks for; let it send "
    "feedback (docs/howto/feedback.md)."
)


class Learner(Struct, frozen=True, kw_only=True):
    """How learning is: whether this gateway has it, whether the running policy holds evidence, and which
    policy somebody went back to."""

    enabled: bool
    has_evidence: bool
    pinned_version: int | None


def hindrances_of(profile: AgentProfile, requests: int, outcomes: float, learner: Learner) -> list[str]:
    """Why nothing, or less than could be, is learned of an agent that made so many `requests`; `outcomes` is
    how much evidence of its own there is (1 is one sure outcome). Empty: it is learned from.

    >>> learner = Learner(enabled=True, has_evidence=True, pinned_version=None)
    >>> hindrances_of(AgentProfile(id="bot"), 200, 31.5, learner)
    []
    >>> hindrances_of(AgentProfile(id="bot", log_requests=False), 200, 0.0, learner) == [NOT_LOGGED]
    True
    """
    found = list(_of_learner(learner))
    if not profile.log_requests:
        return [*found, NOT_LOGGED]
    if profile.anonymous:
        return [*found, ANONYMOUS]
    tells_all = profile.id == CALIBRATION_AGENT  # what it finds out is everybody's
    if requests and not outcomes and learner.has_evidence and not tells_all:
        found.append(NOTHING_SEEN)
    return found


def _of_learner(learner: Learner) -> list[str]:
    found = []
    if not learner.enabled:
        found.append(TURNED_OFF)
    if learner.pinned_version is not None:
        found.append(
            f"Policy {learner.pinned_version} is pinned; `pointsman policy release` lets learning publish."
        )
    if not found and not learner.has_evidence:
        found.append(NOTHING_YET)
    return found
