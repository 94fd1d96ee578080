"""Remembers which model a conversation is with, because the unit of decision is the turn.

A turn begins with a new human message and runs through its tool loop; inside it the model stays, unless it
fails or stalls. Across turns the provider's prompt cache is still warm for a while, which a switch loses.
What the conversation is about stays too, until a human says something that is a task of its own: "No, try
again" and the output of a test run are not.
"""

from collections import OrderedDict
from typing import Final

from msgspec import Struct

from pointsman.core.chat import Outline
from pointsman.gateway.outcomes.harness import words_of
from pointsman.gateway.outcomes.lexicon import verdict_of
from pointsman.memory.reader import NOTHING_READ, TaskRead

WARM_S: Final = 300.0
"""How long providers keep a prompt cached after its last use."""
TURN_S: Final = 3600.0
"""A tool that takes longer than this ends the turn: its conversation is looked at afresh."""
LEAST_TASK_WORDS: Final = 3
"""Fewer words ("yes", "go on") are no task."""


class Standing(Struct, frozen=True, gc=False):
    """What a conversation so far means for the next decision. `held` is the target that the running turn is
    with, `warm` the one that has `warm_tokens` of the prompt in its cache; empty where there is none.
    `stalled` says that the turn does not get on with its target."""

    held: str = ""
    warm: str = ""
    warm_tokens: int = 0
    stalled: bool = False


NEW: Final = Standing()


class _Conversation(Struct, gc=False):
    target: str
    tokens: int
    at_s: float
    task: TaskRead
    stalled: bool = False


def is_in_turn(outline: Outline) -> bool:
    """Whether a request goes on with a turn: it brings tools' results and no new human message."""
    return outline.last_role == "tool" or bool(outline.answered_calls)


def is_task(text: str) -> bool:
    """Whether a user's message says what to do, rather than what became of it.

    >>> is_task("Write a test for the parser"), is_task("No, that is wrong. Try again."), is_task("go on")
    (True, False, False)
    """
    words = words_of([text]).human
    return len(words.split(maxsplit=LEAST_TASK_WORDS)) >= LEAST_TASK_WORDS and verdict_of(words) is None


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
        """What is to be known of the conversation that a request belongs to."""
        known = self._known.get((agent, session)) if session is not None else None
        if known is None:
            return NEW
        silent_s = now_s - known.at_s
        is_warm = silent_s <= WARM_S
        warm, tokens = (known.target, known.tokens) if is_warm else ("", 0)
        if is_in_turn(outline) and silent_s <= TURN_S:
            return Standing(known.target, warm, tokens, known.stalled)
        return Standing("", warm, tokens) if is_warm else NEW

    def task(self, agent: str, session: str | None, outline: Outline) -> TaskRead | None:
        """What the conversation has been about, if the request says nothing new of that."""
        known = self._known.get((agent, session)) if session is not None else None
        if known is None or known.task is NOTHING_READ:
            return None
        return known.task if is_in_turn(outline) or not is_task(outline.last_user) else None

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

    def stalled(self, agent: str, session: str | None) -> None:
        """Takes note that the running turn does not get on: the same call again and again, or tests that
        stay red."""
        known = self._known.get((agent, session)) if session is not None else None
        if known is not None:
            known.stalled = True
