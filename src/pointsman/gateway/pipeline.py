"""The request path: admit, choose, deliver, record. Read it from top to bottom."""

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field

from pointsman.accounting.budgets import Budgets, Reservation
from pointsman.core.errors import (
    CannotCarry,
    Draining,
    Internal,
    LoopDetected,
    NoTarget,
    PointsmanError,
    QuotaExhausted,
    StreamTruncated,
    UpstreamBroken,
    UpstreamFault,
    UpstreamOverloaded,
    UpstreamRejected,
)
from pointsman.core.events import FinishState
from pointsman.core.features import Features
from pointsman.core.ids import new_request_id
from pointsman.core.keys import ApiKey
from pointsman.core.ports import Recorder
from pointsman.core.snapshot import PolicySnapshot
from pointsman.gateway import headers, records
from pointsman.gateway.agents import AgentRegistry
from pointsman.gateway.attempt import Attempt
from pointsman.gateway.call import Call, Tried
from pointsman.gateway.dialects.registry import CODECS
from pointsman.gateway.health import Health
from pointsman.gateway.http.client import Upstream
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.identify import Identifier
from pointsman.gateway.kinds import kind_of
from pointsman.gateway.masks import Mask
from pointsman.gateway.outcomes import Observer
from pointsman.gateway.policy import Policy
from pointsman.gateway.refusals import refuse
from pointsman.gateway.repeats import Repeats, in_tool_loop
from pointsman.gateway.shadow import Shadows
from pointsman.gateway.sides import answer_at_once, answer_count, answer_page
from pointsman.gateway.strangers import refuse_strangers
from pointsman.gateway.turns import NEW, Turns
from pointsman.memory.classify import NOTHING_STATED, stated_labels
from pointsman.memory.keeper import TaskMemory
from pointsman.memory.reader import NOTHING_READ, TaskRead
from pointsman.routing.cost import expected_cost_usd_micros

log = logging.getLogger("pointsman.gateway")

SECONDS_A_DAY = 86_400
BACKOFF_BASE_S = 0.05
SEED_BITS = 48
RETRY_HERE = (UpstreamBroken, UpstreamOverloaded)
"""Errors after which the same target may be asked again at once; others go to the next target."""


@dataclass
class Parts:
    """What the pipeline works with. `upstreams` is looked up by target id, then by provider name;
    `observer` sees outcomes, if anybody is to."""

    policy: Policy
    identifier: Identifier
    registry: AgentRegistry
    recorder: Recorder
    budgets: Budgets
    mask: Mask
    upstreams: dict[str, Upstream] = field(default_factory=dict)
    memory: TaskMemory = field(default_factory=TaskMemory)
    repeats: Repeats = field(default_factory=Repeats)
    health: Health = field(default_factory=Health)
    turns: Turns = field(default_factory=Turns)
    observer: Observer | None = None
    shadows: Shadows | None = None


