"""Why a target was chosen: a machine word, and one line for people."""

from collections.abc import Sequence
from typing import Final

from pointsman.routing.plan import Plan
from pointsman.routing.rating import Candidate

REQUESTED: Final = "requested"
BEST_SCORE: Final = "best_score"
CHEAPEST_RELIABLE: Final = "cheapest_reliable"
EXPLORED: Final = "explored"
GATE_UNMET: Final = "gate_unmet"
DEGRADED: Final = "degraded"
REQUESTED_UNHEALTHY: Final = "requested_unhealthy"
SHADOW: Final = "shadow"
TURN_KEPT: Final = "turn_kept"
ESCALATED: Final = "escalated"
BY_TURN: Final = frozenset([TURN_KEPT, ESCALATED])

REASON_CODES: Final[dict[str, str]] = {
    REQUESTED: "the client asked for this model by name",
    BEST_SCORE: "the best score among those whose confidence meets the agent's gate",
    CHEAPEST_RELIABLE: "the cheapest among those whose confidence meets the agent's gate",
    EXPLORED: "in the agent's exploration share: the cheapest that may meet the gate, as far as is known",
    GATE_UNMET: "no candidate's confidence meets the agent's gate; this one has the highest score",
    DEGRADED: "every candidate is unhealthy, and trying beats refusing",
    SHADOW: "the gateway asked this cheaper model by itself, to compare its answer with the client's",
    TURN_KEPT: "the turn goes on with the model that it is with",
    ESCALATED: "the work stalled or was sent back; the best of those that fail clearly less takes over",
    REQUESTED_UNHEALTHY: "the model asked for is unhealthy, and the profile names this provider instead",
}
MAX_REASON_CHARACTERS: Final = 200


def code_of(objective: str) -> str:
    """The reason to choose the best-ranked candidate when its confidence meets the gate."""
    return CHEAPEST_RELIABLE if objective in ("reliable", "similar") else BEST_SCORE


def reason_line(code: str, plan: Plan, chosen: Candidate, chain: Sequence[Candidate]) -> str:
    """One line of at most 200 printable ASCII characters, safe for an HTTP header."""
    name = chosen.target.id
    if code == REQUESTED:
        line = f"requested {plan.asked.requested}"
    elif code == REQUESTED_UNHEALTHY:
        line = f"requested {plan.asked.requested} is unhealthy; {name} {chosen.score.value:.1f} instead"
    elif code == GATE_UNMET:
        line = f"gate {plan.profile.gate:.2f} unmet; {_sum_of(plan.objective, chosen)}"
    elif code == EXPLORED:
        line = f"tried, may meet gate {plan.profile.gate:.2f}; {_belief_of(chosen)}"
    elif code == TURN_KEPT:
        line = f"turn goes on with {name}"
    elif code == ESCALATED:
        line = f"stalled or corrected, {name} takes over; {_confidence_of(chosen)}"
    elif code == DEGRADED:
        line = f"all unhealthy, trying {name}; {_sum_of(plan.objective, chosen)}"
    elif code == CHEAPEST_RELIABLE:
        line = f"cheapest above gate {plan.profile.gate:.2f}; {_confidence_of(chosen)}"
    else:
        line = _sum_of(plan.objective, chosen)
    if chain:
        line += f"; next {chain[0].target.id} {chain[0].score.value:.1f}"
    return header_safe(line)


def header_safe(line: str) -> str:
    """The line with anything but printable ASCII replaced, cut to 200 characters.

    >>> header_safe("model \\u00e9\\r\\nset-cookie: x")
    'model ???set-cookie: x'
    """
    if not (line.isascii() and line.isprintable()):
        line = "".join([c if c.isascii() and c.isprintable() else "?" for c in line])
    return line if len(line) <= MAX_REASON_CHARACTERS else line[: MAX_REASON_CHARACTERS - 3] + "..."


def _confidence_of(chosen: Candidate) -> str:
    """The confidence as the sum it is, and how sure it is."""
    if chosen.score.confidence is not None:
        return f"confidence {chosen.confidence:.2f} by similar tasks"
    return _belief_of(chosen)


def _belief_of(chosen: Candidate) -> str:
    belief = chosen.belief
    first, *rest = belief.terms
    words = [f"confidence {belief.confidence:.2f} = {first.value:.2f} {first.name}"]
    words += [f"{'-' if term.value < 0 else '+'} {abs(term.value):.2f} {term.name}" for term in rest]
    return f"{' '.join(words)}, give or take {belief.deviation:.2f}"


def _sum_of(objective: str, chosen: Candidate) -> str:
    first, *rest = chosen.score.terms
    words = [f"{objective} {chosen.score.value:.2f} = {first.value:.2f} {first.name}"]
    words += [f"{'-' if term.value < 0 else '+'} {abs(term.value):.2f} {term.name}" for term in rest]
    return " ".join(words)
