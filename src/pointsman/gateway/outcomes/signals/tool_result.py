"""What the tools said of the calls we issued: done, failed, could not be understood.

Weight: 0.1 done; 0.15 a command failed or a tool erred (normal while exploring); 0.5 an edit did not apply,
or the same error came again; 0.7 invalid arguments; 0.8 an unknown tool. Seen with the next request, after
the tool's own time. Runs of tests are `tests_turned`'s: whoever calls for one has done right; a search that
finds nothing says nothing. Caveat:
clients that hide exit codes show failures as done; a broken environment is blamed on the model.
"""

from collections.abc import Iterable, Mapping

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes import tool_outputs as codes
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.memory import count, text_hash
from pointsman.gateway.outcomes.uses import Use

WEIGHTS: Mapping[str, float] = {
    codes.OK: 0.1,
    codes.COMMAND_FAILED: 0.15,
    codes.TOOL_ERROR: 0.15,
    codes.EDIT_FAILED: 0.5,
    codes.INVALID_ARGUMENTS: 0.7,
    codes.UNKNOWN_TOOL: 0.8,
}
AGAIN_WEIGHT = 0.5
AGAIN = "same_error_again"
ERROR_CHARS = 400


def look(seen: Seen) -> Iterable[Sighting]:
    """One sign a result; results of calls that are not ours are left out, those of rejections too."""
    tail, step = seen.tail, seen.step
    if tail is None:
        return
    errors = step.thread.errors
    for result in tail.results:
        issued = step.calls.get(result.call_id)
        code = codes.code_of(result)
        if code == codes.REJECTED or issued is None:
            continue
        looked = issued.use is Use.LOOK
        if (looked and codes.found_nothing(result)) or (not looked and result.run is not None):
            continue
        weight = WEIGHTS[code]
        if code == codes.OK:
            yield Sighting(code, 1.0, weight, key=result.call_id)
            continue
        if count(errors, text_hash(code + codes.without_head(result.text)[:ERROR_CHARS])) > 1:
            code, weight = AGAIN, max(weight, AGAIN_WEIGHT)
        yield Sighting(code, 0.0, weight, key=result.call_id, outcome=OutcomeWord.ERROR)
    words = tail.words
    if words.edit_failed:
        yield Sighting(
            codes.EDIT_FAILED, 0.0, WEIGHTS[codes.EDIT_FAILED], key="words", outcome=OutcomeWord.ERROR
        )
    elif words.lint_failed:
        weight = WEIGHTS[codes.COMMAND_FAILED]
        yield Sighting(codes.COMMAND_FAILED, 0.0, weight, key="words", outcome=OutcomeWord.ERROR)


SIGNAL = Signal(
    name="tool_result",
    stage=Stage.NEXT,
    source=OutcomeSource.OBSERVED,
    weight=max(WEIGHTS.values()),
    details=(codes.CODES - {codes.REJECTED}) | {AGAIN},
    look=look,
)
