"""Makes the further requests and has their answers compared: one at a time, in the background, within the
agent's budget. What goes wrong costs one comparison."""

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from pointsman.accounting.budgets import Budgets, Reservation
from pointsman.core.calibration import CALIBRATION_AGENT
from pointsman.core.chat import ChatRequest, Text
from pointsman.core.decision import Decision
from pointsman.core.errors import PointsmanError, UpstreamTimeout
from pointsman.core.events import FinishState
from pointsman.core.features import Features
from pointsman.core.money import shadow_account
from pointsman.core.outcomes import OutcomeRecord, OutcomeSource, event_id_of
from pointsman.core.ports import Recorder
from pointsman.core.snapshot import PolicySnapshot, Shadow, Target
from pointsman.gateway import records
from pointsman.gateway.agents import AgentRegistry
from pointsman.gateway.attempt import Attempt
from pointsman.gateway.health import Health
from pointsman.gateway.http.client import Upstream
from pointsman.gateway.policy import Policy
from pointsman.gateway.shadow import judge, sampler, silent
from pointsman.routing import reasons
from pointsman.routing.cost import expected_cost_usd_micros

if TYPE_CHECKING:
    from pointsman.gateway.call import Call

MAX_WAITING: Final = 16
PATIENCE_S: Final = 120.0
"""How long one answer may take."""
SIGNAL: Final = "judged"
WEIGHT: Final = 0.5
"""What a judge's word weighs: it is no proof."""
SECONDS_A_DAY: Final = 86_400
log = logging.getLogger("pointsman.gateway")


class Sources(Protocol):
    """What is used of the pipeline's parts, as it is at each moment."""

    policy: Policy
    registry: AgentRegistry
    recorder: Recorder
    budgets: Budgets
    health: Health
    upstreams: dict[str, Upstream]


class ShadowCounts(Struct):
    """What was done: calls taken and left out, comparisons made, and those that came to nothing."""

    taken: int = 0
    skipped: int = 0
    compared: int = 0
    fruitless: int = 0


class Shadows:
    """Takes calls that are over, and compares some of them."""

    def __init__(self, parts: Sources) -> None:
        self.counts = ShadowCounts()
        self._parts = parts
        self._waiting: deque[Call] = deque()
        self._worker: asyncio.Task[None] | None = None

    def ended(self, call: "Call") -> None:
        """Takes note of a call whose answer is on its way. Never raises."""
        if not call.reached("profile") or call.profile.shadow is None:
            return
        try:
            if not sampler.is_wanted(call):
                return
        except Exception:
            log.exception("A request could not be looked at for a comparison.")
            return
        if len(self._waiting) >= MAX_WAITING:
            self.counts.skipped += 1
            return
        self.counts.taken += 1
        self._waiting.append(call)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Drops what waits, and ends what runs."""
        self._waiting.clear()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)

    async def _work(self) -> None:
        while self._waiting:
            call = self._waiting.popleft()
            try:
                done = await self._compare(call, call.profile.shadow)
            except PointsmanError as error:
                log.info("A comparison came to nothing: %s", error.message)
                done = False
            except Exception:
                log.exception("A comparison met a bug")
                done = False
            self.counts.compared += done
            self.counts.fruitless += not done

    async def _compare(self, call: "Call", shadow: Shadow | None) -> bool:
        """Asks the cheaper model and the judge; False when there is nobody to ask, or no money."""
        if shadow is None:
            return False
        parts, snapshot = self._parts, self._parts.policy.current
        now_s = asyncio.get_running_loop().time()
        features = replace(call.features, unhealthy=parts.health.unhealthy(now_s))
        answered = call.tried[-1].attempt.target
        target = sampler.next_cheaper(features, snapshot, answered)
        if target is None or not self._has_room(target):
            return False
        who = self._judge(shadow, features, snapshot, answered, target)
        cost = expected_cost_usd_micros(target.model, features)
        look = expected_cost_usd_micros(who.target.model, who.features)
        reservation, looks = self._reserve(call, shadow, cost, look)
        if reservation is None:
            return False
        shadowed = silent.again(call, features, _decision(call, features, snapshot, target))
        work = _Comparison(self, shadowed, target, looks)
        try:
            return await work.run(call, who)
        finally:
            parts.budgets.settle(reservation, work.spent_usd_micros)

    def _judge(
        self,
        shadow: Shadow,
        features: Features,
        snapshot: PolicySnapshot,
        answered: Target,
        target: Target,
    ) -> silent.Judge:
        """Who compares the answers of two targets: of what the judge's name stands for, one of another
        family than either, if there is one. Raises `PointsmanError` when there is nobody at all."""
        router = self._parts.policy.router
        asked = Features(
            agent=CALIBRATION_AGENT,
            requested=shadow.judge,
            dialect=silent.JUDGE_ROUTE.codec,
            context_tokens=2 * features.context_tokens + 2 * judge.MAX_OUTPUT_TOKENS,
            max_output_tokens=judge.MAX_OUTPUT_TOKENS,
            unhealthy=features.unhealthy,
        )
        wanted = sampler.impartial(asked, snapshot, answered, target)
        try:
            decision = router.decide(wanted)
        except PointsmanError:
            wanted, decision = asked, router.decide(asked)
        return silent.Judge(wanted, decision, snapshot.targets[decision.target])

    def _reserve(
        self, call: "Call", shadow: Shadow, cost_usd_micros: int, look_usd_micros: int
    ) -> tuple[Reservation | None, int]:
        """Holds back what an answer and two looks at it cost, or only one look; how many that are."""
        day = int(time.time()) // SECONDS_A_DAY
        account, limit = shadow_account(call.logged_as), shadow.daily_budget_usd_micros
        for looks in (2, 1):
            estimate = cost_usd_micros + looks * look_usd_micros
            reservation = self._parts.budgets.reserve(account, limit, None, None, day, estimate)
            if reservation is not None:
                return reservation, looks
        return None, 0

    def _has_room(self, target: Target) -> bool:
        """Whether clients leave at least half of the provider's connections unused."""
        upstream = self.upstream(target)
        return upstream is not None and 2 * upstream.in_use < upstream.endpoint.max_connections

    def upstream(self, target: Target) -> Upstream | None:
        """The way to a target."""
        upstreams = self._parts.upstreams
        return upstreams.get(target.id) or upstreams.get(target.provider)

    async def ask(self, call: "Call", target: Target) -> tuple[str, int]:
        """The answer's text and what it cost, logged. Raises `PointsmanError`."""
        upstream, loop = self.upstream(target), asyncio.get_running_loop()
        if upstream is None:
            raise UpstreamTimeout(f"{target.id} is not there any more")
        attempt = Attempt(call, target, upstream, loop.time())
        error: PointsmanError | None = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                await attempt.run(b"")
        except TimeoutError:
            error = UpstreamTimeout(f"{target.id} took over {PATIENCE_S:.0f} s")
        except PointsmanError as fault:
            error = fault
        state = FinishState.COMPLETED if error is None else FinishState.FAILED
        record = records.of_attempt(call, attempt, loop.time(), state, error)
        self._parts.recorder.append(record)
        self._parts.registry.count(record)
        if error is not None:
            raise error
        return "".join(attempt.tally.pieces), record.cost_usd_micros

    def note(self, record: OutcomeRecord) -> None:
        """Journals what was found out."""
        self._parts.recorder.append(record)


