"""The blocks of the page about outcomes: the table of signals and what each sees."""

import sys

from pointsman.gateway.outcomes.base import Signal
from pointsman.gateway.outcomes.memory import MAX_STRONG_WEIGHT, MAX_WEAK_WEIGHT, STRONG
from pointsman.gateway.outcomes.signals import SIGNALS
from reference_blocks import Blocks, code, first_sentence, table


def _doc(signal: Signal) -> str:
    return " ".join((sys.modules[signal.look.__module__].__doc__ or "").split())


def signal_table() -> str:
    """One row a signal."""
    rows = [
        (
            code(one.name),
            first_sentence(_doc(one)),
            f"{one.weight:g}",
            one.source,
            code(*sorted(one.details)),
        )
        for one in SIGNALS
    ]
    return table(("signal", "what is seen", "weight at most", "source", "codes"), rows)


def signal_notes() -> str:
    """Weights, times and caveats in words."""
    return "\n".join(
        [f"- {code(one.name)}: {_doc(one)[len(first_sentence(_doc(one))) :].strip()}" for one in SIGNALS]
    )


def caps() -> str:
    """What one turn may weigh in all."""
    return (
        f"All signs of one turn, from one human message to the next, that count {STRONG:g} or more weigh at "
        f"most {MAX_STRONG_WEIGHT:g} together, the lighter ones at most {MAX_WEAK_WEIGHT:g}."
    )


BLOCKS: Blocks = {"signals": signal_table, "notes": signal_notes, "caps": caps}
