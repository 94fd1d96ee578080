"""What is remembered of running conversations: who answered what, until the next request tells more.

Ids, hashes and numbers only. Everything is bounded; what falls out is simply not learned from.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct, field
from xxhash import xxh3_64_intdigest

from pointsman.core.events import FinishState
from pointsman.gateway.outcomes.uses import Use

MAX_STEPS = 64
"""How many steps of one conversation are remembered."""
MAX_SIGHTINGS = 256
"""How many signs one conversation may leave in all."""
STRONG = 0.3
MAX_STRONG_WEIGHT = 4.0
MAX_WEAK_WEIGHT = 1.5
"""The most that all signs of one turn (from one human message to the next) may weigh together, those of at
least STRONG and those below apart, so that one endless loop cannot move what all share. Not of a whole
conversation: those go on where the work is good, and bad work alone would then be seen. What a conversation
may weigh in all is learning's to bound (`conversation_weight`)."""
DISTINCT_CHARS = 40
"""A shorter answer may have been given elsewhere too: it is recognised within its conversation only."""

DISTINCT_ID_CHARS = 12
DISTINCT_ID_DIGITS = 3
MAX_FOLLOWERS = 16
MAX_COUNTED = 256

Key = TypeVar("Key")
Value = TypeVar("Value")


class IssuedCall(Struct, frozen=True, gc=False):
    """A tool call of ours: the hash of its name and arguments, and what it is for."""

    key: int
    name: str
    use: Use = Use.WORK


class LastRun(NamedTuple):
    """A run of tests: its colour, the number of the step whose answer called for it, and how much failed."""

    green: bool
    number: int
    failed: int | None = None


class Step(Struct, kw_only=True, eq=False):
    """One answered attempt. `answer` hashes its text of `answer_chars` characters, `asked` the human words
    it answers (0: none), for the `version`th time from the same place.
    `complete` says that the client got all of it. `calls` are the tool calls it issued, by id, `checks` those
    that turned out to be runs of tests."""

    decision_id: str
    attempt: int
    target: str
    agent_id: str
    started_at_us: int
    ended_at_us: int
    thread: "Thread"
    state: FinishState
    answer: int = 0
    answer_chars: int = 0
    asked: int = 0
    version: int = 1
    body_hash: int = 0
    message_count: int = 0
    calls: dict[str, IssuedCall] = field(default_factory=dict)
    checks: set[str] = field(default_factory=set)
    followers: dict[int, "Step"] = field(default_factory=dict)
    """The steps that began a new human turn after this one, by `asked`."""
    retried: bool = False
    opens_turn: bool = False

    def followed_by(self, step: "Step") -> None:
        """Remembers a step that began a new human turn after this one."""
        before = self.followers.get(step.asked)
        step.version = 1 if before is None else before.version + 1
        if before is None and len(self.followers) >= MAX_FOLLOWERS:
            del self.followers[next(iter(self.followers))]
        self.followers[step.asked] = step

    @property
    def worked(self) -> bool:
        """Whether it called for anything but to look, to wait and to test."""
        return any(
            issued.use is Use.WORK and call_id not in self.checks for call_id, issued in self.calls.items()
        )

    @property
    def complete(self) -> bool:
        """Whether the client got the whole answer."""
        return self.state is FinishState.COMPLETED


