"""The request path: admit, choose, deliver, record. Read it from top to bottom."""

import asyncio
import logging
import random
import time
from functools import partial

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
from pointsman.core.events import COMPLETED, FinishState, RequestRecord
from pointsman.core.ids import new_request_id
from pointsman.gateway import headers, records, unread
from pointsman.gateway.attempt import Attempt
from pointsman.gateway.call import Call, Tried
from pointsman.gateway.choosing import features_of, is_routed, note_turn
from pointsman.gateway.dialects.registry import CODECS
from pointsman.gateway.group_commit import GroupCommit
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.kinds import kind_of
from pointsman.gateway.parts import Parts
from pointsman.gateway.refusals import refuse
from pointsman.gateway.repeats import in_tool_loop
from pointsman.gateway.sides import answer_at_once, answer_count, answer_page
from pointsman.gateway.spending import reserve, until_new_budget_s
from pointsman.gateway.strangers import refuse_strangers

log = logging.getLogger("pointsman.gateway")

BACKOFF_BASE_S = 0.05
RETRY_HERE = (UpstreamBroken, UpstreamOverloaded)
"""Errors after which the same target may be asked again at once; others go to the next target."""


class Pipeline:
    """Serves one exchange at a time from its first byte to its row in the log."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._loop = asyncio.get_running_loop()
        self._commit = GroupCommit(parts.recorder)

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
        parts = self.parts
        call.features = features_of(call, parts)
        try:
            call.decision = parts.policy.router.decide(call.features)
        except NoTarget as error:
            error.retry_after_s = error.retry_after_s or parts.health.retry_after_s(call.started_s)
            raise

    async def _count(self, call: Call) -> None:
        """Answers with the number of tokens: the provider's own figure if it can say one, else our
        estimate. Counts are no work and are not logged."""
        target = call.snapshot.targets[call.decision.target]
        upstream = self.parts.upstream(target.id, target.provider)
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
        reservation = reserve(self.parts.budgets, call)
        first_error: PointsmanError | None = None
        spent_usd_micros = 0
        try:
            for target_id in (decision.target, *decision.fallbacks):
                target = snapshot.targets[target_id]
                upstream = self.parts.upstream(target_id, target.provider)
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
        record = self._note(call, attempt, COMPLETED, None)
        cost = record.cost_usd_micros
        self._commit.append(record, partial(attempt.finish, headers.cost(cost)))
        return None, cost

    def _record(self, call: Call, attempt: Attempt, state: FinishState, error: PointsmanError | None) -> int:
        """Journals an attempt that did not end well; its cost in micro-USD."""
        record = self._note(call, attempt, state, error)
        self.parts.recorder.append(record)
        return record.cost_usd_micros

    def _note(
        self, call: Call, attempt: Attempt, state: FinishState, error: PointsmanError | None
    ) -> RequestRecord:
        """Takes note of how an attempt ended; its row, still to be journaled."""
        now_s = self._loop.time()
        record = records.of_attempt(call, attempt, now_s, state, error)
        call.tried.append(Tried(attempt, state, error, now_s))
        call.recorded = True
        call.state = state
        call.empty = attempt.tally.empty
        self.parts.registry.count(record)
        return record

    def _refuse(self, call: Call, error: PointsmanError) -> None:
        """Answers with an error; journals it if no attempt has been."""
        if isinstance(error, QuotaExhausted):
            error.retry_after_s = until_new_budget_s(call)
        if not call.recorded:
            call.state = FinishState.REFUSED
            if call.reached("caller"):
                self.parts.recorder.append(records.of_refusal(call, self._loop.time(), error))
            else:
                unread.record(call, self.parts, error)
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
        if call.state is COMPLETED and call.tried and is_routed(call):
            note_turn(call, self.parts)
        for tried in call.tried:
            if tried.state is not COMPLETED:
                tried.attempt.let_go()

    def _none_left(self) -> NoTarget:
        return NoTarget(
            "every model that may answer is failing right now; `pointsman status` tells which and why",
            retry_after_s=self.parts.health.retry_after_s(self._loop.time()),
        )


def _draining() -> Draining:
    return Draining("the gateway is shutting down; ask again", retry_after_s=1)


def _backoff_s(asked: int) -> float:
    """Full jitter, doubling."""
    return random.uniform(0, BACKOFF_BASE_S * 2**asked)  # noqa: S311 - no secret hangs on it