class _Comparison:
    """One comparison: `shadowed` at `target`, beside a call that is over. `looks` is how often the judge
    is asked."""

    def __init__(self, shadows: Shadows, shadowed: "Call", target: Target, looks: int) -> None:
        self._shadows = shadows
        self._shadowed = shadowed
        self._target = target
        self._looks = looks
        self.spent_usd_micros = 0

    async def run(self, call: "Call", who: silent.Judge) -> bool:
        """Whether it came to a result."""
        theirs = await self._ask(self._shadowed, self._target)
        ours = "".join(call.tried[-1].attempt.tally.pieces)
        grades = await self._graded(call, ours, theirs, who)
        if not grades:
            return False
        self._shadows.note(self._outcome(judge.mean_of(grades)))
        return True

    async def _ask(self, call: "Call", target: Target) -> str:
        text, cost = await self._shadows.ask(call, target)
        self.spent_usd_micros += cost
        return text

    async def _graded(self, call: "Call", ours: str, theirs: str, who: silent.Judge) -> list[judge.Grades]:
        """What the judge said: of the client's answer first, then of the other. An answer that is not there
        needs no judge."""
        if not theirs.strip():
            return [judge.Grades(judge.BEST_GRADE, 0.0)]
        request, found = request_of(call), []
        ours_first = judge.first_is_shown_first(call.request_id)
        for order in (ours_first, not ours_first)[: self._looks]:
            pair = (ours, theirs) if order else (theirs, ours)
            asked = silent.asking_judge(call, who, judge.question(request, *pair))
            grades = judge.grades_in(await self._ask(asked, who.target))
            if grades is not None:
                found.append(grades if order else grades.swapped)
        return found

    def _outcome(self, grades: judge.Grades) -> OutcomeRecord:
        shadowed = self._shadowed
        gap = grades.second - grades.first
        return OutcomeRecord(
            event_id=event_id_of(shadowed.request_id, SIGNAL, ""),
            decision_id=shadowed.request_id,
            attempt=0,
            target=self._target.id,
            agent_id=shadowed.logged_as,
            signal=SIGNAL,
            label=grades.second / judge.BEST_GRADE,
            weight=WEIGHT,
            source=OutcomeSource.INFERRED,
            outcome="",
            detail="as_good" if abs(gap) <= judge.AS_GOOD else "better" if gap > 0 else "worse",
            seen_at_us=time.time_ns() // 1000,
            decided_at_us=shadowed.started_at_us,
        )


def request_of(call: "Call") -> str:
    """What a judge must know of a request: its conversation as text, of a long one the end."""
    if call.canonical is None:
        call.canonical = call.codec.decode_request(call.exchange.body)
    if not isinstance(call.canonical, ChatRequest):
        return ""
    said = [
        f"[{message.role}] " + "\n".join([part.text for part in message.parts if isinstance(part, Text)])
        for message in call.canonical.messages
    ]
    return "\n\n".join(said)[-judge.MOST_CHARS :]


def _decision(call: "Call", features: Features, snapshot: PolicySnapshot, target: Target) -> Decision:
    return Decision(
        target=target.id,
        fallbacks=(),
        confidence=sampler.confidence_in(features, snapshot, target),
        reason_code=reasons.SHADOW,
        reason=f"compared with the answer to {call.request_id}",
        snapshot_version=snapshot.version,
    )