class Thread(Struct, kw_only=True, eq=False):
    """One conversation. `runs` holds the last test run of each command;
    `repeats` counts identical calls since something new was done or asked, `errors` identical errors.
    `root` stands before the first step, where the client names its conversations; `taken` counts the steps,
    `stalled` is the target with which it gets
    nowhere if nobody was told yet, `touched_s` is when the last one came."""

    client_ip: str = ""
    stalled: str = ""
    steps: list[Step] = field(default_factory=list)
    taken: int = 0
    runs: dict[int, LastRun] = field(default_factory=dict)
    repeats: dict[int, int] = field(default_factory=dict)
    errors: dict[int, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    strong_spent: float = 0.0
    weak_spent: float = 0.0
    touched_s: float = 0.0
    root: Step | None = None

    def take(self, step: Step) -> None:
        """Adds a step, and counts its calls. What a new turn's signs may weigh is counted anew."""
        self.steps.append(step)
        for old in self.steps[:-MAX_STEPS]:
            old.followers.clear()  # each would keep all that came after it
        del self.steps[:-MAX_STEPS]
        self.taken += 1
        if step.opens_turn:
            self.strong_spent = self.weak_spent = 0.0
        if step.opens_turn or any(issued.key not in self.repeats for issued in step.calls.values()):
            self.repeats = dict.fromkeys(self.repeats, 0)
        for issued in step.calls.values():
            count(self.repeats, issued.key)
        if len(self.runs) > MAX_STEPS:
            self.runs.clear()

    def since(self, number: int) -> list[Step]:
        """The steps after the one numbered `number` (1: the first), as far as they are remembered."""
        steps = max(self.taken - number, 0)
        return self.steps[-steps:] if steps else []

    def worked_since(self, number: int) -> bool:
        """Whether anything was done after the step numbered `number` but to look, to wait and to test."""
        return any(one.worked for one in self.since(number))

    def doers(self, number: int = 0) -> list[Step]:
        """The steps after the one numbered `number` that did more than look, wait and
        test. Where none did, those that only spoke (some clients have edits in plain words), else those
        that looked, else all of them."""
        steps = self.since(number)
        did = [one for one in steps if one.worked]
        spoke = [one for one in steps if not one.calls]
        return did or spoke or [one for one in steps if len(one.calls) > len(one.checks)] or steps

    def allow(self, weight: float, whole: float = 0.0) -> float:
        """How much of `weight` a new sign may still weigh; that much is taken off. A share of a strong sign
        (`whole`) is no weak one."""
        if max(weight, whole) >= STRONG:
            allowed = min(weight, MAX_STRONG_WEIGHT - self.strong_spent)
            self.strong_spent += max(allowed, 0.0)
        else:
            allowed = min(weight, MAX_WEAK_WEIGHT - self.weak_spent)
            self.weak_spent += max(allowed, 0.0)
        return max(allowed, 0.0)


class Recent(OrderedDict[Key, Value], Generic[Key, Value]):
    """The last `capacity` things by key."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self._capacity = capacity

    def put(self, key: Key, value: Value) -> None:
        """Remembers it as the newest."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._capacity:
            self.popitem(last=False)


class Memory:
    """Finds the step that a request follows. Everything is kept apart by agent, so that no agent can
    speak about another's decisions."""

    def __init__(self, *, capacity: int = 4096) -> None:
        self._calls: Recent[tuple[str, str, str], Step] = Recent(capacity * 2)
        self._answers: Recent[tuple[str, str, int], Step] = Recent(capacity * 2)
        self._bodies: Recent[tuple[str, int], Step] = Recent(capacity)
        self._sessions: Recent[tuple[str, str], Step] = Recent(capacity)
        self._agents: Recent[str, deque[Thread]] = Recent(capacity)
        self.threads: Recent[int, Thread] = Recent(capacity)

    def remember(
        self, step: Step, session: str | None, *, distinct: bool, named: bool, placed: bool = False
    ) -> None:
        """Makes the step findable. `distinct`: its answer's text is unlikely to occur elsewhere; `named`:
        the session's name is the client's; `placed`: its client may forget the ids of calls."""
        agent = step.agent_id
        if placed and session and step.calls:
            self._calls.put((agent, session, _place(step.message_count + 1)), step)
        for call_id in step.calls:
            self._calls.put((agent, session or "", call_id), step)
            if session and is_distinct_id(call_id):
                self._calls.put((agent, "", call_id), step)
        if step.answer:
            self._answers.put((agent, session or "", step.answer), step)
            if distinct and session:
                self._answers.put((agent, "", step.answer), step)
        if step.complete:
            self._bodies.pop((agent, step.body_hash), None)
        else:
            self._bodies.put((agent, step.body_hash), step)
        if session and (named or not step.complete):
            self._sessions.put((agent, session), step)
        elif session:
            self._sessions.pop((agent, session), None)
        thread = step.thread
        if id(thread) not in self.threads:
            threads = self._agents.get(agent)
            if threads is None:
                threads = deque(maxlen=8)
            threads.append(thread)
            self._agents.put(agent, threads)
        self.threads.put(id(thread), thread)

    def remember_body(self, step: Step) -> None:
        """Makes a step without an answer known to its retry."""
        self._bodies.put((step.agent_id, step.body_hash), step)

    def by_calls(self, agent: str, session: str | None, call_ids: Iterable[str]) -> Step | None:
        """The step that issued the first known of these calls: in the conversation, or in any other if the
        id is unlikely to have been used twice."""
        for call_id in call_ids:
            step = self._calls.get((agent, session or "", call_id)) or self._calls.get((agent, "", call_id))
            if step is not None:
                return step
        return None

    def by_place(self, agent: str, session: str | None, messages: int) -> Step | None:
        """The step of a conversation whose calls were asked for by the last of so many messages."""
        return self._calls.get((agent, session, _place(messages))) if session else None

    def by_answer(self, agent: str, session: str | None, answer: int) -> Step | None:
        """The step whose answer has this hash."""
        return self._answers.get((agent, session or "", answer)) or self._answers.get((agent, "", answer))

    def by_body(self, agent: str, body_hash: int) -> Step | None:
        """The last step with the very same body, if it did not end well."""
        return self._bodies.get((agent, body_hash))

    def by_session(self, agent: str, session: str | None) -> Step | None:
        """The last step of a conversation: of one that the client named, or one that did not end well."""
        return self._sessions.get((agent, session)) if session else None

    def begin_anew(self, agent: str, session: str | None) -> None:
        """Takes note that a conversation goes on with a summary in the place of what was said: its next
        first message is no other version of the one before."""
        step = self.by_session(agent, session)
        if step is not None:
            step.thread.root = None

    def threads_of(self, agent: str) -> list[Thread]:
        """The agent's newest conversations."""
        return list(self._agents.get(agent, ()))

    def forget(self, thread: Thread) -> None:
        """Nothing more is expected of the conversation."""
        self.threads.pop(id(thread), None)


def count(counts: dict[int, int], key: int) -> int:
    """Counts `key` once more, and says how often that was; forgets all when there is too much."""
    if len(counts) >= MAX_COUNTED:
        counts.clear()
    counts[key] = found = counts.get(key, 0) + 1
    return found


def _place(messages: int) -> str:
    """What stands for the ids of the calls that so many messages end with. No id looks like it."""
    return f"\0{messages}"


def is_distinct_id(call_id: str) -> bool:
    """Whether an id looks drawn at random; some providers only count (`functions.ls:0`).

    >>> is_distinct_id("call_9XJ2bq81TzVd"), is_distinct_id("functions.shell:12"), is_distinct_id("call_0")
    (True, False, False)
    """
    return len(call_id) >= DISTINCT_ID_CHARS and sum(map(str.isdigit, call_id)) >= DISTINCT_ID_DIGITS


def text_hash(text: str) -> int:
    """The hash of a text less the white space around it; 0 for an empty one."""
    stripped = text.strip()
    return xxh3_64_intdigest(stripped.encode("utf-8", "surrogatepass")) if stripped else 0
