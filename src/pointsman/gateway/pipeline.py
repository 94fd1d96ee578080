"""The request path: admit, choose, deliver, record. Read it from top to bottom."""

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field

from pointsman.accounting.budgets import Budgets, Reservation
from pointsman.core.errors import (
    CannotCarry,
    Internal,
    LoopDetected,
    NoTarget,
    PointsmanError,
    QuotaExhausted,
    UpstreamFault,
)
from pointsman.core.events import FinishState
from pointsman.core.features import Features
from pointsman.core.ids import new_request_id
from pointsman.core.ports import Recorder
from pointsman.gateway import headers, records
from pointsman.gateway.agents import AgentRegistry
from pointsman.gateway.attempt import Attempt
from pointsman.gateway.call import Call
from pointsman.gateway.dialects.registry import CODECS
from pointsman.gateway.health import Health
from pointsman.gateway.http.client import Upstream
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.identify import Identifier
from pointsman.gateway.kinds import kind_of
from pointsman.gateway.policy import Policy
from pointsman.gateway.refusals import refuse
from pointsman.gateway.repeats import Repeats
from pointsman.gateway.sides import answer_aside

log = logging.getLogger("pointsman.gateway")

BACKOFF_BASE_S = 0.05
RETRY_HERE = frozenset({"connect_failed", "upstream_error", "overloaded"})
"""Error codes after which the same target may be asked again at once; others go to the next target."""


@dataclass
class Parts:
    """What the pipeline works with. `upstreams` is looked up by target id, then by provider name."""

    policy: Policy
    identifier: Identifier
    registry: AgentRegistry
    recorder: Recorder
    budgets: Budgets
    upstreams: dict[str, Upstream] = field(default_factory=dict)
    repeats: Repeats = field(default_factory=Repeats)
    health: Health = field(default_factory=Health)


