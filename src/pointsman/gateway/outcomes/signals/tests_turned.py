"""Tests or builds that turn green or red from one run to the next: the strongest sign there is without a
human.

Weight 1 for red to green, 0.8 for green to red, 0.7 for a run that stays red (0.3, and good, if less fails
than before) and 0.4 for one that stays green, all after some work; without any a second run says nothing. 0.3
for a first green run, or for a red one that the client itself made after our edit; 0.1 for another first red
one. Shared out among the steps since the run
before that did anything else than to call for the run, since what it shows is their work. Runs are compared
by the very same command, else by their family of tools at 0.6 of the weight. Seen with the next request.
What a call only looked at (a file, a log, a search) is no run. Caveat: a tool's output can be made up by what
it prints, so this may steer routing, but never rights or budgets.
"""

from collections.abc import Iterable
from typing import NamedTuple

from pointsman.core.outcomes import OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.memory import LastRun, Step, text_hash
from pointsman.gateway.outcomes.runs import Run, run_in
from pointsman.gateway.outcomes.tails import Tail
from pointsman.gateway.outcomes.uses import Use, only_looks

WEIGHT = 1.0
REGRESSION_WEIGHT = 0.8
FIRST_GREEN_WEIGHT = 0.3
FIRST_RED_WEIGHT = 0.1
CLIENTS_RED_WEIGHT = 0.3
"""Clients that run the tests by themselves do so after an edit, and tell of failures only."""
STAYS_GREEN_WEIGHT = 0.4
STAYS_RED_WEIGHT = 0.7
"""What fails to turn green has to count about as much as what does, or a model that gets there at last would
look good."""
FEWER_RED_WEIGHT = 0.3
BY_FAMILY = 0.6
MAX_CREDITED = 8
RED_TO_GREEN, GREEN_TO_RED = "red_to_green", "green_to_red"
FIRST_GREEN, FIRST_RED, STAYS_GREEN, STAYS_RED = "first_green", "first_red", "stays_green", "stays_red"
FEWER_RED = "fewer_red"


class _Reported(NamedTuple):
    run: Run
    command: int
    key: str
    by_client: bool = False


def look(seen: Seen) -> Iterable[Sighting]:
    """One sign a run, or one for each step that is to be credited with a change."""
    if seen.tail is not None:
        for reported in list(_runs(seen.tail, seen.step)):
            yield from _compared(reported, seen.step)


def _runs(tail: Tail, step: Step) -> Iterable[_Reported]:
    for result in tail.results:
        issued = step.calls.get(result.call_id)
        if issued is not None and result.run is not None and issued.use is not Use.LOOK:
            step.checks.add(result.call_id)
            yield _Reported(result.run, issued.key, result.call_id)
    words = tail.words
    if words.output and not only_looks(words.command):
        run = run_in(words.output)
        if run is not None:
            command = text_hash(words.command)
            yield _Reported(run, command, f"{command:x}", by_client=True)


def _compared(reported: _Reported, step: Step) -> Iterable[Sighting]:
    thread, run = step.thread, reported.run
    family = text_hash("family " + run.family)
    same = thread.runs.get(reported.command)
    before = same or thread.runs.get(family)
    worked = before is not None and (reported.by_client or thread.worked_since(before.number))
    thread.runs[reported.command] = thread.runs[family] = LastRun(run.green, thread.taken, run.failed)
    if before is None or (same is None and not worked):
        number, share = 0, 1.0
        found: tuple[str, float] | None = _first(reported)
    else:
        number, share = before.number, BY_FAMILY if same is None else 1.0
        found = _turned(run, before, same_command=same is not None) if worked else None
    if found is None:
        return
    detail, weight = found[0], found[1] * share
    label = 1.0 if run.green or detail == FEWER_RED else 0.0
    outcome = OutcomeWord.SUCCESS if run.green else None
    credited = thread.doers(number)[-MAX_CREDITED:] or [step]
    for one in credited:
        yield Sighting(detail, label, weight / len(credited), reported.key, one, outcome, weight)


def _first(reported: _Reported) -> tuple[str, float]:
    if reported.run.green:
        return FIRST_GREEN, FIRST_GREEN_WEIGHT
    return FIRST_RED, CLIENTS_RED_WEIGHT if reported.by_client else FIRST_RED_WEIGHT


def _turned(run: Run, before: LastRun, *, same_command: bool) -> tuple[str, float] | None:
    """What a run says beside the one before it, after some work; of two commands no numbers are compared."""
    if run.green:
        return (STAYS_GREEN, STAYS_GREEN_WEIGHT) if before.green else (RED_TO_GREEN, WEIGHT)
    if before.green:
        return GREEN_TO_RED, REGRESSION_WEIGHT
    if run.failed is None or before.failed is None or run.failed >= before.failed:
        return STAYS_RED, STAYS_RED_WEIGHT
    return (FEWER_RED, FEWER_RED_WEIGHT) if same_command else None


SIGNAL = Signal(
    name="tests_turned",
    stage=Stage.NEXT,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset(
        {RED_TO_GREEN, GREEN_TO_RED, FIRST_GREEN, FIRST_RED, STAYS_GREEN, STAYS_RED, FEWER_RED}
    ),
    look=look,
)
