"""The model declines: the dialect says so, or the answer's first words do.

Weight 0.6 when the dialect says it, 0.4 by the words. Seen at once, in our own answer. Caveat: some requests
ought to be declined; only that another model answers the same would tell.
"""

import re
from collections.abc import Iterable

from pointsman.core.chat import Finish
from pointsman.core.outcomes import OutcomeSource
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage

WEIGHT = 0.6
WORDS_WEIGHT = 0.4
DECLARED, WORDED = "declared", "worded"
FIRST_CHARS = 200

_WORDS = re.compile(
    r"\W{0,3}(?:i(?:'m| am) (?:really |very )?(?:sorry|afraid),? ?(?:but )?(?:i|that)(?:'m"
    r"| am)? ?(?:can(?:no|')t|cannot|unable|not able|won't)"
    r"|i (?:cannot|can't|can not|won't|will not|am unable to|am not able to) (?:help|assist"
    r"|comply|provide|do that|fulfil|continue|engage)"
    r"|i(?:'m| am) (?:unable|not able) to (?:help|assist|comply|provide|fulfil)"
    r"|(?:es )?tut mir leid,? (?:aber )?(?:ich kann|dabei kann)|je (?:suis désolé|ne peux pas)"
    r"|lo siento,? pero no puedo"
    r"|desculpe,? mas não posso|mi dispiace,? ma non posso"
    r"|很抱歉.?我(?:无法|不能)|申し訳(?:ありません|ございません)が)",
    re.IGNORECASE,
)


def look(seen: Seen) -> Iterable[Sighting]:
    """How it declined."""
    answer = seen.answer
    if answer is None:
        return
    if answer.finish is Finish.REFUSAL:
        yield Sighting(DECLARED, 0.0, WEIGHT)
    elif not answer.calls and _WORDS.match(answer.text[:FIRST_CHARS].replace("\u2019", "'")):
        yield Sighting(WORDED, 0.0, WORDS_WEIGHT)


SIGNAL = Signal(
    name="refusal",
    stage=Stage.ANSWER,
    source=OutcomeSource.OBSERVED,
    weight=WEIGHT,
    details=frozenset({DECLARED, WORDED}),
    look=look,
    plain=True,
)
