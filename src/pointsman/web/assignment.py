"""Gives agents their models (seed D's auto-assigner)."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from pointsman.core.errors import InvalidRequest
from pointsman.core.ports import Control
from pointsman.core.reports import agent_id_of
from pointsman.core.snapshot import PolicySnapshot
from pointsman.routing.assignment import assign
from pointsman.routing.names import target_of
from pointsman.web.bodies import read_as
from pointsman.web.memory_shapes import AssignmentWanted


async def assigned(control: Control, request: Request) -> Any:
    """An assignment by the running policy."""
    wanted = await read_as(request, AssignmentWanted)
    policy = control.policy
    ids = _ids(wanted.models, policy) if wanted.models else _chat_models(policy)
    return assign(
        [_agent(name) for name in wanted.agents],
        ids,
        policy,
        _capacities(wanted.capacities, policy, ids),
        task_type=wanted.task_type,
    )


def _agent(name: str) -> str:
    """The id under which an agent of that name is known. Raises InvalidRequest for what can be none."""
    found = agent_id_of(name)
    if found is None:
        raise InvalidRequest(
            f"{name[:100]!r} is no agent's id: 1 to 64 of the characters a-z 0-9 . _ -", param="agents"
        )
    return found


def _ids(names: Sequence[str], policy: PolicySnapshot) -> list[str]:
    return [_target_id(name, policy) for name in names]


def _chat_models(policy: PolicySnapshot) -> list[str]:
    return [target.id for target in policy.targets.values() if target.model.kind == "chat"]


def _capacities(wanted: Mapping[str, int], policy: PolicySnapshot, ids: Sequence[str]) -> dict[str, int]:
    found = {_target_id(name, policy): places for name, places in wanted.items()}
    if strangers := sorted(found.keys() - set(ids)):
        raise InvalidRequest(f"`capacities` names {strangers[0]}, which is not among the models.")
    return found


def _target_id(name: str, policy: PolicySnapshot) -> str:
    target = target_of(name, policy)
    if target is None:
        raise InvalidRequest(f"Nothing serves a model {name[:100]!r}; see /api/v1/models.", param="models")
    return target.id
