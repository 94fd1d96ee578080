"""Structured output that breaks the schema asked for.

Weight 1. Seen at once, in our own answer. Caveat: only what is certain counts (no JSON, a missing field, a
wrong type); an answer cut short or a refusal is another signal's.
"""

from collections.abc import Iterable

import msgspec

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.schema_check import violation

WEIGHT = 1.0
KEPT_WEIGHT = 0.2
KEPT, NO_JSON = "schema_kept", "no_json"


def look(seen: Seen) -> Iterable[Sighting]:
    """The breach, or a small sign that the schema was kept."""
    answer = seen.answer
    if answer is None or not answer.whole or answer.calls or not answer.text:
        return
    wanted = answer.format_asked().format
    if wanted is None:
        return
    try:
        value = msgspec.json.decode(answer.text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        found: str | None = NO_JSON
    else:
        found = violation(value, wanted.schema) if wanted.type == "json_schema" else None
    if found is not None:
        yield Sighting(found, 0.0, WEIGHT, outcome=OutcomeWord.ERROR)
    elif wanted.type == "json_schema":
        yield Sighting(KEPT, 1.0, KEPT_WEIGHT)


SIGNAL = Signal(
    name="schema_violation",
    stage=Stage.ANSWER,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset(
        {
            KEPT,
            NO_JSON,
            "wrong_type",
            "missing_field",
            "unknown_field",
            "not_in_enum",
            "no_variant_fits",
            "too_few",
        }
    ),
    look=look,
    plain=True,
)
