"""A tool call that no client can carry out: arguments that are no JSON, an unknown tool, missing arguments.

Weight 1; arguments of a wrong type 0.6, since some clients put up with them. Seen at once, in our own
answer. Caveat: tools which the provider runs itself and tools with free text are not looked at.
"""

from collections.abc import Iterable

import msgspec

from pointsman.core.chat import ToolCall
from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.answers import Answer
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.schema_check import violation

WEIGHT = 1.0
MISFIT_WEIGHT = 0.6
UNPARSABLE, UNKNOWN, MISSING, MISFIT = "unparsable", "unknown_tool", "missing_argument", "misfit"


def look(seen: Seen) -> Iterable[Sighting]:
    """The faulty calls."""
    answer = seen.answer
    if answer is None or not answer.calls or not answer.whole or not answer.tool_names:
        return
    for call in answer.calls:
        fault = _fault(call, answer)
        if fault is not None:
            weight = MISFIT_WEIGHT if fault == MISFIT else WEIGHT
            yield Sighting(fault, 0.0, weight, key=call.id, outcome=OutcomeWord.ERROR)


def _fault(call: ToolCall, answer: Answer) -> str | None:
    if call.name not in answer.tool_names:
        return UNKNOWN
    tool = answer.asked().tools.get(call.name)
    if tool is None or tool.custom or call.custom:
        return None
    try:
        arguments = msgspec.json.decode(call.arguments or "{}")
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return UNPARSABLE
    if not isinstance(arguments, dict):
        return UNPARSABLE
    breach = violation(arguments, tool.parameters)
    return None if breach is None else MISSING if breach == "missing_field" else MISFIT


SIGNAL = Signal(
    name="bad_tool_call",
    stage=Stage.ANSWER,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({UNPARSABLE, UNKNOWN, MISSING, MISFIT}),
    look=look,
)