class Pipeline:
    """Serves one exchange at a time from its first byte to its row in the log."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._loop = asyncio.get_running_loop()

    async def serve(self, exchange: Exchange) -> None:
        """Answers a request. Never raises: this is the edge of the data plane."""
        route = exchange.match.route
        codec = CODECS[route.codec]
        call = Call(exchange, route, codec, new_request_id(), self._loop.time(), time.time_ns() // 1000)
        try:
            if route.page is not None:
                self._show(call)
                return
            self._admit(call)
            if answer_at_once(call):
                return
            self._choose(call)
            if route.kind == "count":
                await self._count(call)
            else:
                await self._deliver(call)
        except PointsmanError as error:
            self._refuse(call, error)
        except asyncio.CancelledError:
            if not exchange.disconnected:
                if not exchange.started:
                    self._refuse(call, _draining())
                raise
        except Exception as error:
            log.exception("request %s met a bug", call.request_id)
            self._refuse(call, Internal(f"Pointsman met a bug ({type(error).__name__}); see its log"))
        finally:
            if call.watched:
                self._note_end(call)

    def _show(self, call: Call) -> None:
        """Answers a page, which is nobody's business without a key where keys are required."""
        exchange = call.exchange
        if not call.route.open and self.parts.identifier.check_key(exchange.headers) is None:
            refuse_strangers(exchange.headers)
        call.recorded = True  # pages are not logged
        answer_page(exchange, self.parts.policy.current)

    def _admit(self, call: Call) -> None:
        """Reads the request's outline, learns who calls, and stops loops."""
        exchange, parts = call.exchange, self.parts
        call.outline = outline = call.codec.outline(exchange.body)
        call.caller = caller = parts.identifier.identify(
            exchange.headers, exchange.path_agent, outline, exchange.client_ip
        )
        call.snapshot = snapshot = parts.policy.current
        call.profile = profile = snapshot.profile(caller.agent_id)
        call.logged_as = parts.mask(caller.agent_id) if profile.anonymous else caller.agent_id
        if caller.key is None:
            refuse_strangers(exchange.headers)
        if call.route.kind != "chat":
            return
        repeat = parts.repeats.seen(
            caller.agent_id,
            exchange.body,
            call.started_s,
            exchange.headers.get(b"x-stainless-retry-count"),
            tool_loop=in_tool_loop(outline),
        )
        call.body_hash = repeat.body_hash
        call.kind = kind_of(outline, exchange.headers, repeat.retry)
        if repeat.loop:
            raise LoopDetected(
                "the same request came again and again; the gateway stopped the loop",
                retry_after_s=repeat.retry_after_s,
            )
        call.watched = True

    def _choose(self, call: Call) -> None:
        """Turns the request into features and asks for the decision."""
        parts, outline, caller = self.parts, call.outline, call.caller
        key, routed = caller.key, _is_routed(call)
        call.task = task = self._task(call) if routed else NOTHING_READ
        standing = NEW
        if routed and not call.kind.startswith("side_"):
            standing = parts.turns.standing(call.logged_as, caller.session_key, outline, call.started_s)
        call.features = features = Features(
            agent=caller.agent_id,
            requested=outline.model,
            dialect=call.codec.name,
            needs=outline.needs,
            context_tokens=outline.context_tokens,
            max_output_tokens=outline.max_output_tokens or 0,
            task_type=task.task_type,
            unhealthy=parts.health.unhealthy(call.started_s),
            budget_left_usd_micros=self._budget_left(call, call.profile.daily_budget_usd_micros, key),
            allowed_models=_scope(key, outline.model, call.snapshot),
            vector=task.vector,
            neighbours=task.neighbours,
            seed=random.getrandbits(SEED_BITS),
            held=standing.held,
            stalled=standing.stalled,
            warm=standing.warm,
            warm_tokens=standing.warm_tokens,
        )
        try:
            call.decision = parts.policy.router.decide(features)
        except NoTarget as error:
            error.retry_after_s = error.retry_after_s or parts.health.retry_after_s(call.started_s)
            raise

    def _task(self, call: Call) -> TaskRead:
        """What the request is about. Side requests are a kind of task of their own, whatever they say."""
        reader = self.parts.memory.reader
        if call.kind.startswith("side_"):
            return TaskRead(task_type=call.kind)
        if reader is None or call.route.kind != "chat":
            return NOTHING_READ
        stated = stated_labels(call.exchange.headers, call.outline.labels)
        if stated == NOTHING_STATED:
            known = self.parts.turns.task(call.logged_as, call.caller.session_key, call.outline)
            if known is not None:
                return known
        return reader.read(call.outline.last_user or call.outline.first_user, stated)

    async def _count(self, call: Call) -> None:
        """Answers with the number of tokens: the provider's own figure if it can say one, else our
        estimate. Counts are no work and are not logged."""
        target = call.snapshot.targets[call.decision.target]
        upstream = self._upstream(target.id, target.provider)
        body = None
        if upstream is not None:
            try:
                body = await Attempt(call, target, upstream, self._loop.time()).count()
            except UpstreamRejected:
                raise
            except UpstreamFault as error:
                log.info("%s does not count tokens (%s): estimated", target.provider, error.message)
        answer_count(call, body)

    async def _deliver(self, call: Call) -> None:
        """Asks the chosen target, then its fallbacks, until one answers. What the client is told in the
        end is the first error: the later ones are about targets it never asked for."""
        decision, snapshot = call.decision, call.snapshot
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
                    if not self.parts.health.admit(target_id, self._loop.time()):
                        break
                    attempt = Attempt(call, target, upstream, self._loop.time())
                    error, cost_usd_micros = await self._try(call, attempt)
                    spent_usd_micros += cost_usd_micros
                    if error is None or attempt.committed:
                        return
                    first_error = first_error or error
                    if not (error.try_next or isinstance(error, CannotCarry)):
                        raise first_error
                    if not isinstance(error, RETRY_HERE):
                        break
            raise first_error or self._none_left()
        finally:
            if reservation is not None:
                self.parts.budgets.settle(reservation, spent_usd_micros)

    async def _try(self, call: Call, attempt: Attempt) -> tuple[PointsmanError | None, int]:
        """Runs one attempt and records it: its error (None when it went well) and its cost."""
        target_id, health = attempt.target.id, self.parts.health
        try:
            await attempt.run(headers.own(call, target_id))
        except PointsmanError as error:
            health.failed(target_id, error, self._loop.time())
            state = FinishState.TRUNCATED if isinstance(error, StreamTruncated) else FinishState.FAILED
            cost = self._record(call, attempt, state, error)
            if attempt.committed:
                attempt.fail_in_stream(error)
            return error, cost
        except asyncio.CancelledError:
            health.released(target_id)
            if call.exchange.disconnected:
                self._record(call, attempt, FinishState.CLIENT_GONE, None)
            else:
                self._record(call, attempt, FinishState.FAILED, _draining())
                if attempt.committed:
                    attempt.fail_in_stream(_draining())
            raise
        health.succeeded(target_id, (self._loop.time() - attempt.started_s) * 1000)
        cost = self._record(call, attempt, FinishState.COMPLETED, None)
        attempt.finish(headers.cost(cost))
        return None, cost

    def _record(self, call: Call, attempt: Attempt, state: FinishState, error: PointsmanError | None) -> int:
        """Journals the attempt; its cost in micro-USD."""
        now_s = self._loop.time()
        record = records.of_attempt(call, attempt, now_s, state, error)
        call.attempts += 1
        call.tried.append(Tried(attempt, state, error, now_s))
        call.recorded = True
        call.state = state
        call.empty = attempt.tally.empty
        self.parts.recorder.append(record)
        self.parts.registry.count(record)
        return record.cost_usd_micros

    def _refuse(self, call: Call, error: PointsmanError) -> None:
        """Answers with an error; journals it if no attempt has been."""
        if isinstance(error, QuotaExhausted):
            error.retry_after_s = SECONDS_A_DAY - call.started_at_us // 1_000_000 % SECONDS_A_DAY
        if not call.recorded:
            call.state = FinishState.REFUSED
            self.parts.recorder.append(records.of_refusal(call, self._loop.time(), error))
            call.recorded = True
        refuse(call, error)

    def _note_end(self, call: Call) -> None:
        if call.caller is not None:
            self.parts.repeats.finished(
                call.caller.agent_id, call.body_hash, call.state, self._loop.time(), empty=call.empty
            )
        if self.parts.observer is not None:
            self.parts.observer.ended(call)
        if self.parts.shadows is not None:
            self.parts.shadows.ended(call)
        if call.state is FinishState.COMPLETED and call.tried and _is_routed(call):
            self._note_turn(call)

    def _note_turn(self, call: Call) -> None:
        """Remembers whom the conversation is with, and how much of it that one may have in its cache."""
        if call.kind.startswith("side_"):
            return
        last, context_tokens = call.tried[-1], call.outline.context_tokens
        usage = last.attempt.tally.billed_usage(context_tokens)
        self.parts.turns.answered(
            call.logged_as,
            call.caller.session_key,
            last.attempt.target.id,
            usage.input_tokens + usage.output_tokens,
            last.ended_s,
            call.task,
        )

    def _budget_left(self, call: Call, agent_limit: int | None, key: ApiKey | None) -> int | None:
        if agent_limit is None and key is None:
            return None
        return self.parts.budgets.left(call.logged_as, agent_limit, *_limit_of(key), _utc_day(call))

    def _reserve(self, call: Call) -> Reservation | None:
        """Holds the expected cost back. It is also how spending without a limit is counted per key."""
        caller, profile = call.caller, call.profile
        if profile.daily_budget_usd_micros is None and caller.key is None:
            return None
        model = call.snapshot.targets[call.decision.target].model
        reservation = self.parts.budgets.reserve(
            call.logged_as,
            profile.daily_budget_usd_micros,
            *_limit_of(caller.key),
            _utc_day(call),
            expected_cost_usd_micros(model, call.features),
        )
        if reservation is None:
            raise QuotaExhausted("the daily budget is spent; it starts anew at 00:00 UTC")
        return reservation

    def _none_left(self) -> NoTarget:
        return NoTarget(
            "every model that may answer is failing right now; `pointsman status` tells which and why",
            retry_after_s=self.parts.health.retry_after_s(self._loop.time()),
        )

    def _upstream(self, target_id: str, provider: str) -> Upstream | None:
        upstreams = self.parts.upstreams
        return upstreams.get(target_id) or upstreams.get(provider)


def _is_routed(call: Call) -> bool:
    """Whether the choice is ours: the client asked for an alias, or the agent may always be routed. For a
    model that is asked for by name nothing has to be known of the task."""
    asked = call.outline.model
    aliases = call.snapshot.aliases
    return asked in aliases or call.profile.route_concrete or asked.removesuffix(":latest") in aliases


def _scope(key: ApiKey | None, requested: str, snapshot: PolicySnapshot) -> tuple[str, ...]:
    """The models that the key is bound to; none when it names the very alias that was asked for, which
    opens all that the alias stands for."""
    if key is None or (requested in snapshot.aliases and requested in key.allowed_models):
        return ()
    return key.allowed_models


def _limit_of(key: ApiKey | None) -> tuple[str | None, int | None]:
    return (None, None) if key is None else (key.id, key.daily_budget_usd_micros)


def _draining() -> Draining:
    return Draining("the gateway is shutting down; ask again", retry_after_s=1)


def _backoff_s(asked: int) -> float:
    """Full jitter, doubling."""
    return random.uniform(0, BACKOFF_BASE_S * 2**asked)  # noqa: S311 - no secret hangs on it


def _utc_day(call: Call) -> int:
    return call.started_at_us // (SECONDS_A_DAY * 1_000_000)
