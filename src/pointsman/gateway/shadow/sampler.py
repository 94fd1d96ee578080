"""Which requests are given to another model too, and to which one."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from pointsman.core.errors import PointsmanError
from pointsman.core.events import FinishState, RequestKind
from pointsman.core.features import Features, Need
from pointsman.core.snapshot import PolicySnapshot, Target
from pointsman.gateway.shadow.judge import family_of
from pointsman.routing import reasons
from pointsman.routing.cost import expected_cost_usd_micros
from pointsman.routing.traces import traces_of

if TYPE_CHECKING:
    from pointsman.gateway.call import Call

SALT: Final = b"pointsman shadow\0"
MAX_BODY_BYTES: Final = 256 * 1024
NOT_COMPARED: Final = int(
    Need.TOOLS
    | Need.IMAGES
    | Need.DOCUMENTS
    | Need.AUDIO
    | Need.EMBEDDING
    | Need.LOGPROBS
    | Need.SEVERAL_CHOICES
)
"""What a judge that reads text cannot compare, and turns in which tools may be at work."""
NAMED: Final = frozenset({reasons.REQUESTED, reasons.REQUESTED_UNHEALTHY})
"""Somebody who asks for a model by name has not agreed to any other."""
SPACE: Final = 2**64


def is_wanted(call: "Call") -> bool:
    """Whether this call, which is over, is to be compared. Nothing of agents that opted out of the log is."""
    shadow = call.profile.shadow if call.reached("profile") else None
    if shadow is None or not call.tried or not call.profile.log_requests:
        return False
    return (
        call.kind is RequestKind.REQUEST
        and call.state is FinishState.COMPLETED
        and is_sampled(call.request_id, call.logged_as, shadow.share)
        and call.decision.reason_code not in NAMED
        and _is_comparable(call)
    )


def is_sampled(request_id: str, agent: str, share: float) -> bool:
    """Whether a request belongs to the share: always the same answer for the same request and agent.

    >>> is_sampled("req_1", "a", 1.0), is_sampled("req_1", "a", 0.0)
    (True, False)
    """
    text = SALT + f"{agent}\0{request_id}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") < share * SPACE


def next_cheaper(features: Features, snapshot: PolicySnapshot, answered: Target) -> Target | None:
    """Of the candidates that pass all gates and would cost less than the one that answered, the one that
    costs most; of equals the one believed to do best. None when there is none."""
    ceiling = expected_cost_usd_micros(answered.model, features)
    try:
        traces = traces_of(features, snapshot)
    except PointsmanError:
        return None
    cheaper = [
        (one.expected_cost_usd_micros or 0, one.confidence or 0.0, one.target)
        for one in traces
        if all(verdict.passed for verdict in one.verdicts)
        and (one.expected_cost_usd_micros or 0) < ceiling
        and snapshot.targets[one.target].model.name != answered.model.name
    ]
    return snapshot.targets[max(cheaper)[2]] if cheaper else None


def impartial(features: Features, snapshot: PolicySnapshot, *answered: Target) -> Features:
    """The request to a judge, open to models of other families than those that `answered`: judges prefer
    their own (Panickssery et al. 2024, LLM evaluators recognize and favor their own generations). Open to
    all when there is no other family."""
    families = {family_of(one.model.name) for one in answered}
    names = {target.model.name for target in snapshot.targets.values()}
    others = sorted([name for name in names if family_of(name) not in families])
    return replace(features, allowed_models=tuple(others))


def confidence_in(features: Features, snapshot: PolicySnapshot, target: Target) -> float:
    """How far the agent's evidence trusts a candidate, 0 to 1."""
    found: Mapping[str, float] = {one.target: one.confidence or 0.0 for one in traces_of(features, snapshot)}
    return found.get(target.id, 0.0)


def _is_comparable(call: "Call") -> bool:
    outline, tally = call.outline, call.tried[-1].attempt.tally
    return (
        not outline.needs & NOT_COMPARED
        and not outline.tool_names
        and not outline.answered_calls
        and len(call.exchange.body) <= MAX_BODY_BYTES
        and bool(tally.pieces)
        and tally.all_kept
        and not tally.tool_call_ids
    )
