"""Looks at finished calls for signs of how good earlier decisions were, and journals what it sees.

The pipeline hands a call over once its answer is on its way; the look itself comes in a later turn of the
event loop, one call a turn, so that it delays nobody. When calls come faster than they can be looked at, the
oldest are left out. Nothing that goes wrong here reaches a request.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from pointsman.core.chat import Finish
from pointsman.core.events import COMPLETED, FinishState, RequestKind
from pointsman.core.outcomes import OutcomeRecord, event_id_of
from pointsman.core.ports import Recorder
from pointsman.gateway.outcomes import steps
from pointsman.gateway.outcomes.answers import Answer
from pointsman.gateway.outcomes.asked import Asker, Body
from pointsman.gateway.outcomes.base import Seen, Sighting, Signal, Stage
from pointsman.gateway.outcomes.memory import (
    MAX_SIGHTINGS,
    IssuedCall,
    Memory,
    Recent,
    Step,
    Thread,
    is_distinct_id,
)
from pointsman.gateway.outcomes.signals import SIGNALS
from pointsman.gateway.outcomes.steps import FIRST_MESSAGES
from pointsman.gateway.outcomes.tails import Tail

if TYPE_CHECKING:
    from pointsman.gateway.call import Call

MAX_WAITING = 256
MAX_LOOKUPS = 32
PATIENCE = 20
ONCE_IN = 50
"""After PATIENCE questions to the log that found nothing of an agent, it is asked ONCE_IN times."""
RETRY_GRACE_S = 2.5
"""How long a hang-up waits for a retry before it counts."""
SILENCE_S = 1800.0
SWEEP_EVERY_S = 60.0
COMMIT_WITHIN_S = 600.0
COMPLAIN_EVERY_S = 60.0
SAMPLE_EVERY_S = 0.02
"""How often first questions are looked at at most: 50 a second."""
LEAST_WEIGHT = 0.005
IDLESS = "ollama_chat"
"""The wire form whose own SDK forgets the ids of calls."""
STALLS = frozenset({"same_call_again", "stays_red", "same_error_again"})
"""Details of signs that a turn gets nowhere."""

log = logging.getLogger("pointsman.gateway")


class Decided(Struct, frozen=True):
    """A decision out of the log, for a tool call whose step is not remembered."""

    decision_id: str
    attempt: int
    target: str
    started_at_us: int


Finder = Callable[[str, Sequence[str]], Awaitable[Mapping[str, Decided]]]
"""Given an agent and tool-call ids: who issued them, by id. May raise; then nothing is learned."""


class ObserverCounts(Struct):
    """What an observer has done: calls looked at and left out, records written, faults of its own."""

    looked: int = 0
    skipped: int = 0
    recorded: int = 0
    faults: int = 0


class Observer:
    """Sees outcomes. `finder` may be set later, when the log can be asked; `on_stall` is told the agent and
    the session of a turn that gets nowhere."""

    def __init__(self, recorder: Recorder, *, signals: Iterable[Signal] = SIGNALS) -> None:
        self.counts = ObserverCounts()
        self.finder: Finder | None = None
        self.on_stall: Callable[[str, str | None], None] | None = None
        self._recorder = recorder
        self._by_stage = {stage: [one for one in signals if one.stage is stage] for stage in Stage}
        self._plain = [one for one in self._by_stage[Stage.ANSWER] if one.plain]
        self._memory = Memory()
        self._asker = Asker()
        self._waiting: deque[Call] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._lookups: set[asyncio.Task[None]] = set()
        self._fruitless: Recent[str, int] = Recent(MAX_WAITING)
        self._complained_s = float("-inf")
        self._sampled_s = float("-inf")

    def ended(self, call: "Call") -> None:
        """Takes note of a call that is over. Never raises; its agent may have opted out of the log."""
        if not call.tried or not call.profile.log_requests or self._may_pass(call):
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        elif len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.counts.skipped += 1
        self._waiting.append(call)

    def _may_pass(self, call: "Call") -> bool:
        """Whether the call is one of many of which a sample tells as much: a first question without tools,
        answered well, right behind another such one. So learning takes little from serving under load."""
        outline, last = call.outline, call.tried[-1]
        if outline.tool_names or outline.message_count >= FIRST_MESSAGES or len(call.tried) > 1:
            return False
        if last.state is not COMPLETED or last.attempt.tally.finish is not Finish.STOP:
            return False
        if call.started_s - self._sampled_s >= SAMPLE_EVERY_S:
            self._sampled_s = call.started_s
            return False
        self.counts.skipped += 1
        return True

    def close(self) -> None:
        """Looks at what still waits, and no more."""
        while self._waiting:
            self._next()
        if self._timer is not None:
            self._timer.cancel()
        for task in self._lookups:
            task.cancel()

    def _next(self) -> None:
        if not self._waiting:
            return
        call = self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        self.counts.looked += 1
        self._safely(self._look, call)

    def _look(self, call: "Call") -> None:
        *before, last = call.tried
        body = Body(call.codec.name, call.exchange.body)
        for tried in before:
            answer = Answer(call, tried, body, self._asker)
            failed = steps.step_of(call, tried, answer, Thread())
            self._at(Stage.ANSWER, Seen(step=failed, now_us=failed.ended_at_us, answer=answer))
        answer = Answer(call, last, body, self._asker)
        step = steps.step_of(call, last, answer, Thread(client_ip=call.exchange.client_ip))
        seen = Seen(step=step, now_us=step.ended_at_us, answer=answer)
        if call.kind.startswith("side_"):
            self._at(Stage.ANSWER, seen)
            if call.kind == RequestKind.SIDE_COMMIT:
                self._look_at_commit(call, body)
            elif call.kind == RequestKind.SIDE_COMPACTION:
                self._memory.begin_anew(call.logged_as, call.caller.session_key)
            return
        self._join(call, body, step)
        if step.state is FinishState.CLIENT_GONE:
            loop = asyncio.get_running_loop()
            loop.call_later(RETRY_GRACE_S, self._safely, self._at, Stage.ANSWER, seen)
        else:
            self._at(Stage.ANSWER, seen)
        if step.state is FinishState.FAILED:
            self._memory.remember_body(step)
        else:
            named = steps.named_session(call) is not None
            session, distinct = call.caller.session_key, steps.is_distinct(answer)
            placed = call.codec.name == IDLESS
            self._memory.remember(step, session, distinct=distinct, named=named, placed=placed)
        stalled, step.thread.stalled = step.thread.stalled, ""
        if stalled == step.target and self.on_stall is not None:
            self.on_stall(call.logged_as, call.caller.session_key)
        self._keep_sweeping()

    def _join(self, call: "Call", body: Body, step: Step) -> None:
        """Puts the step into its conversation, and looks at what its request says of earlier ones."""
        now_us = call.started_at_us
        again = self._memory.by_body(step.agent_id, step.body_hash)
        if again is not None:
            again.retried = True
            self._at(Stage.NEXT, Seen(step=again, now_us=now_us, request=step))
        earlier, tail = steps.followed(call, body, self._memory)
        named = steps.named_session(call) is not None
        if earlier is not None or named:
            step.asked = steps.asked_by(call, tail)
            step.opens_turn = step.asked != 0
        if earlier is not None:
            step.thread = earlier.thread
            self._at(Stage.NEXT, Seen(step=earlier, now_us=now_us, tail=tail, request=step))
            if step.opens_turn:
                earlier.followed_by(step)
        elif again is not None:
            step.thread = again.thread
        elif named and tail is None:
            step.thread.root = root = steps.root_of(step.thread, step, steps.beginning_of(call))
            root.followed_by(step)
        if earlier is None and tail is not None and tail.results:
            self._look_up(step, tail, now_us)
        if step.state is not FinishState.FAILED:
            step.thread.take(step)
        step.thread.touched_s = asyncio.get_running_loop().time()

    def _look_at_commit(self, call: "Call", body: Body) -> None:
        """A commit message is asked for, from an address where the agent has running conversations."""
        now_s = asyncio.get_running_loop().time()
        running = [
            thread
            for thread in self._memory.threads_of(call.logged_as)
            if thread.client_ip == call.exchange.client_ip and now_s - thread.touched_s <= COMMIT_WITHIN_S
        ]
        step = steps.committed(body, running)
        if step is not None:
            self._at(Stage.SIDE, Seen(step=step, now_us=call.started_at_us))

    # Decisions out of the log

    def _look_up(self, step: Step, tail: Tail, now_us: int) -> None:
        """Asks the log who issued the calls whose results came, as after a restart."""
        finder = self.finder
        call_ids = [one.call_id for one in tail.results if is_distinct_id(one.call_id)]
        if finder is None or not call_ids or len(self._lookups) >= MAX_LOOKUPS:
            return
        fruitless = self._fruitless.get(step.agent_id, 0)
        self._fruitless.put(step.agent_id, fruitless + 1)
        if fruitless >= PATIENCE and fruitless % ONCE_IN:
            return
        work = self._found(finder, step, tail, call_ids, now_us)
        task = asyncio.get_running_loop().create_task(work)
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)

    async def _found(self, finder: Finder, step: Step, tail: Tail, call_ids: list[str], now_us: int) -> None:
        try:
            found = await finder(step.agent_id, call_ids)
        except Exception as error:  # noqa: BLE001 - learning must never fail a request
            self._complain(error)
            return
        if found:
            self._fruitless.put(step.agent_id, 0)
        by_decision: dict[tuple[str, int], Step] = {}
        for call_id, decided in found.items():
            key = (decided.decision_id, decided.attempt)
            earlier = by_decision.setdefault(key, _restored(decided, step))
            earlier.calls[call_id] = IssuedCall(0, "")
        for earlier in by_decision.values():
            self._safely(self._at, Stage.NEXT, Seen(step=earlier, now_us=now_us, tail=tail, request=step))

    # Silence

    def _keep_sweeping(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SWEEP_EVERY_S, self._sweep)

    def _sweep(self) -> None:
        """Takes leave of conversations that have been silent for long."""
        self._timer = None
        now_s = asyncio.get_running_loop().time()
        while self._memory.threads:
            thread = next(iter(self._memory.threads.values()))
            if now_s - thread.touched_s < SILENCE_S:
                self._keep_sweeping()
                return
            self._memory.forget(thread)
            if thread.steps:
                seen = Seen(step=thread.steps[-1], now_us=time.time_ns() // 1000)
                self._safely(self._at, Stage.LATER, seen)

    # Records

    def _at(self, stage: Stage, seen: Seen) -> None:
        """Lets the signals of a stage look, and journals what they see."""
        answer = seen.answer
        signals = self._plain if answer is not None and answer.plain else self._by_stage[stage]
        for signal in signals:
            for sighting in signal.look(seen):
                self._record(signal, sighting, seen)

    def _record(self, signal: Signal, sighting: Sighting, seen: Seen) -> None:
        step = sighting.step or seen.step
        thread = step.thread
        event_id = event_id_of(step.decision_id, signal.name, f"{step.attempt}\0{sighting.key}")
        if not step.decision_id or event_id in thread.seen or len(thread.seen) >= MAX_SIGHTINGS:
            return
        thread.seen.add(event_id)
        if sighting.detail in STALLS:
            thread.stalled = step.target
        weight = 0.0 if sighting.label is None else thread.allow(sighting.weight, sighting.whole)
        if sighting.label is not None and weight < LEAST_WEIGHT:
            return
        self.counts.recorded += 1
        self._recorder.append(
            OutcomeRecord(
                event_id=event_id,
                decision_id=step.decision_id,
                attempt=step.attempt,
                target=step.target,
                agent_id=step.agent_id,
                signal=signal.name,
                label=sighting.label,
                weight=weight,
                source=signal.source,
                outcome=sighting.outcome or "",
                detail=sighting.detail,
                seen_at_us=seen.now_us,
                decided_at_us=step.started_at_us,
            )
        )

    def _safely(self, work: Callable[..., None], *arguments: object) -> None:
        """Does it; what goes wrong is logged, and costs only this look."""
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - learning must never fail a request
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        self.counts.faults += 1
        now_s = time.monotonic()
        if now_s - self._complained_s >= COMPLAIN_EVERY_S:
            self._complained_s = now_s
            log.error("Outcomes of a request could not be seen.", exc_info=error)


def _restored(decided: Decided, step: Step) -> Step:
    """A step that the log remembers, as a part of the conversation of the one that asked for it."""
    return Step(
        decision_id=decided.decision_id,
        attempt=decided.attempt,
        target=decided.target,
        agent_id=step.agent_id,
        started_at_us=decided.started_at_us,
        ended_at_us=decided.started_at_us,
        thread=step.thread,
        state=FinishState.COMPLETED,
    )
