"""Tests or builds that turn green or red from one run to the next: the strongest sign there is without a
human.

Weight 1 for red to green, 0.8 for green to red, 0.7 for a run that stays red and 0.4 for one that stays
green after some work, 0.2 without any; 0.3 for a first green run, or for a red one that the client itself
made after our edit; 0.1 for another first red one. Shared out among the steps of the turn since the run
before that did anything else than to call for the run, since what it shows is their work. Runs are compared
by the very same command, else by their family of tools at 0.6 of the weight. Seen with the next request.
What a call only looked at (a file, a log, a search) is no run. Caveat: a tool's output can be made up by what
it prints, so this may steer routing, but never rights or budgets.
"""

from collections.abc import Iterable
from typing import NamedTuple

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.memory import Step, text_hash
from pointsman.gateway.outcomes.runs import Run, run_in
from pointsman.gateway.outcomes.tails import Tail
from pointsman.gateway.outcomes.uses import Use

WEIGHT = 1.0
REGRESSION_WEIGHT = 0.8
FIRST_GREEN_WEIGHT = 0.3
FIRST_RED_WEIGHT = 0.1
CLIENTS_RED_WEIGHT = 0.3
"""Clients that run the tests by themselves do so after an edit, and tell of failures only."""
STAYS_WEIGHTS = {True: 0.4, False: 0.7}
"""By whether the run is green, when something was done since the one before. What fails to turn green has to
count about as much as what does, or a model that gets there at last would look good."""
NOTHING_DONE_WEIGHT = 0.2
BY_FAMILY = 0.6
MAX_CREDITED = 8
RED_TO_GREEN, GREEN_TO_RED = "red_to_green", "green_to_red"
FIRST_GREEN, FIRST_RED, STAYS_GREEN, STAYS_RED = "first_green", "first_red", "stays_green", "stays_red"


class _Reported(NamedTuple):
    run: Run
    command: int
    key: str
    by_client: bool = False


def look(seen: Seen) -> Iterable[Sighting]:
    """One sign a run, or one for each step that is to be credited with a change."""
    if seen.tail is not None:
        for reported in _runs(seen.tail, seen.step):
            yield from _compared(reported, seen.step)


def _runs(tail: Tail, step: Step) -> Iterable[_Reported]:
    for result in tail.results:
        issued = step.calls.get(result.call_id)
        if issued is not None and result.run is not None and issued.use is not Use.LOOK:
            step.checks.add(result.call_id)
            yield _Reported(result.run, issued.key, result.call_id)
    words = tail.words
    if words.output:
        run = run_in(words.output)
        if run is not None:
            command = text_hash(words.command)
            yield _Reported(run, command, f"{command:x}", by_client=True)


def _compared(reported: _Reported, step: Step) -> Iterable[Sighting]:
    thread, green = step.thread, reported.run.green
    family = text_hash("family " + reported.run.family)
    share = 1.0
    before = thread.runs.get(reported.command)
    if before is None:
        before, share = thread.runs.get(family), BY_FAMILY
    thread.runs[reported.command] = thread.runs[family] = (green, thread.taken)
    label = 1.0 if green else 0.0
    outcome = OutcomeWord.SUCCESS if green else None
    number = before[1] if before is not None else 0
    credited = thread.doers(number)[-MAX_CREDITED:] or [step]
    if before is None:
        red_weight = CLIENTS_RED_WEIGHT if reported.by_client else FIRST_RED_WEIGHT
        weight, detail = (FIRST_GREEN_WEIGHT, FIRST_GREEN) if green else (red_weight, FIRST_RED)
        share = 1.0
    elif before[0] == green:
        worked = len(thread.since(number)) > 1
        weight = STAYS_WEIGHTS[green] if worked else NOTHING_DONE_WEIGHT
        detail = STAYS_GREEN if green else STAYS_RED
    else:
        weight, detail = (WEIGHT, RED_TO_GREEN) if green else (REGRESSION_WEIGHT, GREEN_TO_RED)
    for one in credited:
        yield Sighting(detail, label, weight * share / len(credited), reported.key, one, outcome)


SIGNAL = Signal(
    name="tests_turned",
    stage=Stage.NEXT,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({RED_TO_GREEN, GREEN_TO_RED, FIRST_GREEN, FIRST_RED, STAYS_GREEN, STAYS_RED}),
    look=look,
)
