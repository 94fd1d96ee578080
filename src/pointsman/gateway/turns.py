"""Remembers which model a conversation is with, because the unit of decision is the turn.

A turn begins with a new human message and runs through its tool loop; inside it the model stays, unless it
fails or stalls. Work that a human sends back goes on, too, and not with the model that got it wrong. Across
turns the provider's prompt cache is still warm for a while, which a switch loses.
What the conversation is about stays too, until a human says something that is a task of its own: "No, try
again" and the output of a test run are not.
"""

from collections import OrderedDict
from enum import Enum
from typing import Final

from msgspec import Struct

from pointsman.core.chat import Outline
from pointsman.gateway.outcomes.harness import words_of
from pointsman.gateway.outcomes.lexicon import CORRECTION, RETRY, declines, verdict_of
from pointsman.memory.reader import NOTHING_READ, TaskRead

WARM_S: Final = 300.0
"""How long providers keep a prompt cached after its last use."""
TURN_S: Final = 3600.0
"""A tool that takes longer than this ends the turn: its conversation is looked at afresh."""
LEAST_TASK_WORDS: Final = 3
"""Fewer words ("yes", "go on") are no task."""
NOT_GOOD: Final = frozenset({CORRECTION, RETRY})
"""What a human says of work that has to be done again."""


class Standing(Struct, frozen=True, gc=False):
    """What a conversation so far means for the next decision. `held` is the target that the work at hand is
    with, `warm` the one that has `warm_tokens` of the prompt in its cache; empty where there is none.
    `stalled` says that the work does not get on with its target. `task` is what the conversation has been
    about, None if the request says something new of that."""

    held: str = ""
    warm: str = ""
    warm_tokens: int = 0
    stalled: bool = False
    task: TaskRead | None = None


NEW: Final = Standing()


class _Conversation(Struct, gc=False):
    target: str
    tokens: int
    at_s: float
    task: TaskRead
    asked: bool = False
    stalled: bool = False


class Follows(Enum):
    """How a request follows on what was before it: its turn goes on, or a human corrects the work, says
    something of it, or says what to do next."""

    TURN = "turn"
    CORRECTION = "correction"
    REMARK = "remark"
    TASK = "task"


def follows(outline: Outline, *, asked: bool = False) -> Follows:
    """What a request is in its conversation. A turn goes on when tools' results come and no human said
    anything, also when the client reports in the human's name. `asked` says that the answer before ended
    with a question, to which a "no" is no correction.

    >>> follows(Outline(model="auto", last_user="Write a test for the parser"))
    <Follows.TASK: 'task'>
    >>> follows(Outline(model="auto", last_user="No, that is wrong. Try again."))
    <Follows.CORRECTION: 'correction'>
    >>> follows(Outline(model="auto", last_user="# Fix any errors below, if possible."))
    <Follows.TURN: 'turn'>
    >>> follows(Outline(model="auto", last_user="go on"))
    <Follows.REMARK: 'remark'>
    """
    if outline.last_role == "tool" or outline.answered_calls:
        return Follows.TURN
    words = words_of([outline.last_user])
    if words.command or words.edit_failed or words.lint_failed:
        return Follows.TURN
    verdict = verdict_of(words.human, asked=asked)
    if verdict in NOT_GOOD:
        return Follows.CORRECTION
    few = len(words.human.split(maxsplit=LEAST_TASK_WORDS)) < LEAST_TASK_WORDS
    remark = few or verdict is not None or declines(words.human, asked=asked)
    return Follows.REMARK if remark else Follows.TASK


class Turns:
    """The last `capacity` conversations by agent and session. Times are seconds of one monotonic clock."""

    __slots__ = ("_capacity", "_known")

    def __init__(self, *, capacity: int = 50_000) -> None:
        if capacity < 1:
            raise ValueError("turns need a capacity of at least 1")
        self._capacity = capacity
        self._known: OrderedDict[tuple[str, str], _Conversation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def standing(self, agent: str, session: str | None, outline: Outline, now_s: float) -> Standing:
        """What is to be known of the conversation that a request belongs to. A human who corrects the work
        sends it back to a model that has shown it cannot do it: that is a stall, too. Whatever else a human
        says opens a turn, for which the one before is not held against anybody."""
        known = self._known.get((agent, session)) if session is not None else None
        if known is None:
            return NEW
        silent_s, following = now_s - known.at_s, follows(outline, asked=known.asked)
        task = known.task if following is not Follows.TASK and known.task is not NOTHING_READ else None
        warm, tokens = (known.target, known.tokens) if silent_s <= WARM_S else ("", 0)
        if silent_s <= TURN_S and following in (Follows.TURN, Follows.CORRECTION):
            stalled = known.stalled or following is Follows.CORRECTION
            return Standing(known.target, warm, tokens, stalled, task)
        known.stalled = False
        return Standing("", warm, tokens, False, task)

    def answered(
        self,
        agent: str,
        session: str | None,
        target: str,
        tokens: int,
        now_s: float,
        task: TaskRead = NOTHING_READ,
    ) -> None:
        """Takes note that `target` has answered a request about `task`; its cache now holds up to `tokens`.
        A new target starts without the blame of the one before."""
        if session is None:
            return
        key = (agent, session)
        known = self._known.get(key)
        if known is None:
            self._known[key] = _Conversation(target, tokens, now_s, task)
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
            return
        self._known.move_to_end(key)
        if known.target != target:
            known.stalled = False
        known.target, known.tokens, known.at_s, known.task = target, tokens, now_s, task
        known.asked = False

    def asked(self, agent: str, session: str | None) -> None:
        """Takes note that the last answer ended with a question: a "no" to it is no correction."""
        known = self._known.get((agent, session)) if session is not None else None
        if known is not None:
            known.asked = True

    def stalled(self, agent: str, session: str | None) -> None:
        """Takes note that the running turn does not get on: the same call again and again, or tests that
        stay red."""
        known = self._known.get((agent, session)) if session is not None else None
        if known is not None:
            known.stalled = True