class Pipeline:
    """Serves one exchange at a time from its first byte to its row in the log."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._loop = asyncio.get_running_loop()

    async def serve(self, exchange: Exchange) -> None:
        """Answers a request. Never raises: this is the edge of the data plane."""
        route, rest = exchange.match[:2]
        if route.page is not None:
            answer_aside(exchange, route, rest, self.parts.policy.current)
            return
        codec = CODECS[route.codec]
        call = Call(exchange, route, codec, new_request_id(), self._loop.time(), time.time_ns() // 1000)
        try:
            self._admit(call)
            self._choose(call)
            await self._deliver(call)
        except PointsmanError as error:
            self._refuse(call, error)
        except asyncio.CancelledError:
            if not exchange.disconnected:
                raise
        except Exception as error:
            log.exception("request %s met a bug", call.request_id)
            self._refuse(call, Internal(f"Pointsman met a bug ({type(error).__name__}); see its log"))

    def _admit(self, call: Call) -> None:
        """Reads the request's outline, learns who calls, and stops loops."""
        exchange, parts = call.exchange, self.parts
        call.outline = outline = call.codec.outline(exchange.body)
        call.caller = caller = parts.identifier.identify(
            exchange.headers, exchange.path_agent, outline, exchange.client_ip
        )
        repeat = parts.repeats.seen(
            caller.agent_id, exchange.body, call.started_s, exchange.headers.get(b"x-stainless-retry-count")
        )
        call.body_hash = repeat.body_hash
        call.kind = kind_of(outline, exchange.headers, repeat.retry)
        if repeat.loop:
            raise LoopDetected(
                "the same request came again and again; the gateway stopped the loop",
                retry_after_s=repeat.retry_after_s,
            )

    def _choose(self, call: Call) -> None:
        """Turns the request into features and asks for the decision."""
        parts, outline, caller = self.parts, call.outline, call.caller
        assert outline is not None and caller is not None  # set by _admit
        policy = parts.policy
        call.snapshot = snapshot = policy.current
        call.profile = profile = snapshot.profile(caller.agent_id)
        key = caller.key
        left = None
        if profile.daily_budget_usd_micros is not None or key is not None:
            left = parts.budgets.left(
                caller.agent_id,
                profile.daily_budget_usd_micros,
                key.id if key is not None else None,
                key.daily_budget_usd_micros if key is not None else None,
                _utc_day(call),
            )
        call.features = features = Features(
            agent=caller.agent_id,
            requested=outline.model,
            dialect=call.codec.name,
            needs=outline.needs,
            context_tokens=outline.context_tokens,
            max_output_tokens=outline.max_output_tokens or 0,
            task_type=call.kind if call.kind.startswith("side_") else "",
            unhealthy=parts.health.unhealthy(call.started_s),
            budget_left_usd_micros=left,
            allowed_models=key.allowed_models if key is not None else (),
        )
        call.decision = policy.router.decide(features)

    async def _deliver(self, call: Call) -> None:
        """Asks the chosen target, then its fallbacks, until one answers."""
        decision, snapshot = call.decision, call.snapshot
        assert decision is not None and snapshot is not None  # set by _choose
        reservation = self._reserve(call)
        first_error: PointsmanError | None = None
        spent_usd_micros = 0
        try:
            for target_id in (decision.target, *decision.fallbacks):
                target = snapshot.targets[target_id]
                upstream = self._upstream(target_id, target.provider)
                if upstream is None:
                    continue
                for asked in range(1 + upstream.endpoint.retries):
                    if asked:
                        await asyncio.sleep(_backoff_s(asked))
                    attempt = Attempt(call, target, upstream, self._loop.time())
                    error, cost_usd_micros = await self._try(call, attempt)
                    spent_usd_micros += cost_usd_micros
                    if error is None or attempt.committed:
                        return
                    first_error = first_error or error
                    if not _another_may(error):
                        raise error
                    if error.code not in RETRY_HERE:
                        break
            raise first_error or NoTarget("no provider of the chosen models is running; see `pointsman doctor`")
        finally:
            if reservation is not None:
                self.parts.budgets.settle(reservation, spent_usd_micros)

    async def _try(self, call: Call, attempt: Attempt) -> tuple[PointsmanError | None, int]:
        """Runs one attempt and records it: its error (None when it went well) and its cost."""
        target = attempt.target
        try:
            await attempt.run(headers.own(call, target.id))
        except PointsmanError as error:
            if isinstance(error, UpstreamFault):
                self.parts.health.failed(target.id, error, self._loop.time())
            cost = self._record(call, attempt, FinishState.FAILED, error)
            if attempt.committed:
                attempt.fail_in_stream(error)
            return error, cost
        except asyncio.CancelledError:
            self._record(call, attempt, FinishState.CLIENT_GONE, None)
            raise
        now_s = self._loop.time()
        self.parts.health.succeeded(target.id, (now_s - attempt.started_s) * 1000)
        cost = self._record(call, attempt, FinishState.COMPLETED, None)
        attempt.finish(headers.cost(cost))
        return None, cost

    def _record(
        self, call: Call, attempt: Attempt, state: FinishState, error: PointsmanError | None
    ) -> int:
        """Journals the attempt; its cost in micro-USD."""
        record = records.of_attempt(call, attempt, self._loop.time(), state, error)
        call.attempts += 1
        call.recorded = True
        self.parts.recorder.append(record)
        self.parts.registry.count(record)
        self.parts.repeats.finished(call.caller.agent_id, call.body_hash, state)  # type: ignore[union-attr]
        return record.cost_usd_micros

    def _refuse(self, call: Call, error: PointsmanError) -> None:
        """Answers with an error; journals it if no attempt has been."""
        if not call.recorded:
            record = records.of_refusal(call, self._loop.time(), error)
            self.parts.recorder.append(record)
            call.recorded = True
        refuse(call, error)

    def _reserve(self, call: Call) -> Reservation | None:
        features, caller, profile = call.features, call.caller, call.profile
        assert features is not None and caller is not None and profile is not None  # set by _choose
        if features.budget_left_usd_micros is None:
            return None
        reservation = self.parts.budgets.reserve(call)
        if reservation is None:
            raise QuotaExhausted("the daily budget is spent; it starts anew at 00:00 UTC")
        return reservation

    def _upstream(self, target_id: str, provider: str) -> Upstream | None:
        upstreams = self.parts.upstreams
        return upstreams.get(target_id) or upstreams.get(provider)


def _another_may(error: PointsmanError) -> bool:
    return error.try_next or isinstance(error, CannotCarry)


def _backoff_s(asked: int) -> float:
    """Full jitter, doubling."""
    return random.uniform(0, BACKOFF_BASE_S * 2**asked)  # noqa: S311 - no secret hangs on it


def _utc_day(call: Call) -> int:
    return call.started_at_us // 86_400_000_000
