"""What a decision is told of a request, and what the next one of its conversation will be told."""

import random

from pointsman.core.features import Features
from pointsman.core.keys import ApiKey
from pointsman.core.snapshot import PolicySnapshot
from pointsman.gateway.call import Call
from pointsman.gateway.outcomes.lexicon import ASKING_CHARS, asks
from pointsman.gateway.parts import Parts
from pointsman.gateway.spending import budget_left_usd_micros
from pointsman.gateway.turns import NEW
from pointsman.memory.classify import NOTHING_STATED, stated_labels
from pointsman.memory.reader import NOTHING_READ, TaskRead
from pointsman.routing.candidates import alias_of

SEED_BITS = 48


def features_of(call: Call, parts: Parts) -> Features:
    """The request as the decision sees it."""
    outline, caller = call.outline, call.caller
    key, routed = caller.key, is_routed(call)
    standing = NEW
    if routed and not call.kind.startswith("side_"):
        standing = parts.turns.standing(call.logged_as, caller.session_key, outline, call.started_s)
    call.task = task = _task(call, parts, standing.task, routed=routed)
    return Features(
        agent=caller.agent_id,
        requested=outline.model,
        dialect=call.codec.name,
        needs=outline.needs,
        context_tokens=outline.context_tokens,
        max_output_tokens=outline.max_output_tokens or 0,
        task_type=task.task_type,
        unhealthy=parts.health.unhealthy(call.started_s),
        budget_left_usd_micros=budget_left_usd_micros(parts.budgets, call),
        allowed_models=_scope(key, outline.model, call.snapshot),
        vector=task.vector,
        neighbours=task.neighbours,
        seed=random.getrandbits(SEED_BITS),
        held=standing.held,
        stalled=standing.stalled,
        warm=standing.warm,
        warm_tokens=standing.warm_tokens,
    )


def _task(call: Call, parts: Parts, known: TaskRead | None, *, routed: bool) -> TaskRead:
    """What the request is about; `known` is what its conversation is known to be about. Side requests are a
    kind of task of their own, whatever they say. Where the choice is the client's, only learning is curious,
    and gets a sample."""
    reader = parts.memory.reader
    if call.kind.startswith("side_"):
        return TaskRead(task_type=call.kind)
    if reader is None or call.route.kind != "chat":
        return NOTHING_READ
    stated = stated_labels(call.exchange.headers, call.outline.labels)
    text = call.outline.last_user or call.outline.first_user
    if not routed:
        return reader.sample(text, stated, call.started_s)
    if stated == NOTHING_STATED and known is not None:
        return known
    return reader.read(text, stated)


def is_routed(call: Call) -> bool:
    """Whether the choice is ours: the client asked for an alias, or the agent may always be routed. For a
    model that is asked for by name nothing has to be known of the task."""
    return call.profile.route_concrete or alias_of(call.outline.model, call.snapshot) is not None


def note_turn(call: Call, parts: Parts) -> None:
    """Remembers whom the conversation is with, how much of it that one may have in its cache, and whether
    its answer asked something."""
    if call.kind.startswith("side_"):
        return
    last, context_tokens = call.tried[-1], call.outline.context_tokens
    usage = last.attempt.tally.billed_usage(context_tokens)
    parts.turns.answered(
        call.logged_as,
        call.caller.session_key,
        last.attempt.target.id,
        usage.input_tokens + usage.output_tokens,
        last.ended_s,
        call.task,
    )
    if asks("".join(last.attempt.tally.pieces[-ASKING_CHARS:])):
        parts.turns.asked(call.logged_as, call.caller.session_key)


def _scope(key: ApiKey | None, requested: str, snapshot: PolicySnapshot) -> tuple[str, ...]:
    """The models that the key is bound to; none when it names the very alias that was asked for, which
    opens all that the alias stands for."""
    if key is None:
        return ()
    alias = alias_of(requested, snapshot) if key.allowed_models else None
    return () if alias is not None and alias.name in key.allowed_models else key.allowed_models
